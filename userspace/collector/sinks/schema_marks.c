/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sinks/schema_marks.h"

#include "collector/sinks/schema.h"

#include <sqlite3.h>
#include <stdio.h>

void schema_mark_column(char ret_column[SCHEMA_MARK_COLUMN_BYTES], enum mark_kind kind)
{
	snprintf(ret_column, SCHEMA_MARK_COLUMN_BYTES, "%s", mark_kind_row(kind)->key);
	for (char *at = ret_column; *at; at++)
		if (*at == '.')
			*at = '_';
}

/* What a hunt asks for first. Only of the flows that have one, so that the others pay nothing;
 * SQLite uses it for "=" and IN, which no NULL answers. */
static bool is_indexed(enum mark_kind kind)
{
	return kind == MARK_JA4 || kind == MARK_SERVER_NAME || kind == MARK_DNS_NAME;
}

void schema_mark_statement(char ret_statement[SCHEMA_MARK_STATEMENT_BYTES], enum mark_kind kind)
{
	bool is_text = mark_kind_row(kind)->form == MARK_FORM_TEXT;
	char column[SCHEMA_MARK_COLUMN_BYTES];

	schema_mark_column(column, kind);
	if (is_indexed(kind))
		snprintf(ret_statement, SCHEMA_MARK_STATEMENT_BYTES,
			 "ALTER TABLE flows ADD COLUMN %s TEXT;"
			 "CREATE INDEX flows_%s ON flows(%s) WHERE %s IS NOT NULL",
			 column, column, column, column);
	else
		snprintf(ret_statement, SCHEMA_MARK_STATEMENT_BYTES,
			 "ALTER TABLE flows ADD COLUMN %s %s", column,
			 is_text ? "TEXT" : "INTEGER");
}

static void append_columns(sqlite3_str *sql, const char *format)
{
	char column[SCHEMA_MARK_COLUMN_BYTES];

	for (enum mark_kind kind = MARK_NONE + 1; kind < MARK_KIND_COUNT; kind++) {
		schema_mark_column(column, kind);
		sqlite3_str_appendf(sql, format, column, column, column);
	}
}

/* Parts of a flow are cumulative: a later one replaces an earlier one, the final one any other. A
 * final part may carry a lower number: probes loaded anew count a living flow's parts from 0. What
 * first bytes say may come once and not again: a part without it leaves it as it is. */
#define REPLACE_EARLIER_PART                                                                       \
	" ON CONFLICT(yagura_sensor, yagura_flow_id) DO UPDATE SET"                                \
	" yagura_sensor = excluded.yagura_sensor" FLOW_COLUMNS_1(SCHEMA_REPLACE)                   \
		FLOW_COLUMNS_2(SCHEMA_REPLACE) FLOW_COLUMNS_3(SCHEMA_KEEP)
#define IF_EARLIER                                                                                 \
	" WHERE yagura_final = 0 AND (excluded.yagura_final = 1"                                   \
	" OR excluded.yagura_part > yagura_part)"

char *schema_insert_flow(void)
{
	sqlite3_str *sql = sqlite3_str_new(NULL);

	sqlite3_str_appendall(sql, "INSERT INTO flows(yagura_sensor" FLOW_COLUMNS(SCHEMA_NAME));
	append_columns(sql, ", %s");
	sqlite3_str_appendall(sql, ") VALUES (?1" FLOW_COLUMNS(SCHEMA_VALUE));
	append_columns(sql, ", ?");
	sqlite3_str_appendall(sql, ")" REPLACE_EARLIER_PART);
	append_columns(sql, ", %s = COALESCE(excluded.%s, %s)");
	sqlite3_str_appendall(sql, IF_EARLIER);
	return sqlite3_str_finish(sql);
}

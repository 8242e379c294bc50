/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sinks/sqlite.h"

#include "collector/sinks/database.h"
#include "collector/sinks/schema.h"
#include "collector/sinks/schema_marks.h"
#include "collector/sinks/sqlite_rows.h"

#include <errno.h>
#include <stdlib.h>

struct sqlite {
	struct database *database;
	sqlite3_stmt *insert[RECORD_CLASS_COUNT];
};

/* Parameters count on from the highest number before them. An exec that was lost has no row: its
 * gap says so. */
#define UPDATE_EXEC                                                                                \
	"UPDATE execs SET yagura_sensor = ?1, process_entity_id = ?2" EXEC_COLUMNS_3(              \
		SCHEMA_ASSIGN)                                                                     \
		EXEC_COLUMNS_4(                                                                    \
			SCHEMA_ASSIGN) " WHERE yagura_sensor = ?1 AND process_entity_id = ?2"

static const struct {
	const char *insert; /* NULL: schema_insert_flow */
	void (*fill)(struct row *row, const struct sink_item *item);
} classes[RECORD_CLASS_COUNT] = {
	[RECORD_EXEC] = { SCHEMA_INSERT(execs, EXEC_COLUMNS), sqlite_fill_exec },
	[RECORD_EXIT] = { SCHEMA_INSERT(exits, EXIT_COLUMNS), sqlite_fill_exit },
	[RECORD_FLOW] = { NULL, sqlite_fill_flow },
	[RECORD_GAP] = { SCHEMA_INSERT(gaps, GAP_COLUMNS), sqlite_fill_gap },
	[RECORD_EXEC_UPDATE] = { UPDATE_EXEC, sqlite_fill_exec_update },
};

static void sqlite_close(void *state)
{
	struct sqlite *sqlite = state;

	for (size_t i = 0; i < RECORD_CLASS_COUNT; i++)
		sqlite3_finalize(sqlite->insert[i]);
	free(sqlite);
}

static int prepare(struct sqlite *sqlite, enum record_class class)
{
	char *made = NULL;
	int r;

	if (!classes[class].insert) {
		made = schema_insert_flow();
		if (!made)
			return -ENOMEM;
	}
	r = database_prepare(sqlite->database, made ? made : classes[class].insert,
			     &sqlite->insert[class]);
	sqlite3_free(made);
	return r;
}

static int sqlite_open(const struct sink_options *options, void **ret_state)
{
	struct sqlite *sqlite = calloc(1, sizeof(*sqlite));
	int r = 0;

	if (!sqlite)
		return -ENOMEM;
	sqlite->database = options->database;
	for (size_t i = 0; i < RECORD_CLASS_COUNT && r == 0; i++)
		r = prepare(sqlite, (enum record_class)i);
	if (r < 0)
		sqlite_close(sqlite);
	else
		*ret_state = sqlite;
	return r;
}

static int sqlite_write(void *state, const struct sink_item *item)
{
	struct sqlite *sqlite = state;
	enum record_class class = item->record->class;
	int r = database_begin(sqlite->database);
	struct row row;

	if (r < 0)
		return r;
	row = row_of(sqlite->insert[class]);
	row_uuid(&row, COLUMN_SENSOR, item->sensor);
	classes[class].fill(&row, item);
	return row_store(&row);
}

static int sqlite_flush(void *state)
{
	struct sqlite *sqlite = state;

	return database_commit(sqlite->database);
}

static void sqlite_discard(void *state)
{
	struct sqlite *sqlite = state;

	database_roll_back(sqlite->database);
}

const struct sink sqlite_sink = {
	.name = "sqlite",
	.open = sqlite_open,
	.write = sqlite_write,
	.flush = sqlite_flush,
	.discard = sqlite_discard,
	.close = sqlite_close,
};

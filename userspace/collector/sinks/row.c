/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sinks/row.h"

#include "collector/sinks/database.h"
#include "common/cleanup.h"
#include "common/uuid.h"
#include "telemetry/render.h"
#include "telemetry/render_json.h"
#include "telemetry/render_json_exec.h"

#include <inttypes.h>
#include <stdio.h>

struct row row_of(sqlite3_stmt *statement)
{
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return (struct row){ .statement = statement };
}

static void note(struct row *row, int code)
{
	if (row->code == SQLITE_OK)
		row->code = code;
}

void row_number(struct row *row, int column, uint64_t value)
{
	if (value <= INT64_MAX)
		note(row, sqlite3_bind_int64(row->statement, column, (sqlite3_int64)value));
}

void row_known(struct row *row, int column, uint64_t value)
{
	if (value != 0)
		row_number(row, column, value);
}

void row_id(struct row *row, int column, uint32_t id)
{
	if (id != UINT32_MAX)
		row_number(row, column, id);
}

void row_string(struct row *row, int column, const char *string)
{
	if (string[0] != '\0')
		note(row, sqlite3_bind_text(row->statement, column, string, -1, SQLITE_TRANSIENT));
}

void row_uuid(struct row *row, int column, const uint8_t uuid[16])
{
	char text[UUID_TEXT_BYTES];

	uuid_format(uuid, text);
	row_string(row, column, text);
}

void row_hex(struct row *row, int column, uint64_t value)
{
	char text[17];

	snprintf(text, sizeof(text), "%016" PRIx64, value);
	row_string(row, column, text);
}

void row_time(struct row *row, int column, uint64_t time_ns)
{
	char text[32];

	if (time_ns == 0)
		return;
	render_time(text, time_ns);
	row_string(row, column, text);
}

static void bind_rendered(struct row *row, int column, const char *rendered)
{
	if (rendered)
		row_string(row, column, rendered);
	else
		note(row, SQLITE_NOMEM);
}

void row_text(struct row *row, int column, struct text text)
{
	_cleanup_free_ char *rendered = NULL;

	if (text.length == 0)
		return;
	rendered = render_utf8(text);
	bind_rendered(row, column, rendered);
}

void row_args(struct row *row, int column, struct text args)
{
	_cleanup_free_ char *rendered = NULL;

	if (args.length == 0)
		return;
	rendered = render_args_json(args);
	bind_rendered(row, column, rendered);
}

/* Frees what was written. */
static void bind_json(struct row *row, int column, struct ndjson *json, int r)
{
	if (r < 0)
		note(row, SQLITE_NOMEM);
	else
		note(row, sqlite3_bind_text(row->statement, column, json->at, (int)json->length,
					    SQLITE_TRANSIENT));
	ndjson_done(json);
}

void row_marks(struct row *row, int column, const struct record_flow *flow, enum mark_kind kind)
{
	struct ndjson json = { 0 };
	int r = render_mark_values(&json, flow, kind);

	bind_json(row, column, &json, r);
}

void row_ancestors(struct row *row, int column, const struct record_exec *exec)
{
	struct ndjson json = { 0 };

	ndjson_begin_value(&json);
	render_json_ancestors(&json, exec);
	bind_json(row, column, &json, ndjson_end_value(&json));
}

void row_ancestor_ids(struct row *row, int column, const struct batch_header *header,
		      const struct record_exec *exec)
{
	struct ndjson json = { 0 };

	ndjson_begin_value(&json);
	render_json_ancestor_ids(&json, header, exec);
	bind_json(row, column, &json, ndjson_end_value(&json));
}

int row_store(struct row *row)
{
	if (row->code == SQLITE_OK)
		row->code = sqlite3_step(row->statement);
	/* Reset at once: a statement left half-run would keep the transaction from ending. */
	sqlite3_reset(row->statement);
	return database_errno(row->code);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sinks/sqlite.h"

#include "collector/sinks/database.h"
#include "collector/sinks/ledger.h"
#include "collector/sinks/retention.h"
#include "collector/sinks/schema.h"
#include "collector/sinks/schema_marks.h"
#include "collector/sinks/sqlite_rows.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

struct sqlite {
	struct database *database;
	struct ledger *ledger;
	struct retention *retention;
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
	retention_free(sqlite->retention);
	ledger_free(sqlite->ledger);
	database_close(sqlite->database);
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

static int open_tables(struct sqlite *sqlite, const struct sink_options *options, char *ret_error)
{
	const char *directory = options->directory;
	char path[PATH_MAX];
	int r;

	if (snprintf(path, sizeof(path), "%s/yagura.db", directory) >= (int)sizeof(path)) {
		snprintf(ret_error, SINK_ERROR_BYTES, "%s: the name is too long", directory);
		return -ENAMETOOLONG;
	}
	r = database_open(path, &sqlite->database, ret_error);
	if (r < 0)
		return r;
	r = ledger_new(sqlite->database, &sqlite->ledger);
	if (r == 0)
		r = retention_new(sqlite->database, &options->retention, &sqlite->retention);
	for (size_t i = 0; i < RECORD_CLASS_COUNT && r == 0; i++)
		r = prepare(sqlite, (enum record_class)i);
	if (r < 0)
		snprintf(ret_error, SINK_ERROR_BYTES, "cannot prepare the database: %s",
			 database_error(sqlite->database));
	return r;
}

static int sqlite_open(const struct sink_options *options, void **ret_state,
		       char ret_error[SINK_ERROR_BYTES])
{
	struct sqlite *sqlite = calloc(1, sizeof(*sqlite));
	int r;

	snprintf(ret_error, SINK_ERROR_BYTES, "out of memory");
	if (!sqlite)
		return -ENOMEM;
	r = open_tables(sqlite, options, ret_error);
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

static int sqlite_place(void *state, struct sink_place *ret_place)
{
	struct sqlite *sqlite = state;

	return ledger_place_get(sqlite->ledger, ret_place);
}

static int note_batch(struct sqlite *sqlite, const struct entry *entry, uint64_t records)
{
	struct dedupe_key key = { .sensor = entry->sensor,
				  .generation = entry->batch.generation,
				  .lane = entry->batch.lane };
	int r = ledger_mark_set(sqlite->ledger, &key, entry->batch.seq);

	if (r == 0)
		r = ledger_count(sqlite->ledger, entry->sensor, records, entry->time_ns);
	return r;
}

static int note_arrival(struct sqlite *sqlite, const struct entry *entry)
{
	struct ledger_arrival arrival = { .sensor = entry->sensor,
					  .hello = &entry->arrival.hello,
					  .tls_version = entry->arrival.tls_version,
					  .tls_group = entry->arrival.tls_group,
					  .time_ns = entry->time_ns };

	return ledger_arrive(sqlite->ledger, &arrival);
}

static int sqlite_entry(void *state, const struct entry *entry, uint64_t records)
{
	struct sqlite *sqlite = state;

	switch (entry->type) {
	case ENTRY_BATCH:
		return note_batch(sqlite, entry, records);
	case ENTRY_ARRIVAL:
		return note_arrival(sqlite, entry);
	case ENTRY_LEAVE:
		return ledger_leave(sqlite->ledger, entry->sensor, entry->time_ns);
	case ENTRY_START:
		return ledger_start(sqlite->ledger);
	case ENTRY_CHECKPOINT:
	default:
		return 0;
	}
}

static int sqlite_flush(void *state, const struct sink_place *place)
{
	struct sqlite *sqlite = state;
	int r = ledger_place_set(sqlite->ledger, place);

	return r < 0 ? r : database_commit(sqlite->database);
}

static void sqlite_discard(void *state)
{
	struct sqlite *sqlite = state;

	database_roll_back(sqlite->database);
}

static int sqlite_tend(void *state, uint64_t now_ns)
{
	struct sqlite *sqlite = state;

	return retention_run(sqlite->retention, now_ns);
}

static const char *sqlite_error(void *state)
{
	struct sqlite *sqlite = state;

	return database_error(sqlite->database);
}

struct database *sqlite_database(void *state)
{
	struct sqlite *sqlite = state;

	return sqlite->database;
}

struct ledger *sqlite_ledger(void *state)
{
	struct sqlite *sqlite = state;

	return sqlite->ledger;
}

const struct sink sqlite_sink = {
	.name = "sqlite",
	.open = sqlite_open,
	.place = sqlite_place,
	.write = sqlite_write,
	.entry = sqlite_entry,
	.flush = sqlite_flush,
	.discard = sqlite_discard,
	.tend = sqlite_tend,
	.close = sqlite_close,
	.error = sqlite_error,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sinks/ledger.h"

#include "collector/sinks/database.h"
#include "collector/sinks/row.h"
#include "collector/sinks/schema.h"

#include "common/uuid.h"

#include <errno.h>
#include <stdlib.h>

enum statement {
	PLACE_GET,
	PLACE_SET,
	MARK_SET,
	MARKS,
	START,
	ARRIVE,
	COUNT,
	LEAVE,
	STATEMENT_COUNT
};

struct ledger {
	struct database *database;
	sqlite3_stmt *statements[STATEMENT_COUNT];
};

/* A sensor that comes again keeps when it was first seen and what it has sent so far (of several
 * assignments to a column the last one counts). */
#define ARRIVE_SQL                                                                                 \
	SCHEMA_INSERT(sensors, SENSOR_COLUMNS)                                                     \
	" ON CONFLICT(yagura_sensor) DO UPDATE SET"                                                \
	" yagura_sensor = excluded.yagura_sensor" SENSOR_COLUMNS(                                  \
		SCHEMA_REPLACE) ", first_seen = first_seen, batches = batches, records = records"

static const char *const sql[STATEMENT_COUNT] = {
	[PLACE_GET] = "SELECT generation, position FROM places WHERE id = 1",
	[PLACE_SET] = "INSERT INTO places(id, generation, position) VALUES (1, ?1, ?2)"
		      " ON CONFLICT(id) DO UPDATE SET generation = excluded.generation,"
		      " position = excluded.position",
	[MARK_SET] = "INSERT INTO marks(sensor, generation, lane, seq) VALUES (?1, ?2, ?3, ?4)"
		     " ON CONFLICT(sensor, generation, lane) DO UPDATE SET seq = excluded.seq",
	[MARKS] = "SELECT sensor, generation, lane, seq FROM marks",
	[START] = "UPDATE sensors SET connected = 0",
	[ARRIVE] = ARRIVE_SQL,
	[COUNT] = "UPDATE sensors SET batches = batches + 1, records = records + ?2, last_seen = ?3"
		  " WHERE yagura_sensor = ?1",
	[LEAVE] = "UPDATE sensors SET connected = 0, last_seen = ?2 WHERE yagura_sensor = ?1",
};

/* A file that is there already gets the table too; then nothing is written. */
static int make_places(struct database *database)
{
	static const char create[] = "CREATE TABLE IF NOT EXISTS places(id INTEGER PRIMARY KEY,"
				     " generation INTEGER NOT NULL, position INTEGER NOT NULL)";
	sqlite3_stmt *statement = NULL;
	int r = database_prepare(database, create, &statement);

	if (r == 0)
		r = database_errno(sqlite3_step(statement));
	sqlite3_finalize(statement);
	return r;
}

int ledger_new(struct database *database, struct ledger **ret_ledger)
{
	struct ledger *ledger = calloc(1, sizeof(*ledger));
	int r = 0;

	if (!ledger)
		return -ENOMEM;
	ledger->database = database;
	r = make_places(database);
	for (size_t i = 0; i < STATEMENT_COUNT && r == 0; i++)
		r = database_prepare(database, sql[i], &ledger->statements[i]);
	if (r < 0)
		ledger_free(ledger);
	else
		*ret_ledger = ledger;
	return r;
}

void ledger_free(struct ledger *ledger)
{
	if (!ledger)
		return;
	for (size_t i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(ledger->statements[i]);
	free(ledger);
}

static struct row key_row(struct ledger *ledger, enum statement which, const struct dedupe_key *key)
{
	struct row row = row_of(ledger->statements[which]);

	row_uuid(&row, 1, key->sensor);
	row_hex(&row, 2, key->generation);
	row_number(&row, 3, key->lane);
	return row;
}

/* Generations are any 64 bits: the same ones, as SQLite's signed integers. */
int ledger_place_get(struct ledger *ledger, struct sink_place *ret_place)
{
	sqlite3_stmt *statement = ledger->statements[PLACE_GET];
	int code = sqlite3_step(statement);

	*ret_place = (struct sink_place){ 0 };
	if (code == SQLITE_ROW) {
		ret_place->generation = (uint64_t)sqlite3_column_int64(statement, 0);
		ret_place->position = (uint64_t)sqlite3_column_int64(statement, 1);
	}
	sqlite3_reset(statement);
	return database_errno(code);
}

int ledger_place_set(struct ledger *ledger, const struct sink_place *place)
{
	int r = database_begin(ledger->database);
	struct row row;

	if (r < 0)
		return r;
	row = row_of(ledger->statements[PLACE_SET]);
	sqlite3_bind_int64(row.statement, 1, (sqlite3_int64)place->generation);
	sqlite3_bind_int64(row.statement, 2, (sqlite3_int64)place->position);
	return row_store(&row);
}

int ledger_mark_set(struct ledger *ledger, const struct dedupe_key *key, uint64_t mark)
{
	int r = database_begin(ledger->database);
	struct row row;

	if (r < 0)
		return r;
	row = key_row(ledger, MARK_SET, key);
	row_number(&row, 4, mark);
	return row_store(&row);
}

/* A row that does not read is none of ours. */
static int hand_out_mark(sqlite3_stmt *statement,
			 int (*each)(void *context, const struct dedupe_key *key, uint64_t mark),
			 void *context)
{
	const char *sensor = (const char *)sqlite3_column_text(statement, 0);
	const char *generation = (const char *)sqlite3_column_text(statement, 1);
	uint8_t id[16];
	struct dedupe_key key = { .sensor = id,
				  .lane = (uint32_t)sqlite3_column_int(statement, 2) };

	if (!sensor || !generation || uuid_parse(sensor, id) < 0 || key.lane >= VERIFY_LANES)
		return 0;
	key.generation = strtoull(generation, NULL, 16);
	return each(context, &key, (uint64_t)sqlite3_column_int64(statement, 3));
}

int ledger_marks(struct ledger *ledger,
		 int (*each)(void *context, const struct dedupe_key *key, uint64_t mark),
		 void *context)
{
	sqlite3_stmt *statement = ledger->statements[MARKS];
	int code;
	int r = 0;

	while (r == 0 && (code = sqlite3_step(statement)) != SQLITE_DONE)
		r = code == SQLITE_ROW ? hand_out_mark(statement, each, context)
				       : database_errno(code);
	sqlite3_reset(statement);
	return r;
}

int ledger_start(struct ledger *ledger)
{
	int r = database_begin(ledger->database);
	struct row row;

	if (r < 0)
		return r;
	row = row_of(ledger->statements[START]);
	return row_store(&row);
}

int ledger_arrive(struct ledger *ledger, const struct ledger_arrival *arrival)
{
	const struct verify_hello *hello = arrival->hello;
	int r = database_begin(ledger->database);
	struct row row;

	if (r < 0)
		return r;
	row = row_of(ledger->statements[ARRIVE]);
	row_uuid(&row, COLUMN_SENSOR, arrival->sensor);
	row_string(&row, SENSOR_host_name, hello->host);
	row_string(&row, SENSOR_yagura_version, hello->version);
	row_string(&row, SENSOR_host_os_kernel, hello->kernel);
	row_hex(&row, SENSOR_yagura_generation, hello->generation);
	row_uuid(&row, SENSOR_yagura_boot_id, hello->boot_id);
	row_hex(&row, SENSOR_yagura_instance, hello->instance);
	row_time(&row, SENSOR_first_seen, arrival->time_ns);
	row_time(&row, SENSOR_last_seen, arrival->time_ns);
	row_string(&row, SENSOR_tls_version, arrival->tls_version);
	row_string(&row, SENSOR_tls_group, arrival->tls_group);
	row_number(&row, SENSOR_connected, 1);
	row_number(&row, SENSOR_batches, 0);
	row_number(&row, SENSOR_records, 0);
	return row_store(&row);
}

int ledger_count(struct ledger *ledger, const uint8_t sensor[16], uint64_t records,
		 uint64_t time_ns)
{
	int r = database_begin(ledger->database);
	struct row row;

	if (r < 0)
		return r;
	row = row_of(ledger->statements[COUNT]);
	row_uuid(&row, 1, sensor);
	row_number(&row, 2, records);
	row_time(&row, 3, time_ns);
	return row_store(&row);
}

int ledger_leave(struct ledger *ledger, const uint8_t sensor[16], uint64_t time_ns)
{
	int r = database_begin(ledger->database);
	struct row row;

	if (r < 0)
		return r;
	row = row_of(ledger->statements[LEAVE]);
	row_uuid(&row, 1, sensor);
	row_time(&row, 2, time_ns);
	return row_store(&row);
}

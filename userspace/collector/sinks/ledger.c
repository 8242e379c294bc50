/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sinks/ledger.h"

#include "collector/sinks/database.h"
#include "collector/sinks/row.h"
#include "collector/sinks/schema.h"

#include <errno.h>
#include <stdlib.h>

enum statement { MARK_GET, MARK_SET, KNOWS, ARRIVE, COUNT, LEAVE, STATEMENT_COUNT };

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
	[MARK_GET] = "SELECT seq FROM marks WHERE sensor = ?1 AND generation = ?2 AND lane = ?3",
	[MARK_SET] = "INSERT INTO marks(sensor, generation, lane, seq) VALUES (?1, ?2, ?3, ?4)"
		     " ON CONFLICT(sensor, generation, lane) DO UPDATE SET seq = excluded.seq",
	[KNOWS] = "SELECT 1 FROM sensors WHERE yagura_sensor = ?1 AND yagura_instance = ?2",
	[ARRIVE] = ARRIVE_SQL,
	[COUNT] = "UPDATE sensors SET batches = batches + 1, records = records + ?2, last_seen = ?3"
		  " WHERE yagura_sensor = ?1",
	[LEAVE] = "UPDATE sensors SET connected = 0, last_seen = ?2 WHERE yagura_sensor = ?1",
};

static int forget_connections(struct database *database)
{
	sqlite3_stmt *statement = NULL;
	int r = database_prepare(database, "UPDATE sensors SET connected = 0", &statement);
	struct row row;

	if (r < 0)
		return r;
	row = row_of(statement);
	r = row_store(&row);
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
	for (size_t i = 0; i < STATEMENT_COUNT && r == 0; i++)
		r = database_prepare(database, sql[i], &ledger->statements[i]);
	if (r == 0)
		r = forget_connections(database);
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

int ledger_mark_get(void *context, const struct dedupe_key *key, uint64_t *ret_mark)
{
	struct row row = key_row(context, MARK_GET, key);
	uint64_t mark = 0;

	if (row.code == SQLITE_OK)
		row.code = sqlite3_step(row.statement);
	if (row.code == SQLITE_ROW)
		mark = (uint64_t)sqlite3_column_int64(row.statement, 0);
	sqlite3_reset(row.statement);
	if (database_errno(row.code) < 0)
		return database_errno(row.code);
	*ret_mark = mark;
	return 0;
}

int ledger_mark_set(void *context, const struct dedupe_key *key, uint64_t mark)
{
	struct ledger *ledger = context;
	int r = database_begin(ledger->database);
	struct row row;

	if (r < 0)
		return r;
	row = key_row(ledger, MARK_SET, key);
	row_number(&row, 4, mark);
	return row_store(&row);
}

int ledger_knows(struct ledger *ledger, const struct ledger_arrival *arrival, bool *ret_known)
{
	struct row row = row_of(ledger->statements[KNOWS]);

	row_uuid(&row, 1, arrival->sensor);
	row_hex(&row, 2, arrival->hello->instance);
	if (row.code == SQLITE_OK)
		row.code = sqlite3_step(row.statement);
	sqlite3_reset(row.statement);
	*ret_known = row.code == SQLITE_ROW;
	return database_errno(row.code);
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

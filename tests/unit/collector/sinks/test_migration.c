/* SPDX-License-Identifier: Apache-2.0 */
/* A store that an earlier version wrote, opened by this one: each test with each version. */
#include "collector/sinks/schema.h"

#include "support/full_records.h"
#include "support/schema_1.h"
#include "support/schema_2.h"
#include "support/sink_store.h"
#include "support/temp_dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FLOW_ID "deadbeef-5-0"

/* What it held: one of each, of a flow that goes on. */
static const char rows_1[] =
	"INSERT INTO flows(yagura_sensor, yagura_flow_id, yagura_part, yagura_final, source_bytes)"
	" VALUES('" SENSOR_TEXT "', '" FLOW_ID "', 1, 0, 100);"
	"INSERT INTO execs(yagura_sensor, process_executable) VALUES('" SENSOR_TEXT "', '/old');"
	"INSERT INTO exits(yagura_sensor, process_exit_code) VALUES('" SENSOR_TEXT "', 3);"
	"INSERT INTO gaps(yagura_sensor, yagura_count) VALUES('" SENSOR_TEXT "', 12);"
	"INSERT INTO sensors(yagura_sensor, host_name) VALUES('" SENSOR_TEXT "', 'old');"
	"INSERT INTO marks VALUES('" SENSOR_TEXT "', '0000000000000001', 0, 77)";

static void run(const char *path, const char *sql)
{
	sqlite3 *handle;
	char *why = NULL;

	assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
	if (sqlite3_exec(handle, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
	sqlite3_close(handle);
}

static const struct version {
	const char *schema;
	const char *number;
} versions[] = { { schema_1, "1" }, { schema_2, "2" } };

static int set_up(void **state)
{
	const struct version *version = *state;
	struct sink_store *f = calloc(1, sizeof(*f));

	f->directory = temp_dir_new();
	f->path = temp_dir_path(f->directory, "yagura.db");
	f->row = version;
	run(f->path, version->schema);
	run(f->path, rows_1);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct sink_store *f = *state;

	temp_dir_remove(f->directory);
	free(f->path);
	free(f);
	return 0;
}

static void old_rows_stay(void **state)
{
	struct sink_store *f = *state;

	sink_store_open(f);
	sink_store_expect(f, "PRAGMA user_version", "4");
	sink_store_expect(f,
			  "SELECT yagura_flow_id, source_bytes, yagura_cgroup, tls_client_ja4,"
			  " yagura_splt FROM flows",
			  FLOW_ID "|100|-|-|-");
	sink_store_expect(f, "SELECT process_executable, yagura_script FROM execs", "/old|-");
	sink_store_expect(f, "SELECT process_exit_code, yagura_run_us FROM exits", "3|-");
	sink_store_expect(f, "SELECT yagura_count, yagura_cgroup FROM gaps", "12|-");
	sink_store_expect(f, "SELECT host_name FROM sensors", "old");
	sink_store_expect(f, "SELECT seq FROM marks", "77");
	sink_store_close(f);
}

static void new_rows_go_in(void **state)
{
	struct record flow = full_record(RECORD_FLOW, FULL_DISTINCT);
	struct record exec = full_record(RECORD_EXEC, FULL_DISTINCT);
	struct sink_store *f = *state;

	sink_store_open(f);
	flow.flow.cookie = 5;
	flow.flow.index = 0;
	flow.flow.part = 2;
	flow.flow.source.bytes = 300;
	flow.flow.counters_reset = false;
	sink_store_write(f, &flow);
	sink_store_write(f, &exec);
	assert_int_equal(sink_store_flush(f), 0);
	/* The later part of a flow that was there before. */
	sink_store_expect(f,
			  "SELECT yagura_part, source_bytes, yagura_shared, yagura_ech,"
			  " tls_client_ja4 IS NOT NULL, yagura_splt IS NOT NULL FROM flows",
			  "2|300|1|1|1|1");
	sink_store_expect(f, "SELECT count(*), count(yagura_script) FROM execs", "2|1");
	sink_store_close(f);
}

static void a_second_opening_changes_nothing(void **state)
{
	struct sink_store *f = *state;

	sink_store_open(f);
	sink_store_close(f);
	sink_store_open(f);
	sink_store_expect(f, "SELECT count(*) FROM flows", "1");
	sink_store_close(f);
}

/* Columns in their order with their types, and indexes, as one text. */
static char *shape_of(const char *path)
{
	static const char sql[] =
		"SELECT group_concat(m.name || '.' || c.name || ' ' || c.type || c.\"notnull\")"
		" FROM sqlite_master m, pragma_table_info(m.name) c"
		" WHERE m.type IN ('table', 'index')";
	sqlite3_stmt *statement;
	sqlite3 *handle;
	char *shape;

	assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(handle, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	shape = strdup((const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	sqlite3_close(handle);
	return shape;
}

static void a_migrated_file_is_like_a_new_one(void **state)
{
	struct sink_store *f = *state;
	struct sink_store new_one = { .directory = temp_dir_new() };
	char *old_shape = shape_of(f->path);
	char *want, *got;

	new_one.path = temp_dir_path(new_one.directory, "yagura.db");
	sink_store_open(&new_one);
	sink_store_close(&new_one);
	sink_store_open(f);
	sink_store_close(f);
	got = shape_of(f->path);
	want = shape_of(new_one.path);
	assert_string_equal(got, want);
	assert_string_not_equal(old_shape, want); /* or it would be told apart from nothing */
	free(old_shape);
	free(want);
	free(got);
	temp_dir_remove(new_one.directory);
	free(new_one.path);
}

/* One statement fails: then none has happened. */
static void a_migration_happens_whole_or_not_at_all(void **state)
{
	char error[DATABASE_ERROR_BYTES] = "";
	struct database *database = NULL;
	struct sink_store *f = *state;
	const struct version *version = f->row;
	char *before, *after;

	run(f->path, "ALTER TABLE flows ADD COLUMN destination_domain TEXT");
	before = shape_of(f->path);
	assert_true(database_open(f->path, &database, error) < 0);
	assert_null(database);
	assert_non_null(strstr(error, "duplicate column"));
	after = shape_of(f->path);
	assert_string_equal(after, before);
	sink_store_expect(f, "PRAGMA user_version", version->number);
	free(before);
	free(after);
}

/* As after an upgrade to a version that knows one more kind: no migration of its own. */
static void a_kind_without_a_column_gets_one(void **state)
{
	struct sink_store *f = *state;

	sink_store_open(f);
	sink_store_close(f);
	run(f->path, "DROP INDEX flows_tls_client_ja4;"
		     "ALTER TABLE flows DROP COLUMN tls_client_ja4;"
		     "ALTER TABLE flows DROP COLUMN yagura_truncated");
	sink_store_open(f);
	sink_store_expect(f, "SELECT tls_client_ja4, yagura_truncated FROM flows", "-|-");
	sink_store_expect(
		f, "SELECT count(*) FROM sqlite_master WHERE name = 'flows_tls_client_ja4'", "1");
	sink_store_close(f);
}

#define TEST(f)                                                                                    \
	{ #f ": 1", f, set_up, tear_down, (void *)(uintptr_t)&versions[0] },                       \
	{                                                                                          \
#f ": 2", f, set_up, tear_down, (void *)(uintptr_t)&versions[1]                    \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(old_rows_stay),
		TEST(new_rows_go_in),
		TEST(a_second_opening_changes_nothing),
		TEST(a_migrated_file_is_like_a_new_one),
		TEST(a_migration_happens_whole_or_not_at_all),
		TEST(a_kind_without_a_column_gets_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

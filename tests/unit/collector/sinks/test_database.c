/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sinks/database.h"

#include "support/sink_store.h"
#include "support/temp_dir.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* The same flow but for its cookie. */
static int write_flow(struct sink_store *f, uint64_t cookie)
{
	struct record record = { .class = RECORD_FLOW, .flow = { .cookie = cookie } };
	struct sink_item item = { .sensor = sink_store_sensor,
				  .header = &sink_store_header,
				  .record = &record };

	return sink_store_put(f, &item);
}

/* A full disk, as SQLite sees it: a page limit. Nothing that was not flushed may count. */
static void full_disk(void **state)
{
	struct sink_store *f = *state;
	sqlite3_stmt *limit;
	int r = 0;

	assert_int_equal(database_prepare(f->database, "PRAGMA max_page_count = 1", &limit), 0);
	assert_int_equal(sqlite3_step(limit), SQLITE_ROW);
	sqlite3_finalize(limit);
	for (uint64_t i = 0; i < 10000 && r == 0; i++)
		r = write_flow(f, i);
	assert_int_equal(r, -ENOSPC);
	assert_true(strlen(database_error(f->database)) > 0);
	sink_store_discard(f);
	assert_int_equal(sink_store_flush(f), 0);
	sink_store_expect(f, "SELECT count(*) FROM flows", "0");
}

/* SQLite may end a transaction by itself; what is left of the group must not pass for durable. */
static void lost_transaction_is_noticed(void **state)
{
	struct sink_store *f = *state;
	sqlite3_stmt *rollback;

	sink_store_write_exit(f, 0);
	assert_int_equal(database_prepare(f->database, "ROLLBACK", &rollback), 0);
	assert_int_equal(sqlite3_step(rollback), SQLITE_DONE);
	sqlite3_finalize(rollback);
	assert_int_equal(database_begin(f->database), -EIO);
	assert_int_equal(sink_store_flush(f), -EIO);
	sink_store_discard(f);
	sink_store_write_exit(f, W_EXITCODE(1, 0));
	assert_int_equal(sink_store_flush(f), 0);
	sink_store_expect(f, "SELECT process_exit_code FROM exits", "1");
}

static void expect_refused(const struct sink_store *f, sqlite3 *other, const char *set_version,
			   const char *want)
{
	char error[DATABASE_ERROR_BYTES] = "";
	struct database *refused = NULL;

	assert_int_equal(sqlite3_exec(other, set_version, NULL, NULL, NULL), 0);
	assert_int_equal(database_open(f->path, &refused, error), -EPROTO);
	assert_null(refused);
	assert_non_null(strstr(error, f->path));
	assert_non_null(strstr(error, want));
}

static void other_schemas_are_refused(void **state)
{
	struct sink_store *f = *state;
	sqlite3 *other;

	sink_store_close(f);
	assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
	expect_refused(f, other, "PRAGMA user_version = 5", "schema 5");
	expect_refused(f, other, "PRAGMA user_version = -1", "schema -1");
	assert_int_equal(sqlite3_exec(other, "PRAGMA user_version = 4", NULL, NULL, NULL), 0);
	sqlite3_close(other);
	sink_store_open(f);
}

/* SQLite itself would say that all is well. */
static void removed_file_keeps_nothing(void **state)
{
	struct sink_store *f = *state;

	assert_int_equal(database_begin(f->database), 0);
	assert_int_equal(unlink(f->path), 0);
	assert_int_equal(database_commit(f->database), -ESTALE);
	assert_non_null(strstr(database_error(f->database), "removed or replaced"));
	database_roll_back(f->database);
}

static void not_a_database_is_refused(void **state)
{
	char error[DATABASE_ERROR_BYTES] = "";
	struct database *refused = NULL;
	struct sink_store *f = *state;
	char *path = temp_dir_path(f->directory, "text.db");

	temp_dir_write(f->directory, "text.db", "this is no database, but it is long enough", 42);
	assert_int_equal(database_open(path, &refused, error), -EUCLEAN);
	assert_non_null(strstr(error, "text.db"));
	assert_null(refused);
	free(path);
}

static void commits_are_synced(void **state)
{
	struct sink_store *f = *state;
	sqlite3_stmt *statement;

	sink_store_expect(f, "PRAGMA journal_mode", "wal");
	assert_int_equal(database_prepare(f->database, "PRAGMA synchronous", &statement), 0);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(statement, 0), 2); /* FULL */
	sqlite3_finalize(statement);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, sink_store_set_up, sink_store_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(full_disk),
		TEST(lost_transaction_is_noticed),
		TEST(other_schemas_are_refused),
		TEST(removed_file_keeps_nothing),
		TEST(not_a_database_is_refused),
		TEST(commits_are_synced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sinks/retention.h"

#include "collector/sinks/database.h"
#include "collector/sinks/row.h"
#include "common/clock.h"

#include <errno.h>
#include <stdlib.h>

/* At once, so that what comes in meanwhile does not wait for long. */
#define ROWS_AT_ONCE "2000"
#define PAUSE_NS (10 * NS_PER_S) /* when there was nothing to do */

#define BY_AGE(table)                                                                              \
	"DELETE FROM " table " WHERE rowid IN (SELECT rowid FROM " table                           \
	" WHERE timestamp < ?1 LIMIT " ROWS_AT_ONCE ")"
#define BY_SIZE(table)                                                                             \
	"DELETE FROM " table " WHERE rowid IN (SELECT rowid FROM " table                           \
	" ORDER BY rowid LIMIT " ROWS_AT_ONCE ")"

/* For want of room flows go first: they are many, and without the processes they say little. Gaps
 * say what is missing, and stay. */
enum statement { AGE_FIRST, AGE_LAST = 3, SIZE_FIRST, SIZE_LAST = 6, USED, STATEMENT_COUNT };

static const char *const sql[STATEMENT_COUNT] = {
	BY_AGE("flows"),
	BY_AGE("execs"),
	BY_AGE("exits"),
	BY_AGE("gaps"),
	BY_SIZE("flows"),
	BY_SIZE("exits"),
	BY_SIZE("execs"),
	"SELECT (page_count - freelist_count) * page_size"
	" FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
};

struct retention {
	struct database *database;
	struct sink_retention limits;
	sqlite3_stmt *statements[STATEMENT_COUNT];
	uint64_t rest_until_ns;
};

int retention_new(struct database *database, const struct sink_retention *limits,
		  struct retention **ret_retention)
{
	struct retention *retention = calloc(1, sizeof(*retention));
	int r = 0;

	if (!retention)
		return -ENOMEM;
	retention->database = database;
	retention->limits = *limits;
	for (size_t i = 0; i < STATEMENT_COUNT && r == 0; i++)
		r = database_prepare(database, sql[i], &retention->statements[i]);
	if (r < 0)
		retention_free(retention);
	else
		*ret_retention = retention;
	return r;
}

void retention_free(struct retention *retention)
{
	if (!retention)
		return;
	for (size_t i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(retention->statements[i]);
	free(retention);
}

/* How many rows went, or -errno. `time_ns` 0: the statement knows of none. */
static int remove_some(struct retention *retention, size_t which, uint64_t time_ns)
{
	struct row row = row_of(retention->statements[which]);
	int r;

	if (time_ns > 0)
		row_time(&row, 1, time_ns);
	r = row_store(&row);
	return r < 0 ? r : database_changes(retention->database);
}

static int remove_old(struct retention *retention, uint64_t now_ns)
{
	uint64_t age_ns = retention->limits.age_s * NS_PER_S;
	int removed = 0;

	if (age_ns == 0 || age_ns >= now_ns)
		return 0;
	for (size_t i = AGE_FIRST; i <= AGE_LAST; i++) {
		int r = remove_some(retention, i, now_ns - age_ns);

		if (r < 0)
			return r;
		removed += r;
	}
	return removed;
}

/* Pages that are free are used again, so they do not count. */
static uint64_t used_bytes(struct retention *retention)
{
	sqlite3_stmt *statement = retention->statements[USED];
	uint64_t used = 0;

	if (sqlite3_step(statement) == SQLITE_ROW)
		used = (uint64_t)sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	return used;
}

static int remove_beyond_size(struct retention *retention)
{
	int r = 0;

	if (retention->limits.bytes == 0 || used_bytes(retention) <= retention->limits.bytes)
		return 0;
	for (size_t i = SIZE_FIRST; i <= SIZE_LAST && r == 0; i++)
		r = remove_some(retention, i, 0);
	return r;
}

int retention_run(struct retention *retention, uint64_t now_ns)
{
	int old, large, r;

	if (now_ns < retention->rest_until_ns && now_ns + PAUSE_NS > retention->rest_until_ns)
		return 0;
	r = database_begin(retention->database);
	if (r < 0)
		return r;
	old = remove_old(retention, now_ns);
	large = old < 0 ? old : remove_beyond_size(retention);
	r = large < 0 ? large : database_commit(retention->database);
	if (r < 0) {
		database_roll_back(retention->database);
		return r;
	}
	if (old + large > 0)
		return 1;
	retention->rest_until_ns = now_ns + PAUSE_NS;
	return 0;
}

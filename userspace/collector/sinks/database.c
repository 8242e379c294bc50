/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sinks/database.h"

#include "collector/sinks/schema.h"
#include "collector/sinks/schema_marks.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Only a reader that cleans up after itself ever makes us wait. */
#define BUSY_MS 1000

struct database {
	sqlite3 *handle;
	bool has_begun; /* SQLite ends a transaction by itself when some errors hit it */
};

int database_errno(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return -EACCES;
	case SQLITE_CANTOPEN:
		return -ENOENT;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EUCLEAN;
	default:
		return -EIO;
	}
}

static int execute(struct database *database, const char *sql)
{
	return database_errno(sqlite3_exec(database->handle, sql, NULL, NULL, NULL));
}

static int read_version(struct database *database, int *ret_version)
{
	sqlite3_stmt *statement = NULL;
	int r = database_prepare(database, "PRAGMA user_version", &statement);

	if (r < 0)
		return r;
	r = database_errno(sqlite3_step(statement));
	if (r == 0)
		*ret_version = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return r;
}

static int execute_all(struct database *database, const char *const *statements)
{
	int r = 0;

	for (size_t i = 0; statements[i] && r == 0; i++)
		r = execute(database, statements[i]);
	return r;
}

static int make_tables(struct database *database, int version)
{
	int r;

	if (version == DATABASE_SCHEMA)
		return 0;
	r = database_begin(database);
	if (r == 0 && version == 0)
		r = execute_all(database, schema_statements);
	for (; r == 0 && version > 0 && version < DATABASE_SCHEMA; version++)
		r = execute_all(database, schema_migrations[version - 1]);
	return r;
}

static int count_columns(struct database *database, const char *name, int *ret_count)
{
	sqlite3_stmt *statement = NULL;
	int r = database_prepare(database,
				 "SELECT count(*) FROM pragma_table_info('flows') WHERE name = ?1",
				 &statement);

	if (r < 0)
		return r;
	sqlite3_bind_text(statement, 1, name, -1, SQLITE_TRANSIENT);
	r = database_errno(sqlite3_step(statement));
	if (r == 0)
		*ret_count = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return r;
}

static int add_mark_column(struct database *database, enum mark_kind kind)
{
	char column[SCHEMA_MARK_COLUMN_BYTES];
	char statement[SCHEMA_MARK_STATEMENT_BYTES];
	int count = 0;
	int r;

	schema_mark_column(column, kind);
	r = count_columns(database, column, &count);
	if (r < 0 || count > 0)
		return r;
	schema_mark_statement(statement, kind);
	r = database_begin(database);
	return r < 0 ? r : execute(database, statement);
}

/* All versions between, and the columns of marks, in one transaction: whoever is ended in the
 * middle has changed nothing. A file that has everything is not locked. */
static int bring_up_to_date(struct database *database, int version)
{
	int r = make_tables(database, version);

	for (enum mark_kind kind = MARK_NONE + 1; r == 0 && kind < MARK_KIND_COUNT; kind++)
		r = add_mark_column(database, kind);
	return r < 0 ? r : database_commit(database);
}

/* What a person can do about a file that does not open. */
static const char *advice(int error)
{
	switch (error) {
	case -EUCLEAN:
		return "move it away, or restore it from a backup";
	case -EBUSY:
		return "end the program that has locked it";
	case -ENOSPC:
		return "make room on its disk";
	default:
		return "[store] must name a directory this user may write";
	}
}

static int prepare_file(struct database *database, int *ret_version)
{
	int r = execute(database,
			"PRAGMA page_size = 16384; PRAGMA journal_mode = WAL;"
			"PRAGMA synchronous = FULL;"
			"PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -131072;"
			"PRAGMA wal_autocheckpoint = 8192");

	if (r == 0)
		r = read_version(database, ret_version);
	if (r < 0)
		return r;
	if (*ret_version < 0 || *ret_version > DATABASE_SCHEMA)
		return -EPROTO;
	return bring_up_to_date(database, *ret_version);
}

int database_open(const char *path, struct database **ret_database,
		  char ret_error[DATABASE_ERROR_BYTES])
{
	struct database *database = calloc(1, sizeof(*database));
	int version = 0;
	int r;

	if (!database)
		return -ENOMEM;
	r = database_errno(sqlite3_open(path, &database->handle));
	sqlite3_busy_timeout(database->handle, BUSY_MS);
	if (r == 0)
		r = prepare_file(database, &version);
	if (r == 0) {
		*ret_database = database;
		return 0;
	}
	if (r == -EPROTO)
		snprintf(ret_error, DATABASE_ERROR_BYTES,
			 "%s: schema %d, this version knows %d: another version of "
			 "yagura-collector wrote it; use that, or set another directory in [store]",
			 path, version, DATABASE_SCHEMA);
	else
		snprintf(ret_error, DATABASE_ERROR_BYTES, "%s: %s; %s", path,
			 database_error(database), advice(r));
	database_close(database);
	return r;
}

void database_close(struct database *database)
{
	if (!database)
		return;
	sqlite3_close_v2(database->handle);
	free(database);
}

int database_prepare(struct database *database, const char *sql, sqlite3_stmt **ret_statement)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v3(database->handle, sql, -1, SQLITE_PREPARE_PERSISTENT,
				      &statement, NULL);

	if (code == SQLITE_OK)
		*ret_statement = statement;
	return database_errno(code);
}

static bool is_lost(const struct database *database)
{
	return database->has_begun && sqlite3_get_autocommit(database->handle);
}

int database_begin(struct database *database)
{
	int r;

	if (is_lost(database))
		return -EIO;
	if (database->has_begun)
		return 0;
	r = execute(database, "BEGIN IMMEDIATE");
	database->has_begun = r == 0;
	return r;
}

/* SQLite goes on writing to a file that has no name any more, and nobody will ever read it. */
static bool is_moved(const struct database *database)
{
	int moved = 0;

	sqlite3_file_control(database->handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
	return moved != 0;
}

int database_commit(struct database *database)
{
	int r;

	if (!database->has_begun)
		return 0;
	r = is_lost(database) ? -EIO : execute(database, "COMMIT");
	if (r < 0)
		return r;
	database->has_begun = false;
	return is_moved(database) ? -ESTALE : 0;
}

int database_changes(struct database *database)
{
	return sqlite3_changes(database->handle);
}

void database_roll_back(struct database *database)
{
	if (database->has_begun && !is_lost(database))
		execute(database, "ROLLBACK");
	database->has_begun = false;
}

const char *database_error(const struct database *database)
{
	if (is_moved(database))
		return "the file was removed or replaced; a new one takes its place";
	return sqlite3_errmsg(database->handle);
}

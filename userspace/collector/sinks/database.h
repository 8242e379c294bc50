/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SQLite file and its one open transaction. Rows (sqlite.c) and marks (ledger.c) go into the
 * same one, so that a commit makes both durable or neither. WAL: others read while we write.
 */
#ifndef YAGURA_COLLECTOR_DATABASE_H
#define YAGURA_COLLECTOR_DATABASE_H

#include <sqlite3.h>
#include <stddef.h>

#define DATABASE_ERROR_BYTES 256
#define DATABASE_SCHEMA 4

struct database;

/* Opens or creates the file and its tables; one that an earlier version wrote gets the tables of
 * this one, and a kind of marks that the file has no column for gets one. 0, or -errno with one
 * line in ret_error: -EPROTO when a newer version has written it.
 */
int database_open(const char *path, struct database **ret_database,
		  char ret_error[DATABASE_ERROR_BYTES]);
/* What was not committed is gone. Takes NULL. */
void database_close(struct database *database);

/* For as long as the database is open; finalize it before. 0 or -errno. */
int database_prepare(struct database *database, const char *sql, sqlite3_stmt **ret_statement);
/* Begins the transaction unless it is open. */
int database_begin(struct database *database);
/* 0 when everything since begin is on disk (or nothing was begun), else -errno: roll back. -ESTALE:
 * it is in a file that has lost its name. */
int database_commit(struct database *database);
/* How many rows the last statement changed. */
int database_changes(struct database *database);
void database_roll_back(struct database *database);
/* What SQLite says of its last failure. */
const char *database_error(const struct database *database);
/* A result code of SQLite as 0 or -errno. */
int database_errno(int code);

#endif

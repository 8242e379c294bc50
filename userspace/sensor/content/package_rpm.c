/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpm's database where it is one of SQLite (rpm 4.16 and later; Fedora, RHEL 9, Amazon Linux 2023),
 * a package's header a row. librpm would read that of SUSE and of older rpm as well, but brings an
 * interpreter, a second crypto library and a reader of keys into the process that has the
 * arguments; to run rpm would mean to let that process execute programs. On such hosts nothing
 * is known.
 */
#include "sensor/content/package_source.h"

#include "sensor/content/rpm_header.h"

#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PACKAGES_A_STEP 8

static const char *const places[] = { "usr/lib/sysimage/rpm/rpmdb.sqlite",
				      "var/lib/rpm/rpmdb.sqlite" };

struct reader {
	sqlite3 *database;
	sqlite3_stmt *headers;
};

static const char *place_of(const char *root)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (packages_mtime_of(root, places[i]))
			return places[i];
	return NULL;
}

/* What was written may still be in the log beside it. */
static uint64_t stamp(const char *root)
{
	const char *place = place_of(root);
	char log[PATH_MAX];

	if (!place)
		return 0;
	snprintf(log, sizeof(log), "%s-wal", place);
	return packages_mtime_of(root, place) + packages_mtime_of(root, log);
}

static void close_reader(void *context)
{
	struct reader *reader = context;

	sqlite3_finalize(reader->headers);
	sqlite3_close(reader->database);
	free(reader);
}

static bool open_as(struct reader *reader, const char *path, const char *how)
{
	char uri[PATH_MAX + 32];

	snprintf(uri, sizeof(uri), "file:%s?%s", path, how);
	if (sqlite3_open_v2(uri, &reader->database,
			    SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
			    NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(reader->database, "SELECT blob FROM Packages", -1, &reader->headers,
			       NULL) == SQLITE_OK)
		return true;
	sqlite3_close(reader->database);
	reader->database = NULL;
	return false;
}

/* Who may not write there cannot make the files that go with a log; where it is empty none are
 * needed. */
static bool is_log_empty(const char *path)
{
	char log[PATH_MAX + 8];
	struct stat facts;

	snprintf(log, sizeof(log), "%s-wal", path);
	return stat(log, &facts) < 0 || facts.st_size == 0;
}

static void *open_reader(const char *root)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	const char *place = place_of(root);
	char path[PATH_MAX];

	if (!reader || !place) {
		free(reader);
		return NULL;
	}
	snprintf(path, sizeof(path), "%s/%s", root, place);
	if (open_as(reader, path, "mode=ro") ||
	    (is_log_empty(path) && open_as(reader, path, "mode=ro&immutable=1")))
		return reader;
	free(reader);
	return NULL;
}

static void add(void *context, struct text path, struct text digits)
{
	size_t bytes = digits.length / 2;
	uint8_t digest[HASH_SHA256_BYTES];

	if ((bytes != HASH_MD5_BYTES && bytes != HASH_SHA256_BYTES) ||
	    !packages_digest_of(digits, digest, bytes))
		packages_add(context, path, NULL, 0); /* another kind of digest, or none */
	else
		packages_add(context, path, digest, bytes);
}

static bool read_some(void *context, struct packages *packages)
{
	struct reader *reader = context;

	for (int i = 0; i < PACKAGES_A_STEP; i++) {
		int r = sqlite3_step(reader->headers);

		if (r != SQLITE_ROW) {
			if (r != SQLITE_DONE)
				packages_set_partial(packages);
			return false;
		}
		if (!rpm_header_files(sqlite3_column_blob(reader->headers, 0),
				      (size_t)sqlite3_column_bytes(reader->headers, 0), add,
				      packages))
			packages_set_partial(packages);
	}
	return true;
}

const struct package_source package_rpm = {
	.stamp = stamp,
	.open = open_reader,
	.read = read_some,
	.close = close_reader,
};

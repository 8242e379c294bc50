/* SPDX-License-Identifier: Apache-2.0 */
/* dpkg's database: files of text, one list and one file of MD5 sums a package. */
#include "sensor/content/package_source.h"

#include "common/cleanup.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One step takes a millisecond or two; a host has some hundred packages, two files each. */
#define FILES_A_STEP 64
#define STATUS "var/lib/dpkg/status"
#define INFO "var/lib/dpkg/info"

struct reader {
	char root[PATH_MAX];
	DIR *directory;
};

/* dpkg writes it anew at the end of every run. */
static uint64_t stamp(const char *root)
{
	return packages_mtime_of(root, STATUS);
}

static void close_reader(void *context)
{
	struct reader *reader = context;

	if (reader->directory)
		closedir(reader->directory);
	free(reader);
}

static void *open_reader(const char *root)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	char path[PATH_MAX];

	if (!reader)
		return NULL;
	snprintf(reader->root, sizeof(reader->root), "%s", root);
	snprintf(path, sizeof(path), "%s/" INFO, root);
	reader->directory = opendir(path);
	if (reader->directory)
		return reader;
	close_reader(reader);
	return NULL;
}

/* A package's list has one absolute path a line, directories included. */
static void read_list_line(struct packages *packages, const char *line, size_t length)
{
	if (length > 1 && line[0] == '/')
		packages_add(packages, (struct text){ line, length }, NULL, 0);
}

/* "d41d8cd98f00b204e9800998ecf8427e  usr/bin/ls": 32 digits, two blanks, a path without its slash.
 */
static void read_sum_line(struct packages *packages, char *line, size_t length)
{
	const size_t before = 2 * HASH_MD5_BYTES + 2;
	uint8_t md5[HASH_MD5_BYTES];

	if (length <= before || line[before - 2] != ' ' || line[before - 1] != ' ' ||
	    !packages_digest_of((struct text){ line, before - 2 }, md5, sizeof(md5)))
		return;
	line[before - 1] = '/';
	packages_add(packages, (struct text){ line + before - 1, length - before + 1 }, md5,
		     sizeof(md5));
}

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), end_length = strlen(end);

	return length > end_length && strcmp(name + length - end_length, end) == 0;
}

static bool read_file(const struct reader *reader, struct packages *packages, const char *name)
{
	bool is_list = ends_with(name, ".list");
	_cleanup_fclose_ FILE *file = NULL;
	_cleanup_free_ char *line = NULL;
	char path[2 * PATH_MAX];
	size_t size = 0;
	ssize_t length;

	if (!is_list && !ends_with(name, ".md5sums"))
		return false;
	snprintf(path, sizeof(path), "%s/" INFO "/%s", reader->root, name);
	file = fopen(path, "re");
	while (file && (length = getline(&line, &size, file)) > 0) {
		if (line[length - 1] == '\n')
			line[--length] = '\0';
		if (is_list)
			read_list_line(packages, line, (size_t)length);
		else
			read_sum_line(packages, line, (size_t)length);
	}
	return true;
}

static bool read_some(void *context, struct packages *packages)
{
	const struct reader *reader = context;

	for (int files = 0; files < FILES_A_STEP;) {
		const struct dirent *entry = readdir(reader->directory);

		if (!entry)
			return false;
		files += read_file(reader, packages, entry->d_name);
	}
	return true;
}

/* Of a file that another package has put aside (dpkg-divert) the sums say nothing: three lines
 * each, from where, to where, by whom. */
static void read_diversions(const char *root, struct packages *packages)
{
	_cleanup_fclose_ FILE *file = NULL;
	_cleanup_free_ char *line = NULL;
	char path[PATH_MAX];
	size_t size = 0;
	ssize_t length;

	snprintf(path, sizeof(path), "%s/var/lib/dpkg/diversions", root);
	file = fopen(path, "re");
	for (int n = 0; file && (length = getline(&line, &size, file)) > 0; n++) {
		struct text name = { line, (size_t)length - (line[length - 1] == '\n') };

		if (n % 3 < 2)
			packages_blur(packages, name);
	}
}

const struct package_source package_dpkg = {
	.stamp = stamp,
	.open = open_reader,
	.read = read_some,
	.close = close_reader,
	.blur = read_diversions,
};

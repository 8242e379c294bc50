/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/content/packages.h"

#include "common/cleanup.h"
#include "common/clock.h"
#include "sensor/content/package_table.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* One step takes a millisecond or two; a host has some hundred packages, two files each. */
#define FILES_A_STEP 64
#define LOOK_INTERVAL_NS (5 * NS_PER_S)
#define PATH_BYTES 512

/* Directories that are links into /usr where /usr is merged: packages name their files either way.
 */
static const struct text merged[] = { { "/bin/", 5 },	{ "/sbin/", 6 },  { "/lib/", 5 },
				      { "/lib32/", 7 }, { "/lib64/", 7 }, { "/libx32/", 8 } };
#define MERGED_COUNT (sizeof(merged) / sizeof(*merged))

struct packages {
	char root[PATH_BYTES];
	bool is_merged[MERGED_COUNT];
	struct package_table *table; /* read to its end; NULL: none yet */
	struct package_table *next; /* being read */
	DIR *directory; /* while one is */
	bool is_there;
	struct timespec read_changed; /* of the database that `table`, or `next`, is of */
	uint64_t looked_ns;
};

struct packages *packages_new(const char *root)
{
	struct packages *packages = calloc(1, sizeof(*packages));

	if (packages)
		snprintf(packages->root, sizeof(packages->root), "%s", root);
	return packages;
}

static void stop_reading(struct packages *packages)
{
	if (packages->directory)
		closedir(packages->directory);
	packages->directory = NULL;
	package_table_free(packages->next);
	packages->next = NULL;
}

void packages_free(struct packages *packages)
{
	if (!packages)
		return;
	stop_reading(packages);
	package_table_free(packages->table);
	free(packages);
}

static void path_of(const struct packages *packages, const char *name, char ret_path[PATH_MAX])
{
	snprintf(ret_path, PATH_MAX, "%s/%s", packages->root, name);
}

/* "/bin/ls" is "/usr/bin/ls" where /bin leads there. */
static struct text true_path(const struct packages *packages, struct text path,
			     char buffer[PATH_MAX + 8])
{
	for (size_t i = 0; i < MERGED_COUNT; i++) {
		if (!packages->is_merged[i] || path.length < merged[i].length ||
		    path.length > PATH_MAX || memcmp(path.at, merged[i].at, merged[i].length) != 0)
			continue;
		memcpy(buffer, "/usr", 4);
		memcpy(buffer + 4, path.at, path.length);
		return (struct text){ buffer, path.length + 4 };
	}
	return path;
}

static void find_merged(struct packages *packages)
{
	for (size_t i = 0; i < MERGED_COUNT; i++) {
		char path[PATH_MAX], target[PATH_BYTES] = "";
		ssize_t size;

		path_of(packages, merged[i].at + 1, path);
		path[strlen(path) - 1] = '\0'; /* the link itself */
		size = readlink(path, target, sizeof(target) - 1);
		packages->is_merged[i] = size > 0 && strncmp(target, "usr/", 4) == 0;
	}
}

/* --- reading --- */

static void add(struct packages *packages, const char *at, size_t length, const uint8_t *md5)
{
	char buffer[PATH_MAX + 8];
	const struct text path = true_path(packages, (struct text){ at, length }, buffer);

	package_table_add(packages->next, path, md5);
}

/* A package's list has one absolute path a line, directories included. */
static void read_list_line(struct packages *packages, const char *line, size_t length)
{
	if (length > 1 && line[0] == '/')
		add(packages, line, length, NULL);
}

/* Lower case, as md5sum writes them; -1: none. */
static int digit_of(char hex)
{
	if (hex >= '0' && hex <= '9')
		return hex - '0';
	return hex >= 'a' && hex <= 'f' ? hex - 'a' + 10 : -1;
}

static bool read_md5(const char *hex, uint8_t ret_md5[HASH_MD5_BYTES])
{
	for (size_t i = 0; i < HASH_MD5_BYTES; i++) {
		int high = digit_of(hex[2 * i]), low = digit_of(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		ret_md5[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* "d41d8cd98f00b204e9800998ecf8427e  usr/bin/ls": 32 digits, two blanks, a path without its slash.
 */
static void read_sum_line(struct packages *packages, char *line, size_t length)
{
	const size_t before = 2 * HASH_MD5_BYTES + 2;
	uint8_t md5[HASH_MD5_BYTES];

	if (length <= before || line[before - 2] != ' ' || line[before - 1] != ' ' ||
	    !read_md5(line, md5))
		return;
	line[before - 1] = '/';
	add(packages, line + before - 1, length - before + 1, md5);
}

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), end_length = strlen(end);

	return length > end_length && strcmp(name + length - end_length, end) == 0;
}

static bool read_file(struct packages *packages, const char *name)
{
	bool is_list = ends_with(name, ".list");
	_cleanup_fclose_ FILE *file = NULL;
	_cleanup_free_ char *line = NULL;
	char path[PATH_MAX];
	size_t size = 0;
	ssize_t length;

	if (!is_list && !ends_with(name, ".md5sums"))
		return false;
	snprintf(path, sizeof(path), "%s/var/lib/dpkg/info/%s", packages->root, name);
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

/* Of a file that another package has put aside (dpkg-divert) the sums say nothing: three lines
 * each, from where, to where, by whom. */
static void read_diversions(struct packages *packages)
{
	_cleanup_fclose_ FILE *file = NULL;
	_cleanup_free_ char *line = NULL;
	char path[PATH_MAX];
	size_t size = 0;
	ssize_t length;

	path_of(packages, "var/lib/dpkg/diversions", path);
	file = fopen(path, "re");
	for (int n = 0; file && (length = getline(&line, &size, file)) > 0; n++) {
		char buffer[PATH_MAX + 8];
		struct text name = { line, (size_t)length - (line[length - 1] == '\n') };

		if (n % 3 < 2)
			package_table_blur(packages->next, true_path(packages, name, buffer));
	}
}

static void finish(struct packages *packages)
{
	package_table_sort(packages->next);
	read_diversions(packages);
	package_table_free(packages->table);
	packages->table = packages->next;
	packages->next = NULL;
	stop_reading(packages);
}

static void read_some(struct packages *packages)
{
	for (int files = 0; files < FILES_A_STEP;) {
		const struct dirent *entry = readdir(packages->directory);

		if (!entry) {
			finish(packages);
			return;
		}
		files += read_file(packages, entry->d_name);
	}
}

/* dpkg writes its status file anew at the end of every run. */
static void look(struct packages *packages)
{
	char path[PATH_MAX];
	struct stat facts;

	path_of(packages, "var/lib/dpkg/status", path);
	packages->is_there = stat(path, &facts) == 0;
	if (!packages->is_there || (facts.st_mtim.tv_sec == packages->read_changed.tv_sec &&
				    facts.st_mtim.tv_nsec == packages->read_changed.tv_nsec))
		return;
	path_of(packages, "var/lib/dpkg/info", path);
	packages->directory = opendir(path);
	packages->next = packages->directory ? package_table_new() : NULL;
	if (!packages->next) {
		stop_reading(packages);
		return;
	}
	packages->read_changed = facts.st_mtim;
	find_merged(packages);
}

void packages_step(struct packages *packages, uint64_t now_ns)
{
	if (packages->directory) {
		read_some(packages);
	} else if (packages->looked_ns == 0 || now_ns - packages->looked_ns >= LOOK_INTERVAL_NS) {
		packages->looked_ns = now_ns;
		look(packages);
	}
}

bool packages_are_there(const struct packages *packages)
{
	return packages->is_there;
}

enum package_state packages_judge(const struct packages *packages, struct text path,
				  const uint8_t *md5)
{
	char buffer[PATH_MAX + 8];

	if (!packages->table || path.length == 0 || path.at[0] != '/')
		return PACKAGE_UNKNOWN;
	return package_table_judge(packages->table, true_path(packages, path, buffer), md5);
}

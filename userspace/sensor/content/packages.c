/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/content/packages.h"

#include "common/clock.h"
#include "common/hash.h"
#include "sensor/content/package_source.h"
#include "sensor/content/package_table.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_INTERVAL_NS (5 * NS_PER_S)
#define PATH_BYTES 512

/* A host may have several; a file that one of them names is a package's. */
static const struct package_source *const sources[] = { &package_dpkg, &package_rpm };
#define SOURCE_COUNT (sizeof(sources) / sizeof(*sources))

/* Directories that are links into /usr where /usr is merged: packages name their files either way.
 */
static const struct text merged[] = { { "/bin/", 5 },	{ "/sbin/", 6 },  { "/lib/", 5 },
				      { "/lib32/", 7 }, { "/lib64/", 7 }, { "/libx32/", 8 } };
#define MERGED_COUNT (sizeof(merged) / sizeof(*merged))

struct packages {
	char root[PATH_BYTES];
	bool is_merged[MERGED_COUNT];
	struct package_table *table; /* read to its end; NULL: none yet */
	bool has_md5; /* it has such digests */
	struct package_table *next; /* being read; NULL: none is */
	bool next_has_md5;
	size_t source; /* of which `reader` is */
	void *reader;
	bool is_there;
	uint64_t stamp; /* of the databases that `table`, or `next`, is of */
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
	if (packages->reader)
		sources[packages->source]->close(packages->reader);
	packages->reader = NULL;
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

		snprintf(path, sizeof(path), "%s%.*s", packages->root, (int)merged[i].length - 1,
			 merged[i].at); /* the link itself */
		size = readlink(path, target, sizeof(target) - 1);
		packages->is_merged[i] = size > 0 && strncmp(target, "usr/", 4) == 0;
	}
}

/* --- for sources --- */

void packages_add(struct packages *packages, struct text path, const uint8_t *digest,
		  size_t digest_bytes)
{
	char buffer[PATH_MAX + 8];

	packages->next_has_md5 |= digest && digest_bytes == HASH_MD5_BYTES;
	package_table_add(packages->next, true_path(packages, path, buffer), digest, digest_bytes);
}

void packages_blur(struct packages *packages, struct text path)
{
	char buffer[PATH_MAX + 8];

	package_table_blur(packages->next, true_path(packages, path, buffer));
}

void packages_set_partial(struct packages *packages)
{
	package_table_set_partial(packages->next);
}

static int digit_of(char hex)
{
	if (hex >= '0' && hex <= '9')
		return hex - '0';
	hex |= 0x20;
	return hex >= 'a' && hex <= 'f' ? hex - 'a' + 10 : -1;
}

bool packages_digest_of(struct text text, uint8_t *ret_digest, size_t digest_bytes)
{
	if (text.length != 2 * digest_bytes)
		return false;
	for (size_t i = 0; i < digest_bytes; i++) {
		int high = digit_of(text.at[2 * i]), low = digit_of(text.at[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		ret_digest[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

uint64_t packages_mtime_of(const char *root, const char *name)
{
	char path[PATH_MAX];
	struct stat facts;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	if (stat(path, &facts) < 0)
		return 0;
	return (uint64_t)facts.st_mtim.tv_sec * NS_PER_S + (uint64_t)facts.st_mtim.tv_nsec;
}

/* --- reading --- */

static void finish(struct packages *packages)
{
	package_table_sort(packages->next);
	for (size_t i = 0; i < SOURCE_COUNT; i++)
		if (sources[i]->blur)
			sources[i]->blur(packages->root, packages);
	package_table_free(packages->table);
	packages->table = packages->next;
	packages->has_md5 = packages->next_has_md5;
	packages->next = NULL;
}

/* The next database from `source` on, or the end. */
static void open_from(struct packages *packages, size_t source)
{
	for (; source < SOURCE_COUNT; source++) {
		if (sources[source]->stamp(packages->root) == 0)
			continue;
		packages->source = source;
		packages->reader = sources[source]->open(packages->root);
		if (packages->reader)
			return;
		package_table_set_partial(packages->next);
	}
	finish(packages);
}

static void read_some(struct packages *packages)
{
	const struct package_source *source = sources[packages->source];

	if (source->read(packages->reader, packages))
		return;
	source->close(packages->reader);
	packages->reader = NULL;
	open_from(packages, packages->source + 1);
}

static void look(struct packages *packages)
{
	uint64_t stamp = 0;

	packages->is_there = false;
	for (size_t i = 0; i < SOURCE_COUNT; i++) {
		uint64_t of = sources[i]->stamp(packages->root);

		packages->is_there |= of != 0;
		stamp = hash_step(stamp, of);
	}
	if (!packages->is_there || stamp == packages->stamp)
		return;
	packages->next = package_table_new();
	if (!packages->next)
		return;
	packages->stamp = stamp;
	packages->next_has_md5 = false;
	find_merged(packages);
	open_from(packages, 0);
}

void packages_step(struct packages *packages, uint64_t now_ns)
{
	if (packages->reader) {
		read_some(packages);
	} else if (packages->looked_ns == 0 || now_ns - packages->looked_ns >= LOOK_INTERVAL_NS) {
		packages->looked_ns = now_ns;
		look(packages);
	}
}

bool packages_want_md5(const struct packages *packages)
{
	return packages->table ? packages->has_md5 : packages->is_there;
}

enum package_state packages_judge(const struct packages *packages, struct text path,
				  const uint8_t *md5, const uint8_t *sha256)
{
	const struct package_digests digests = { md5, sha256,
						 sha256 && (md5 || !packages->has_md5) };
	char buffer[PATH_MAX + 8];

	if (!packages->table || path.length == 0 || path.at[0] != '/')
		return PACKAGE_UNKNOWN;
	return package_table_judge(packages->table, true_path(packages, path, buffer), &digests);
}

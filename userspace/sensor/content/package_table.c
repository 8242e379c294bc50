/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/content/package_table.h"

#include "common/hash.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define ROWS_MAX (4u << 20)
#define ROWS_FIRST 4096

struct row {
	uint64_t path; /* hash of it */
	uint64_t digest; /* likewise; 0: not told */
};

/* Keyed, so that nobody can make a file whose name or content passes for a package's: who wants one
 * hash has to find another digest by chance, and then a file that has it. */
struct package_table {
	uint64_t key[2];
	struct row *rows;
	size_t count;
	size_t capacity;
	bool is_partial;
};

struct package_table *package_table_new(void)
{
	struct package_table *table = calloc(1, sizeof(*table));

	if (table && getrandom(table->key, sizeof(table->key), 0) != sizeof(table->key)) {
		free(table);
		return NULL;
	}
	return table;
}

void package_table_free(struct package_table *table)
{
	if (!table)
		return;
	free(table->rows);
	free(table);
}

static uint64_t hash_of(const struct package_table *table, struct text path)
{
	uint64_t hash = hash_step(table->key[0], path.length);
	size_t at = 0;

	for (; at < path.length; at += sizeof(uint64_t)) {
		size_t size = path.length - at;
		uint64_t word = 0;

		memcpy(&word, path.at + at, size < sizeof(word) ? size : sizeof(word));
		hash = hash_step(hash, word ^ table->key[1]);
	}
	return hash_step(hash, table->key[1]);
}

/* NULL: not told. */
static uint64_t hash_of_digest(const struct package_table *table, const uint8_t *digest,
			       size_t bytes)
{
	uint64_t hash;

	if (!digest)
		return 0;
	hash = hash_of(table, (struct text){ (const char *)digest, bytes });
	return hash ? hash : 1;
}

static bool reserve(struct package_table *table)
{
	size_t capacity = table->capacity ? 2 * table->capacity : ROWS_FIRST;
	struct row *grown;

	if (table->count < table->capacity)
		return true;
	grown = capacity <= ROWS_MAX ? realloc(table->rows, capacity * sizeof(*grown)) : NULL;
	if (!grown)
		return false;
	table->rows = grown;
	table->capacity = capacity;
	return true;
}

void package_table_set_partial(struct package_table *table)
{
	table->is_partial = true;
}

void package_table_add(struct package_table *table, struct text path, const uint8_t *digest,
		       size_t digest_bytes)
{
	struct row *row;

	if (!reserve(table)) {
		table->is_partial = true;
		return;
	}
	row = &table->rows[table->count++];
	row->path = hash_of(table, path);
	row->digest = hash_of_digest(table, digest, digest_bytes);
}

/* Of one name those with a digest come last. */
static int compare(const void *a, const void *b)
{
	const struct row *one = a, *other = b;

	if (one->path != other->path)
		return one->path < other->path ? -1 : 1;
	return (one->digest > other->digest) - (one->digest < other->digest);
}

/* What was taken for rows that turned out to be the same. */
static void give_back(struct package_table *table)
{
	struct row *rows = table->count ? realloc(table->rows, table->count * sizeof(*rows)) : NULL;

	if (!rows)
		return;
	table->rows = rows;
	table->capacity = table->count;
}

/* A file stands in a package's list and, with its sum, in its sums: one row is enough. */
void package_table_sort(struct package_table *table)
{
	size_t kept = 0;

	if (table->count > 0)
		qsort(table->rows, table->count, sizeof(*table->rows), compare);
	for (size_t i = 0; i < table->count; i++) {
		if (kept > 0 && table->rows[kept - 1].path == table->rows[i].path)
			kept--;
		table->rows[kept++] = table->rows[i];
	}
	table->count = kept;
	give_back(table);
}

static struct row *find(const struct package_table *table, struct text path)
{
	uint64_t hash = hash_of(table, path);
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->rows[middle].path < hash)
			low = middle + 1;
		else
			high = middle;
	}
	return low < table->count && table->rows[low].path == hash ? &table->rows[low] : NULL;
}

void package_table_blur(struct package_table *table, struct text path)
{
	struct row *row = find(table, path);

	if (row)
		row->digest = 0;
}

enum package_state package_table_judge(const struct package_table *table, struct text path,
				       const struct package_digests *digests)
{
	const struct row *row = find(table, path);

	if (!row)
		return table->is_partial ? PACKAGE_UNKNOWN : PACKAGE_NOT_OWNED;
	if (!digests->md5 && !digests->sha256)
		return PACKAGE_UNKNOWN;
	if (row->digest == 0)
		return PACKAGE_OWNED;
	if (row->digest == hash_of_digest(table, digests->md5, HASH_MD5_BYTES) ||
	    row->digest == hash_of_digest(table, digests->sha256, HASH_SHA256_BYTES))
		return PACKAGE_UNMODIFIED;
	return digests->are_all ? PACKAGE_MODIFIED : PACKAGE_UNKNOWN;
}

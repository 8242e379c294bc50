/* SPDX-License-Identifier: Apache-2.0 */
#define HASH_NONFATAL_OOM 1 /* uthash would exit() otherwise; a failed add leaves hh.tbl NULL */
#define HASH_FUNCTION(key, length, value) (value) = hash_bytes(key, length)

#include "sensor/content/cache.h"

#include "common/hash.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

/* How many entries have one digest: of one content there may be many files. */
struct digest {
	uint8_t sha256[HASH_SHA256_BYTES];
	uint32_t entries;
	UT_hash_handle hh;
};

struct node {
	struct content_entry entry; /* first: callers have its address */
	struct digest *digest;
	struct node *prev, *next; /* asked for longest ago first */
	UT_hash_handle hh;
};

struct content_cache {
	uint32_t entries_max;
	uint32_t count;
	bool has_grown;
	struct node *nodes; /* by identity */
	struct node *order;
	struct digest *digests;
};

struct content_cache *content_cache_new(uint32_t entries_max)
{
	struct content_cache *cache = calloc(1, sizeof(*cache));

	if (cache)
		cache->entries_max = entries_max > 0 ? entries_max : 1;
	return cache;
}

static void drop(struct content_cache *cache, struct node *node)
{
	HASH_DELETE(hh, cache->nodes, node);
	DL_DELETE(cache->order, node);
	if (--node->digest->entries == 0) {
		HASH_DELETE(hh, cache->digests, node->digest);
		free(node->digest);
	}
	free(node);
	cache->count--;
}

void content_cache_free(struct content_cache *cache)
{
	if (!cache)
		return;
	while (cache->order)
		drop(cache, cache->order);
	free(cache);
}

static struct node *find(const struct content_cache *cache, const struct hash_identity *identity)
{
	struct node *node = NULL;

	HASH_FIND(hh, cache->nodes, identity, sizeof(*identity), node);
	return node;
}

struct content_entry *content_cache_find(struct content_cache *cache,
					 const struct hash_identity *identity)
{
	struct node *node = find(cache, identity);

	if (!node)
		return NULL;
	DL_DELETE(cache->order, node);
	DL_APPEND(cache->order, node);
	return &node->entry;
}

/* The digest's, a new one if need be; NULL without memory. */
static struct digest *refer(struct content_cache *cache, const uint8_t sha256[HASH_SHA256_BYTES])
{
	struct digest *digest = NULL;

	HASH_FIND(hh, cache->digests, sha256, HASH_SHA256_BYTES, digest);
	if (!digest) {
		digest = calloc(1, sizeof(*digest));
		if (!digest)
			return NULL;
		memcpy(digest->sha256, sha256, sizeof(digest->sha256));
		HASH_ADD(hh, cache->digests, sha256, HASH_SHA256_BYTES, digest);
		if (!digest->hh.tbl) {
			free(digest);
			return NULL;
		}
	}
	digest->entries++;
	return digest;
}

static void unrefer(struct content_cache *cache, struct digest *digest)
{
	if (--digest->entries > 0)
		return;
	HASH_DELETE(hh, cache->digests, digest);
	free(digest);
}

struct content_entry *content_cache_put(struct content_cache *cache,
					const struct content_entry *entry)
{
	struct node *node = find(cache, &entry->identity);

	if (node)
		return &node->entry;
	node = calloc(1, sizeof(*node));
	if (!node)
		return NULL;
	node->entry = *entry;
	node->digest = refer(cache, entry->sha256);
	if (!node->digest) {
		free(node);
		return NULL;
	}
	node->entry.is_new = node->digest->entries == 1;
	HASH_ADD(hh, cache->nodes, entry.identity, sizeof(struct hash_identity), node);
	if (!node->hh.tbl) {
		unrefer(cache, node->digest);
		free(node);
		return NULL;
	}
	DL_APPEND(cache->order, node);
	cache->count++;
	cache->has_grown = true;
	while (cache->count > cache->entries_max)
		drop(cache, cache->order);
	return &node->entry;
}

uint32_t content_cache_count(const struct content_cache *cache)
{
	return cache->count;
}

bool content_cache_has_grown(struct content_cache *cache)
{
	bool has_grown = cache->has_grown;

	cache->has_grown = false;
	return has_grown;
}

const struct content_entry *content_cache_first(const struct content_cache *cache)
{
	return cache->order ? &cache->order->entry : NULL;
}

const struct content_entry *content_cache_next(const struct content_entry *entry)
{
	const struct node *node = (const struct node *)(const void *)entry;

	return node->next ? &node->next->entry : NULL;
}

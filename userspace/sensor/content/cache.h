/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests by file identity, the one asked for longest ago gives way. What is remembered here is
 * what "first seen on this host" means. Pure but for cache_file.h.
 */
#ifndef YAGURA_CONTENT_CACHE_H
#define YAGURA_CONTENT_CACHE_H

#include "sensor/hasher/hash_message.h"

#include <stdbool.h>
#include <stddef.h>

struct content_cache;

struct content_entry {
	struct hash_identity identity;
	uint8_t sha256[HASH_SHA256_BYTES];
	uint8_t md5[HASH_MD5_BYTES];
	bool has_md5;
	bool is_new; /* no entry before it had this digest, and no record has said so yet */
	struct record_digest verity;
	struct record_digest ima;
};

/* At most `entries_max`, at least one. NULL without memory. */
struct content_cache *content_cache_new(uint32_t entries_max);
/* Takes NULL. */
void content_cache_free(struct content_cache *cache);

/* NULL when it is not known. Valid until the next put. */
struct content_entry *content_cache_find(struct content_cache *cache,
					 const struct hash_identity *identity);
/* Keeps a copy; `is_new` is found out here. One that is there already stays. The entry, or NULL
 * without memory. */
struct content_entry *content_cache_put(struct content_cache *cache,
					const struct content_entry *entry);
uint32_t content_cache_count(const struct content_cache *cache);
/* Whether something was put since this was asked last. */
bool content_cache_has_grown(struct content_cache *cache);

/* The oldest first; NULL ends. */
const struct content_entry *content_cache_first(const struct content_cache *cache);
const struct content_entry *content_cache_next(const struct content_entry *entry);

#endif

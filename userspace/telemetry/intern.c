/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/intern.h"

#include "common/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* uthash ends the process when memory runs out unless told otherwise. */
#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION(key, length, value) (value) = hash_bytes(key, length)
#include <uthash.h>

struct intern_entry {
	UT_hash_handle hh; /* uthash keeps the order of insertion */
	uint32_t reference;
	size_t length;
	uint8_t bytes[];
};

int intern_add(struct intern *intern, const void *bytes, size_t length, uint32_t *ret_reference)
{
	struct intern_entry *entry;
	unsigned hash = hash_bytes(bytes, length);

	HASH_FIND_BYHASHVALUE(hh, intern->entries, bytes, length, hash, entry);
	if (entry) {
		*ret_reference = entry->reference;
		return 0;
	}
	entry = malloc(sizeof(*entry) + length);
	if (!entry)
		return -ENOMEM;
	memcpy(entry->bytes, bytes, length);
	entry->length = length;
	entry->reference = intern->count + 1;
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, intern->entries, entry->bytes, length, hash, entry);
	if (!entry->hh.tbl) { /* how uthash says that it had no memory */
		free(entry);
		return -ENOMEM;
	}
	*ret_reference = ++intern->count;
	return 1;
}

void intern_clear(struct intern *intern)
{
	struct intern_entry *entry;
	struct intern_entry *following;

	HASH_ITER (hh, intern->entries, entry, following) {
		HASH_DEL(intern->entries, entry);
		free(entry);
	}
	intern->count = 0;
}

struct intern_entry *intern_first(const struct intern *intern)
{
	return intern->entries;
}

struct intern_entry *intern_next(const struct intern_entry *entry)
{
	return entry->hh.next;
}

uint8_t *intern_bytes(struct intern_entry *entry, size_t *ret_length)
{
	*ret_length = entry->length;
	return entry->bytes;
}

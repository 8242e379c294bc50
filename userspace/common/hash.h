/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash for the tables of one process: eight bytes a step, where the byte-wise ones that come with
 * uthash take most of a busy sensor's time. Neither keyed nor stable over byte orders: nothing that
 * is stored or sent may hold it, and a table that others can fill must be bounded.
 */
#ifndef YAGURA_COMMON_HASH_H
#define YAGURA_COMMON_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HASH_ODD                                                                                   \
	0x9e3779b97f4a7c15ull /* 2^64 divided by the golden ratio: no pattern in its bits */

/* Multiplying carries what a word says upwards, the shift carries it down again. */
static inline uint64_t hash_step(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * HASH_ODD;
	return hash ^ hash >> 32;
}

static inline uint32_t hash_bytes(const void *bytes, size_t length)
{
	const uint8_t *at = bytes;
	uint64_t hash = hash_step(0, length);
	uint64_t word;

	for (; length >= sizeof(word); at += sizeof(word), length -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		hash = hash_step(hash, word);
	}
	word = 0;
	if (length > 0)
		memcpy(&word, at, length);
	return (uint32_t)hash_step(hash, word);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/defrag.h"

#include "common/clock.h"
#include "common/hash.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION(key, length, value) (value) = hash_bytes(key, length)
#include <uthash.h>
#include <utlist.h>

#define BLOCK_BYTES 8u
#define BLOCKS_MAX ((DEFRAG_BYTES_MAX + BLOCK_BYTES - 1) / BLOCK_BYTES)

struct datagram {
	struct defrag_key key;
	UT_hash_handle hh;
	struct datagram *prev;
	struct datagram *next;
	uint64_t first_ns;
	uint32_t total_bytes; /* 0: the last fragment has not come */
	uint32_t end_bytes; /* of the fragment that reaches furthest */
	uint32_t blocks; /* there */
	uint8_t protocol;
	bool spoilt;
	uint8_t has[BLOCKS_MAX / 8 + 1];
	uint8_t bytes[BLOCKS_MAX * BLOCK_BYTES];
};

struct defrag {
	struct datagram *by_key;
	struct datagram *oldest; /* first */
	struct datagram *done; /* handed out */
	struct defrag_stats stats;
};

struct defrag *defrag_new(void)
{
	return calloc(1, sizeof(struct defrag));
}

static void unlink_datagram(struct defrag *defrag, struct datagram *datagram)
{
	HASH_DELETE(hh, defrag->by_key, datagram);
	DL_DELETE(defrag->oldest, datagram);
}

static void lose(struct defrag *defrag, struct datagram *datagram)
{
	unlink_datagram(defrag, datagram);
	defrag->stats.lost += !datagram->spoilt;
	free(datagram);
}

void defrag_flush(struct defrag *defrag)
{
	while (defrag->oldest)
		lose(defrag, defrag->oldest);
}

void defrag_release(struct defrag *defrag)
{
	struct datagram *datagram;
	struct datagram *following;

	DL_FOREACH_SAFE (defrag->done, datagram, following)
		free(datagram);
	defrag->done = NULL;
}

void defrag_free(struct defrag *defrag)
{
	if (!defrag)
		return;
	defrag_flush(defrag);
	defrag_release(defrag);
	free(defrag);
}

static bool is_late(const struct datagram *datagram, uint64_t now_ns)
{
	return now_ns > datagram->first_ns &&
	       now_ns - datagram->first_ns > DEFRAG_TIMEOUT_S * NS_PER_S;
}

static struct datagram *datagram_for(struct defrag *defrag, const struct fragment *fragment)
{
	struct datagram *datagram;

	while (defrag->oldest && is_late(defrag->oldest, fragment->time_ns))
		lose(defrag, defrag->oldest);
	HASH_FIND(hh, defrag->by_key, &fragment->key, sizeof(fragment->key), datagram);
	if (datagram)
		return datagram;
	if (HASH_COUNT(defrag->by_key) >= DEFRAG_DATAGRAMS_MAX)
		lose(defrag, defrag->oldest);
	datagram = malloc(sizeof(*datagram));
	if (!datagram)
		return NULL;
	/* Bytes are only read where `has` says that there are any. */
	memset(datagram, 0, offsetof(struct datagram, bytes));
	datagram->key = fragment->key;
	datagram->first_ns = fragment->time_ns;
	HASH_ADD(hh, defrag->by_key, key, sizeof(datagram->key), datagram);
	if (!datagram->hh.tbl) {
		free(datagram);
		return NULL;
	}
	DL_APPEND(defrag->oldest, datagram);
	return datagram;
}

static bool has_block(const struct datagram *datagram, uint32_t block)
{
	return datagram->has[block / 8] >> (block % 8) & 1;
}

/* Two lengths, or bytes after the end: as bad as bytes that differ. */
static bool contradicts_end(const struct datagram *datagram, const struct fragment *fragment,
			    uint32_t end)
{
	if (datagram->total_bytes > 0 && end > datagram->total_bytes)
		return true;
	if (fragment->more)
		return false;
	return datagram->end_bytes > end ||
	       (datagram->total_bytes > 0 && datagram->total_bytes != end);
}

/* False when a block is there already and differs. */
static bool copy_blocks(struct datagram *datagram, const struct fragment *fragment)
{
	struct cursor rest = fragment->bytes;
	uint32_t block = fragment->offset_bytes / BLOCK_BYTES;

	for (; rest.left > 0; block++) {
		size_t bytes = rest.left < BLOCK_BYTES ? rest.left : BLOCK_BYTES;
		struct cursor piece = cursor_take(&rest, bytes);
		uint8_t *place = datagram->bytes + (size_t)block * BLOCK_BYTES;

		if (has_block(datagram, block)) {
			if (memcmp(place, piece.at, bytes) != 0)
				return false;
			continue;
		}
		memcpy(place, piece.at, bytes);
		datagram->has[block / 8] |= (uint8_t)(1u << (block % 8));
		datagram->blocks++;
	}
	return true;
}

static bool is_complete(const struct datagram *datagram)
{
	return datagram->total_bytes > 0 &&
	       datagram->blocks == (datagram->total_bytes + BLOCK_BYTES - 1) / BLOCK_BYTES;
}

static void take(struct datagram *datagram, const struct fragment *fragment)
{
	uint32_t end = fragment->offset_bytes + (uint32_t)fragment->bytes.left;

	if (contradicts_end(datagram, fragment, end) || !copy_blocks(datagram, fragment)) {
		datagram->spoilt = true;
		return;
	}
	if (!fragment->more)
		datagram->total_bytes = end;
	if (end > datagram->end_bytes)
		datagram->end_bytes = end;
	if (fragment->offset_bytes == 0)
		datagram->protocol = fragment->protocol;
}

static bool is_possible(const struct fragment *fragment)
{
	size_t bytes = fragment->bytes.left;

	return cursor_ok(&fragment->bytes) && bytes > 0 &&
	       fragment->offset_bytes % BLOCK_BYTES == 0 &&
	       fragment->offset_bytes <= DEFRAG_BYTES_MAX &&
	       bytes <= DEFRAG_BYTES_MAX - fragment->offset_bytes &&
	       (!fragment->more || bytes % BLOCK_BYTES == 0);
}

int defrag_add(struct defrag *defrag, const struct fragment *fragment, struct cursor *ret_datagram,
	       uint8_t *ret_protocol)
{
	struct datagram *datagram;

	defrag->stats.fragments++;
	if (!is_possible(fragment)) {
		defrag->stats.malformed++;
		return -EBADMSG;
	}
	datagram = datagram_for(defrag, fragment);
	if (!datagram)
		return -ENOMEM;
	if (datagram->spoilt)
		return 0;
	take(datagram, fragment);
	defrag->stats.overlaps += datagram->spoilt;
	if (datagram->spoilt || !is_complete(datagram))
		return 0;
	unlink_datagram(defrag, datagram);
	DL_APPEND(defrag->done, datagram);
	defrag->stats.datagrams++;
	*ret_datagram = cursor_of(datagram->bytes, datagram->total_bytes);
	*ret_protocol = datagram->protocol;
	return 1;
}

void defrag_add_stats(const struct defrag *defrag, struct defrag_stats *stats)
{
	stats->fragments += defrag->stats.fragments;
	stats->datagrams += defrag->stats.datagrams;
	stats->lost += defrag->stats.lost;
	stats->overlaps += defrag->stats.overlaps;
	stats->malformed += defrag->stats.malformed;
}

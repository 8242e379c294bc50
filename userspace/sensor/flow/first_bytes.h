/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts one message together from pieces that come in any order, twice, or one byte at a time, and
 * says when reading it again is worth it. Bytes are wiped when they are given up.
 */
#ifndef YAGURA_FLOW_FIRST_BYTES_H
#define YAGURA_FLOW_FIRST_BYTES_H

#include "common/pieces.h"

struct first_bytes {
	struct pieces pieces;
	size_t bytes_max; /* what lies behind them is not kept */
	size_t total; /* of the message; 0: not known */
	size_t read; /* so many were read the last time */
	size_t read_sum; /* of all times */
	unsigned int spare_reads;
};

/* An empty message of at most `bytes_max` bytes. */
void first_bytes_init(struct first_bytes *message, size_t bytes_max);
/* Wipes and frees; the message is empty then. */
void first_bytes_done(struct first_bytes *message);

/* By how many bytes the heap would grow if `size` bytes at `offset` were added. */
size_t first_bytes_growth(const struct first_bytes *message, size_t offset, size_t size);
/* What it takes of the heap. */
size_t first_bytes_heap(const struct first_bytes *message);
/* Adds a copy of `piece`. 0, -ENOMEM, or -EBADMSG: a byte differs from the one that came for the
 * same place; the message is good for nothing then. */
int first_bytes_add(struct first_bytes *message, size_t offset, struct cursor piece);
/* How long the message says it is; 0 says nothing. */
void first_bytes_expect(struct first_bytes *message, size_t total);

/* All that was announced has come. */
bool first_bytes_is_whole(const struct first_bytes *message);
/* Nothing that may still come would be kept. */
bool first_bytes_is_full(const struct first_bytes *message);
/* There is more to read than the last time. */
bool first_bytes_has_news(const struct first_bytes *message);
/* It should be read now: there is news, all that was announced is there, and what was read so far
 * stands in proportion, so that tiny pieces cost no more than a few reads of the whole. */
bool first_bytes_is_due(const struct first_bytes *message);
/* What there is without a gap, valid until the next change; counts as read. */
struct cursor first_bytes_read(struct first_bytes *message);
/* That many bytes were read elsewhere before they were added. */
void first_bytes_was_read(struct first_bytes *message, size_t size);

#endif

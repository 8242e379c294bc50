/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that come in pieces, in any order, some of them twice: QUIC's CRYPTO frames and DTLS's
 * fragments. Memory grows with the highest byte seen, up to the limit given.
 */
#ifndef YAGURA_FINGERPRINT_PIECES_H
#define YAGURA_FINGERPRINT_PIECES_H

#include "common/cursor.h"

#include <stdint.h>

#define PIECES_RANGES_MAX 128 /* islands at once */

struct pieces_range {
	uint32_t from, to;
};

/* All zero is empty. */
struct pieces {
	uint8_t *bytes;
	size_t room;
	size_t range_count;
	struct pieces_range ranges[PIECES_RANGES_MAX]; /* ascending, never touching */
};

enum pieces_result {
	PIECES_OK,
	PIECES_OVERLAP, /* other bytes than these stand there already: which are right? */
	PIECES_LIMIT, /* past bytes_max, or too many islands */
	PIECES_NO_ROOM, /* no memory */
};

/* Takes a copy of `piece` for the place `offset`. Whatever the answer, what was there stays. */
enum pieces_result pieces_add(struct pieces *pieces, uint64_t offset, struct cursor piece,
			      size_t bytes_max);
/* What is there without a gap from the first byte on; valid until the next call. */
struct cursor pieces_bytes(const struct pieces *pieces);
/* Wipes and forgets everything. */
void pieces_done(struct pieces *pieces);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that come in pieces, in any order, some of them twice: segments of a stream, QUIC's CRYPTO
 * frames, DTLS's fragments. A byte costs the same wherever its piece lies: one bit each says which
 * have come. The heap grows with the highest place, and is wiped when it is given up.
 */
#ifndef YAGURA_COMMON_PIECES_H
#define YAGURA_COMMON_PIECES_H

#include "common/cursor.h"

/* All zero is empty. */
struct pieces {
	uint8_t *at; /* `capacity` bytes, and behind them a bit for each: it has come */
	size_t capacity;
	size_t prefix; /* so many have come without a gap */
	size_t end; /* behind the last that has come */
};

/* Takes a copy of `piece` for the place `offset`; how far places may go is for the caller to say.
 * 0, -ENOMEM, or -EBADMSG: other bytes than these stand there already, and which are right? What
 * came first stays. */
int pieces_add(struct pieces *pieces, size_t offset, struct cursor piece);
/* What there is without a gap from the first byte on; valid until the next change. */
struct cursor pieces_bytes(const struct pieces *pieces);
/* What it takes of the heap, and by how much that would grow for a piece that ends at `end`. */
size_t pieces_heap(const struct pieces *pieces);
size_t pieces_growth(const struct pieces *pieces, size_t end);
/* Wipes and frees; empty then. */
void pieces_done(struct pieces *pieces);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that come in pieces, in any order, some of them twice: QUIC's CRYPTO frames and DTLS's
 * fragments. Memory grows with the highest byte seen, up to the limit given.
 */
#ifndef YAGURA_FINGERPRINT_ASSEMBLY_H
#define YAGURA_FINGERPRINT_ASSEMBLY_H

#include "common/cursor.h"

#include <stdint.h>

#define ASSEMBLY_RANGES_MAX 128 /* islands at once */

struct assembly_range {
	uint32_t from, to;
};

/* All zero is empty. */
struct assembly {
	uint8_t *bytes;
	size_t room;
	size_t range_count;
	struct assembly_range ranges[ASSEMBLY_RANGES_MAX]; /* ascending, never touching */
};

enum assembly_result {
	ASSEMBLY_OK,
	ASSEMBLY_OVERLAP, /* other bytes than these stand there already: which are right? */
	ASSEMBLY_LIMIT, /* past bytes_max, or too many islands */
	ASSEMBLY_NO_ROOM, /* no memory */
};

/* Takes a copy of `piece` for the place `offset`. Whatever the answer, what was there stays. */
enum assembly_result assembly_add(struct assembly *assembly, uint64_t offset, struct cursor piece,
				  size_t bytes_max);
/* What is there without a gap from the first byte on; valid until the next call. */
struct cursor assembly_bytes(const struct assembly *assembly);
/* Wipes and forgets everything. */
void assembly_done(struct assembly *assembly);

#endif

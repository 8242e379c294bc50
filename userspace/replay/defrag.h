/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IP datagrams out of their fragments (RFC 791 3.2, RFC 8200 4.5), bounded in number, size and
 * time. Fragments that overlap and agree are taken; where they differ no receiver can be guessed,
 * so that the whole datagram is given up and remembered as such until its time is over.
 */
#ifndef YAGURA_REPLAY_DEFRAG_H
#define YAGURA_REPLAY_DEFRAG_H

#include "common/cursor.h"

#include <stdbool.h>
#include <stdint.h>

#define DEFRAG_DATAGRAMS_MAX 256
#define DEFRAG_BYTES_MAX 65535u
#define DEFRAG_TIMEOUT_S 60 /* RFC 8200 4.5 */

struct defrag;

struct defrag_key {
	uint8_t source[16];
	uint8_t destination[16];
	uint32_t id;
	uint8_t protocol; /* IPv4; IPv6: 0 */
	uint8_t is_ipv6;
	uint8_t zero[2];
};

struct fragment {
	struct defrag_key key;
	uint64_t time_ns;
	uint32_t offset_bytes; /* a multiple of 8 */
	bool more; /* fragments follow */
	uint8_t protocol; /* of the payload, told by the first fragment */
	struct cursor bytes;
};

struct defrag_stats {
	uint64_t fragments;
	uint64_t datagrams; /* complete */
	uint64_t lost; /* given up: too old, or too many */
	uint64_t overlaps; /* datagrams whose fragments contradicted each other */
	uint64_t malformed; /* fragments */
};

/* NULL without memory; defrag_free takes NULL. */
struct defrag *defrag_new(void);
void defrag_free(struct defrag *defrag);

/* Keeps a copy of a fragment. 1 when it was the last one missing: *ret_datagram is the payload,
 * valid until defrag_release, and *ret_protocol what it is; 0 when others are missing or the
 * datagram was given up; -EBADMSG for a fragment that cannot be; -ENOMEM. */
int defrag_add(struct defrag *defrag, const struct fragment *fragment, struct cursor *ret_datagram,
	       uint8_t *ret_protocol);
/* The datagrams that were handed out are no longer needed. */
void defrag_release(struct defrag *defrag);
/* No more will come: all that wait are lost. */
void defrag_flush(struct defrag *defrag);

/* Adds what was counted so far. */
void defrag_add_stats(const struct defrag *defrag, struct defrag_stats *stats);

#endif

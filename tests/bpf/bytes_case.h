/* SPDX-License-Identifier: Apache-2.0 */
/* The first bytes of one socket's flow, put together from what is told of them. */
#ifndef YAGURA_TESTS_BPF_BYTES_CASE_H
#define YAGURA_TESTS_BPF_BYTES_CASE_H

#include "bpf/flow_case.h"
#include "bpf/lib/look_types.h"

struct seen_side {
	uint8_t bytes[LOOK_WINDOW_BYTES];
	uint8_t has[LOOK_WINDOW_BYTES];
	uint32_t start; /* of the message told of last */
	uint32_t count; /* of bytes */
	uint32_t total;
	uint32_t pieces;
	uint32_t cuts;
	uint8_t cut; /* the last */
	uint8_t protocol;
};

struct seen_bytes {
	uint64_t cookie;
	struct seen_side side[2];
};

/* The socket's, by which the kernel names it (SO_COOKIE). */
uint64_t cookie_of(int fd);
/* Reads what waits for `timeout_ms`, or until `total` bytes of a message of `side` are there, which
 * is the answer. Each slot is freed as its bytes are taken. */
bool bytes_must_come(struct probe_fixture *fixture, struct seen_bytes *seen, unsigned side,
		     uint32_t total, uint32_t timeout_ms);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which events are missing, told by their numbers alone: what the kernel counts as lost must agree.
 * Events of one CPU come nearly in order (one that was interrupted gets its room late), so a hole
 * counts only when it has been passed by WINDOW events or by two calls of sequence_settle(), and no
 * longer counts when what it lacked arrives after all.
 *
 * All state lies in memory that outlives a worker, and is written so that a kill between any two
 * stores leaves no false alarm: the next worker reads some events again, which their position in
 * the ring tells.
 */
#ifndef YAGURA_KERNEL_SEQUENCE_H
#define YAGURA_KERNEL_SEQUENCE_H

#include "bpf/abi/counters.h"
#include "bpf/abi/event.h"

#include <stddef.h>
#include <stdint.h>

struct sequence;

struct sequence_totals {
	uint64_t missing[EVENT_RING_COUNT];
	uint64_t late[EVENT_RING_COUNT]; /* came after they had been taken for missing */
	uint64_t unnumbered; /* this kernel numbers nothing */
	uint64_t untracked; /* of a CPU there is no room for, or with an absurd number */
};

/* Memory for so many CPUs. */
size_t sequence_bytes(uint32_t cpu_count);
/* Takes `size` bytes at `memory` (stays the caller's; 8-aligned). What was not left by a worker of
 * `instance` is started afresh. 0, -EINVAL (not even room for one CPU), -ENOMEM. */
int sequence_open(void *memory, size_t size, uint64_t instance, struct sequence **ret_sequence);
void sequence_close(struct sequence *sequence);

/* An event was read; `position` is that of the ring behind it. */
void sequence_saw(struct sequence *sequence, enum event_ring ring, uint64_t position,
		  const struct event_header *header);
/* A moment has gone by, longer than any event takes from its number to its place in the ring. */
void sequence_settle(struct sequence *sequence);
void sequence_totals(const struct sequence *sequence, struct sequence_totals *ret_totals);
/* What the kernel counted as lost of one ring's events: `missing` must come to the same. */
uint64_t sequence_counted(const struct counters *counters, enum event_ring ring);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arena of first bytes as the worker sees it (bpf/abi/arena.h): what an event tells of is
 * copied out, then its slot is wiped and free again. Slots that nobody ever told of, or will touch
 * again, are wiped and freed by age.
 */
#ifndef YAGURA_KERNEL_ARENA_H
#define YAGURA_KERNEL_ARENA_H

#include "bpf/abi/arena.h"
#include "bpf/abi/event.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;

struct arena_stats {
	uint64_t slots;
	uint64_t taken; /* at the last look: claimed, held or closing */
	uint64_t held; /* of these */
	uint64_t reclaimed; /* by age */
	uint64_t stale; /* events whose slot had other contents by then */
};

/* `slots` slots behind `fd` (stays the caller's, and open as long as the arena is). They are mapped
 * as they are used. 0 or -errno. */
int arena_open(int fd, uint32_t slots, struct arena **ret_arena);
/* Takes NULL. */
void arena_close(struct arena *arena);

/* Copies the event's bytes out and frees its slot, unless that holds more. The number of bytes, or
 * -ESTALE when the slot has other contents by now (another worker took these), -EBADMSG when there
 * is no such slot, -ENOMEM when it cannot be mapped. */
int arena_take(struct arena *arena, const struct event_bytes *event,
	       uint8_t ret_bytes[ARENA_BYTES_MAX]);

/* Once a second: closes what was claimed longer than ten seconds ago, wipes and frees what was
 * closed the time before. `all_told`: no event waits in the ring. */
void arena_reclaim(struct arena *arena, uint64_t now_ns, bool all_told);

/* Every event was read: the search for a free slot begins at the front again, so that few slots are
 * ever used, and those are in the processor's cache. Not while slots hold bytes that came early: of
 * these there may be many in a row. */
void arena_rewind(struct arena *arena);

void arena_stats(const struct arena *arena, struct arena_stats *ret_stats);

#endif

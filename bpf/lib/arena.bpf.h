/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Slots for first bytes, and the events that tell of them. */
#ifndef YAGURA_LIB_ARENA_BPF_H
#define YAGURA_LIB_ARENA_BPF_H

#include "arena.h"
#include "compat.bpf.h"
#include "emit.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct arena_slot);
} arena __weak SEC(".maps");

#define ARENA_TRIES 8 /* slots asked in a row: they are freed in about the order of claims */

/* Whether `*bytes` is 1 to `bytes_max`, for a helper that copies as many: up to 6.1 the verifier
 * learns nothing from a comparison with 0, nor of a register what it learns of its copy. */
static __always_inline bool size_fits(__u32 *bytes, __u32 bytes_max)
{
	__u32 before = *bytes - 1;

	barrier_var(before);
	if (before >= bytes_max)
		return false;
	barrier_var(before);
	*bytes = before + 1;
	return true;
}

/* Of whom a piece is told. */
struct bytes_of {
	__u64 cookie;
	__u32 index;
	__u8 side;
	__u8 protocol;
};

static __always_inline struct arena_slot *arena_slot(__u32 number)
{
	return bpf_map_lookup_elem(&arena, &number);
}

/* Takes a free slot, now in `state`: its number, or 0 when none was found free. A function of its
 * own, verified once. */
__weak __u32 arena_claim(__u64 cookie, __u64 now_ns, __u32 state)
{
	struct arena_slot *head = arena_slot(0), *slot;
	__u32 i, number;

	if (!head || probe_config.arena_slots < 2)
		return 0;
	for (i = 0; i < ARENA_TRIES; i++) {
		/* Not kept meanwhile: the stack is short here. */
		number = word_next(&head->head.next) % (probe_config.arena_slots - 1) + 1;
		slot = arena_slot(number);
		if (!slot || slot->state != ARENA_FREE ||
		    !word_change(&slot->state, ARENA_FREE, state))
			continue;
		slot->generation++;
		slot->cookie = cookie;
		slot->claimed_ns = now_ns;
		return number;
	}
	return 0;
}

/* An event without bytes so far, or NULL: the ring is full (counted). Its room is taken first, so
 * that no slot is claimed in vain. */
static __always_inline struct event_bytes *bytes_reserve(const struct bytes_of *of)
{
	struct event_bytes *event = event_reserve(&ring_bulk, EVENT_BYTES, struct event_bytes);

	if (!event)
		return NULL;
	__builtin_memset(__builtin_assume_aligned(&event->cookie, 8), 0,
			 sizeof(*event) - sizeof(event->header));
	event->cookie = of->cookie;
	event->index = of->index;
	event->side = of->side;
	event->protocol = of->protocol;
	return event;
}

#endif

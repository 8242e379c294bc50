/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Segments that came early wait in slots of the arena, each for a stretch of the stream, until what
 * comes before them has been looked at. Slots are found by stretch and proved by cookie: they die
 * of age, the worker takes them back.
 */
#ifndef YAGURA_LIB_HOLD_BPF_H
#define YAGURA_LIB_HOLD_BPF_H

#include "look_kernel.bpf.h"

#define HOLD_SHARE 4 /* no more than a fourth of the arena: who sends out of order takes room */

static __always_inline __u32 hold_name(const struct look_source *source, __u32 stretch)
{
	return source->of.index << 8 | (__u32)source->of.side << 7 | (stretch & 0x7f);
}

/* The slot of a stretch, or NULL when there is none. */
static __always_inline struct arena_slot *hold_find(const struct look_source *source, __u32 stretch,
						    __u32 *ret_number)
{
	__u32 number = source->look->hold[source->of.side & 1][stretch & (FLOW_HOLDS - 1)];
	struct arena_slot *slot = number ? arena_slot(number) : NULL;

	*ret_number = number;
	if (!slot || slot->state != ARENA_HELD || slot->cookie != source->of.cookie ||
	    slot->stretch != hold_name(source, stretch))
		return NULL;
	return slot;
}

static __always_inline struct arena_slot *hold_begin(const struct look_source *source,
						     __u32 stretch)
{
	struct arena_slot *head = arena_slot(0), *slot;
	__u32 number = 0;

	if (!head || head->head.held >= probe_config.arena_slots / HOLD_SHARE)
		return NULL;
	slot = arena_claim(source->of.cookie, ARENA_HELD, &number);
	if (!slot)
		return NULL;
	__sync_fetch_and_add(&head->head.held, 1);
	__builtin_memset(slot->hold.is_there, 0, sizeof(slot->hold.is_there));
	slot->stretch = hold_name(source, stretch);
	source->look->hold[source->of.side & 1][stretch & (FLOW_HOLDS - 1)] = (__u16)number;
	return slot;
}

/* The bits from `from` to before `to` that lie in the word which begins at bit `base`. */
static __always_inline __u64 hold_bits(__u32 base, __u32 from, __u32 to)
{
	__u64 bits = ~0ull;

	if (to <= base || from >= base + 64)
		return 0;
	if (from > base)
		bits &= ~0ull << (from - base);
	if (to < base + 64)
		bits &= ~(~0ull << (to - base));
	return bits;
}

static __always_inline void hold_mark(struct arena_hold *hold, __u32 at, __u32 bytes)
{
	__u32 i;

	for (i = 0; i < ARENA_HOLD_WORDS; i++)
		hold->is_there[i] |= hold_bits(64 * i, at, at + bytes);
}

/* How many bytes are there in a row from `at` on. */
static __always_inline __u32 hold_run(const struct arena_hold *hold, __u32 at)
{
	__u32 end = at, i;

	for (i = 0; i < ARENA_HOLD_WORDS; i++) {
		__u64 gap = ~hold->is_there[i] & hold_bits(64 * i, end, ARENA_HOLD_BYTES);

		if (64 * (i + 1) <= end)
			continue;
		if (gap)
			return 64 * i + (__u32)__builtin_ctzll(gap) - at;
		end = 64 * (i + 1);
	}
	return end - at;
}

/* Keeps `bytes` bytes of the packet, from byte `from` of its payload: place `at` in a stretch. */
static __noinline bool hold_stretch(const struct look_source *source, __u32 stretch, __u32 at,
				    __u64 from_bytes)
{
	__u32 from = (__u32)(from_bytes >> 32), bytes = (__u32)from_bytes, number;
	struct arena_slot *slot = hold_find(source, stretch, &number);

	if (!slot)
		slot = hold_begin(source, stretch);
	if (!slot || at >= ARENA_HOLD_BYTES || bytes < 1 || bytes > ARENA_HOLD_BYTES)
		return false;
	if (bpf_skb_load_bytes(source->skb, source->base + from, slot->hold.bytes + at, bytes))
		return false;
	slot->claimed_ns = bpf_ktime_get_boot_ns();
	hold_mark(&slot->hold, at, bytes);
	return true;
}

/* An early segment. False when part of it could not be kept. */
static __always_inline bool hold_segment(const struct look_source *source, struct look_side *side,
					 __u32 offset, __u32 bytes)
{
	__u32 first = side->next / ARENA_HOLD_BYTES, done = 0, i;

	side->has_held = 1;
	for (i = 0; i < FLOW_HOLDS + 1; i++) {
		__u32 place = offset + done, stretch = place / ARENA_HOLD_BYTES;
		__u32 at = place % ARENA_HOLD_BYTES, part = ARENA_HOLD_BYTES - at;

		if (done >= bytes || place >= LOOK_WINDOW_BYTES)
			return true;
		if (part > bytes - done)
			part = bytes - done;
		if (stretch - first >= FLOW_HOLDS ||
		    !hold_stretch(source, stretch, at, (__u64)done << 32 | part))
			return false;
		done += part;
	}
	return done >= bytes;
}

/* What is held from `next` on: its slot, or 0, and how much. */
static __always_inline __u32 hold_next(const struct look_source *source, __u32 next,
				       __u32 *ret_bytes)
{
	__u32 number;
	struct arena_slot *slot = hold_find(source, next / ARENA_HOLD_BYTES, &number);

	if (!slot)
		return 0;
	*ret_bytes = hold_run(&slot->hold, next % ARENA_HOLD_BYTES);
	return *ret_bytes ? number : 0;
}

#endif

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

/* Its number, or 0. */
static __noinline __u32 hold_begin(const struct look_source *source, __u32 stretch)
{
	struct arena_slot *head = arena_slot(0), *slot;
	__u32 number;

	if (!head || head->head.held >= probe_config.arena_slots / HOLD_SHARE)
		return 0;
	number = arena_claim(source->of.cookie, bpf_ktime_get_boot_ns(), ARENA_HELD);
	slot = number ? arena_slot(number) : NULL;
	if (!slot)
		return 0;
	__sync_fetch_and_add(&head->head.held, 1);
	__builtin_memset(slot->hold.is_there, 0, sizeof(slot->hold.is_there));
	slot->stretch = hold_name(source, stretch);
	source->look->hold[source->of.side & 1][stretch & (FLOW_HOLDS - 1)] = (__u16)number;
	return number;
}

/* The lowest bits of a word, as many as `place` lies above its first bit, 0 to 64. A function of
 * its own, as the verifier would follow both ways through every word. */
__weak __u64 hold_below(__s64 place)
{
	if (place <= 0)
		return 0;
	return place >= 64 ? ~0ull : (1ull << place) - 1;
}

/* The lowest bit that is set; there is one. By hand: clang 14 does not end over
 * __builtin_ctzll() here. */
__weak __u32 hold_lowest(__u64 bits)
{
	__u32 place = 0, step;

#pragma GCC unroll 6
	for (step = 32; step > 0; step /= 2) {
		if ((bits & ((1ull << step) - 1)) == 0) {
			bits >>= step;
			place += step;
		}
	}
	return place;
}

/* Copies `bytes` bytes of the packet from `from` on to place `at` of what a slot holds; 0 when that
 * cannot be. Like the next one a function of its own, verified once. */
__weak int hold_copy(struct __sk_buff *skb, __u32 number, __u32 at, __u32 from, __u32 bytes)
{
	struct arena_slot *slot = arena_slot(number);
	__s64 first = at, end = (__s64)at + bytes;
	__u32 i;

	if (!slot)
		return 0;
	/* Checked here and not before, where a register would be spilled and the check with it. */
	barrier_var(at);
	if (at >= ARENA_HOLD_BYTES || !size_fits(&bytes, ARENA_HOLD_BYTES))
		return 0;
	if (bpf_skb_load_bytes(skb, from, slot->hold.bytes + at, bytes))
		return 0;
	slot->claimed_ns = bpf_ktime_get_boot_ns();
	for (i = 0; i < ARENA_HOLD_WORDS; i++)
		slot->hold.is_there[i] |= hold_below(end - 64 * i) & ~hold_below(first - 64 * i);
	return 1;
}

/* How many bytes a slot holds in a row from `at` on. */
__weak int hold_run(__u32 number, __u32 at)
{
	struct arena_slot *slot = arena_slot(number);
	__u32 i;

	if (!slot || at >= ARENA_HOLD_BYTES)
		return 0;
	for (i = 0; i < ARENA_HOLD_WORDS; i++) {
		__u64 gap = ~slot->hold.is_there[i] & ~hold_below((__s64)at - 64 * i);

		if (gap)
			return 64 * i + hold_lowest(gap) - at;
	}
	return ARENA_HOLD_BYTES - at;
}

/* Keeps `bytes` bytes of the packet, from byte `from` of its payload: place `at` in a stretch. */
static __always_inline bool hold_stretch(const struct look_source *source, __u32 stretch, __u32 at,
					 __u32 from, __u32 bytes)
{
	__u32 number = 0;

	if (!hold_find(source, stretch, &number))
		number = hold_begin(source, stretch);
	return number && hold_copy(source->skb, number, at, source->base + from, bytes);
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
		if (stretch - first >= FLOW_HOLDS || !hold_stretch(source, stretch, at, done, part))
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

	if (!hold_find(source, next / ARENA_HOLD_BYTES, &number))
		return 0;
	*ret_bytes = (__u32)hold_run(number, next % ARENA_HOLD_BYTES);
	return *ret_bytes ? number : 0;
}

#endif

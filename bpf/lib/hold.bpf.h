/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Segments that came early wait in slots of the arena, each for a stretch of the stream, until what
 * comes before them has been looked at: as many as hold the first 16 KiB of a direction. Slots are
 * found by stretch and proved by cookie: they die of age, the worker takes them back.
 */
#ifndef YAGURA_LIB_HOLD_BPF_H
#define YAGURA_LIB_HOLD_BPF_H

#include "look_kernel.bpf.h"

#define HOLD_SHARE 4 /* no more than a fourth of the arena: who sends out of order takes room */

static __always_inline __u32 hold_name(const struct look_source *source, __u32 stretch)
{
	return source->of.index << 8 | (__u32)source->of.side << 7 | (stretch & 0x7f);
}

/* The slot, if it holds bytes of this direction. */
static __always_inline struct arena_slot *hold_slot(const struct look_source *source, __u32 number)
{
	struct arena_slot *slot = number ? arena_slot(number) : NULL;

	if (!slot || slot->state != ARENA_HELD || slot->cookie != source->of.cookie ||
	    (slot->stretch ^ hold_name(source, 0)) >> 7)
		return NULL;
	return slot;
}

/* The number of the slot that holds a stretch, or 0. */
static __noinline __u32 hold_find(const struct look_source *source, __u32 stretch)
{
	__u32 number = source->look->hold[source->of.side & 1];
	const struct arena_slot *slot = hold_slot(source, number);

	barrier_var(stretch);
	if (!slot || stretch >= ARENA_HOLDS)
		return 0;
	if ((slot->stretch & 0x7f) == stretch)
		return number;
	number = slot->hold.others[stretch];
	slot = hold_slot(source, number);
	return slot && (slot->stretch & 0x7f) == stretch ? number : 0;
}

/* Where the slots of a direction are found: in its first one. */
static __always_inline void hold_enter(const struct look_source *source, __u32 stretch,
				       __u32 number)
{
	__u16 *first = &source->look->hold[source->of.side & 1];
	struct arena_slot *slot = hold_slot(source, *first);

	barrier_var(stretch);
	if (!slot) {
		*first = (__u16)number;
	} else if (stretch < ARENA_HOLDS) {
		slot->hold.others[stretch] = (__u16)number;
		slot->claimed_ns = bpf_ktime_get_boot_ns();
	}
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
	__builtin_memset(slot->hold.begins, 0, sizeof(slot->hold.begins));
	__builtin_memset(slot->hold.others, 0, sizeof(slot->hold.others));
	slot->stretch = hold_name(source, stretch);
	hold_enter(source, stretch, number);
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

/* A segment begins with byte `at`. */
static __always_inline void hold_mark(__u32 number, __u32 at)
{
	struct arena_slot *slot = arena_slot(number);
	__u32 word = at / 64;

	barrier_var(word);
	if (slot && word < ARENA_HOLD_WORDS)
		slot->hold.begins[word] |= 1ull << (at & 63);
}

/* The first place in what a slot holds, from `at` on, where there is no byte or, from `begins_at`
 * on, a segment begins. */
__weak int hold_reach(__u32 number, __u32 at, __u32 begins_at)
{
	struct arena_slot *slot = arena_slot(number);
	__u32 i;

	if (!slot)
		return 0;
	for (i = 0; i < ARENA_HOLD_WORDS; i++) {
		__u64 stop = (~slot->hold.is_there[i] & ~hold_below((__s64)at - 64 * i)) |
			     (slot->hold.begins[i] & ~hold_below((__s64)begins_at - 64 * i));

		if (stop)
			return (int)(64 * i + hold_lowest(stop));
	}
	return ARENA_HOLD_BYTES;
}

/* Keeps part of a segment that came early: `bytes` bytes of the packet from `from` on, at `place`
 * in the stream, all in one stretch. `begins`: the segment does. False when that cannot be. */
static __always_inline bool hold_part(const struct look_source *source, __u32 from, __u32 place,
				      __u32 bytes, bool begins)
{
	__u32 stretch = place / ARENA_HOLD_BYTES, at = place % ARENA_HOLD_BYTES;
	__u32 number = hold_find(source, stretch);

	if (!number)
		number = hold_begin(source, stretch);
	if (!number || !hold_copy(source->skb, number, at, from, bytes))
		return false;
	if (begins)
		hold_mark(number, at);
	return true;
}

/* What is held of what is to be looked at next: its slot, or 0, and how much: while no message is
 * under way, one segment; else all that there is in a row. */
static __always_inline __u32 hold_next(const struct look_source *source,
				       const struct look_side *side, __u32 *ret_bytes)
{
	__u32 at = side->next % ARENA_HOLD_BYTES;
	__u32 begins_at = side->state == LOOK_LOOKING ? at + 1 : ARENA_HOLD_BYTES;
	__u32 number = hold_find(source, side->next / ARENA_HOLD_BYTES);

	if (!number)
		return 0;
	*ret_bytes = (__u32)hold_reach(number, at, begins_at) - at;
	return *ret_bytes ? number : 0;
}

static __always_inline __u32 look_segment_end(struct look_source *source,
					      const struct look_segment *segment, __u32 at)
{
	__u32 in_slot = source->base + at;

	if (!source->slot)
		return segment->bytes;
	return (__u32)hold_reach(source->slot, in_slot, in_slot) - source->base;
}

#endif

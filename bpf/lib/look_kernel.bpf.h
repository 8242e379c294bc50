/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What look.h needs of the kernel: bytes of a packet, or of a slot that holds early ones; pieces go
 * into slots and are told of in the bulk ring. */
#ifndef YAGURA_LIB_LOOK_KERNEL_BPF_H
#define YAGURA_LIB_LOOK_KERNEL_BPF_H

#include "arena.bpf.h"
#include "look.h"

struct look_source {
	struct __sk_buff *skb;
	struct flow_look *look; /* NULL for datagrams */
	struct bytes_of of;
	__u32 base; /* where the payload begins in the packet, or the segment in what is held */
	__u32 slot; /* that holds it; 0: it is the packet's */
	bool egress; /* of TCP */
};

/* --- bytes --- */

/* So many words from place `at` of what a slot holds. What lies behind them is still in the slot:
 * its second half is never used. */
static __always_inline bool held_words(__u32 number, __u32 at, __u64 *to, __u32 words)
{
	const struct arena_slot *slot = arena_slot(number);
	const volatile __u64 *from;
	__u32 i;

	barrier_var(at);
	if (!slot || at >= ARENA_HOLD_BYTES)
		return false;
	from = (const volatile __u64 *)(slot->hold.bytes +
					at); /* at any byte: a map may be read so */
#pragma GCC unroll 8
	for (i = 0; i < words; i++)
		to[i] = from[i];
	return true;
}

/* These are functions of their own, each verified once. `slot` is 0 for bytes of the packet. */
__weak __u64 look_word_of(struct __sk_buff *skb, __u32 slot, __u32 at, __u32 count)
{
	__u64 word = 0;

	if (slot)
		held_words(slot, at, &word, 1);
	else if (size_fits(&count, sizeof(word)))
		bpf_skb_load_bytes(skb, at, &word, count);
	return dissect_word(word, count);
}

/* None of its own: two words are more than one returns. */
static __always_inline struct dissect_head look_head_at(struct look_source *source, __u32 at,
							__u32 count)
{
	__u64 words[2] = { 0 };
	__u32 bytes = count;

	if (source->slot)
		held_words(source->slot, source->base + at, words, 2);
	else if (size_fits(&bytes, sizeof(words)))
		bpf_skb_load_bytes(source->skb, source->base + at, words, bytes);
	return dissect_head_of(words, count);
}

__weak int look_scan_of(struct __sk_buff *skb, __u32 slot, __u32 at, __u32 count)
{
	__u64 words[LOOK_SCAN_WORDS] = { 0 };

	if (slot)
		held_words(slot, at, words, LOOK_SCAN_WORDS);
	else if (size_fits(&count, LOOK_SCAN_BYTES))
		bpf_skb_load_bytes(skb, at, words, count);
	return (int)look_scan_words(words);
}

static __always_inline __u32 look_scan(struct look_source *source, __u32 at, __u32 count)
{
	return (__u32)look_scan_of(source->skb, source->slot, source->base + at, count);
}

__weak __u64 look_chunk_of(struct __sk_buff *skb, __u32 slot, __u32 at, __u32 count, __u64 machine)
{
	__u64 words[LOOK_CHUNK_WORDS] = { 0 };
	union look_machine stuck = { .word = machine };
	bool is_there = false;

	if (slot)
		is_there = held_words(slot, at, words, LOOK_CHUNK_WORDS);
	else if (size_fits(&count, LOOK_CHUNK_BYTES))
		is_there = bpf_skb_load_bytes(skb, at, words, count) == 0;
	if (is_there)
		return look_run_chunk(words, count, machine);
	stuck.phase = LOOK_BROKEN;
	stuck.taken = 0;
	return stuck.word;
}

static __always_inline __u64 look_chunk(struct look_source *source, __u32 at, __u32 count,
					__u64 machine)
{
	return look_chunk_of(source->skb, source->slot, source->base + at, count, machine);
}

/* Likewise: likeness, and the protocol above it. */
__weak int look_dissect_of(__u64 first, __u64 second, __u32 count, __u32 wanted)
{
	const struct dissect_head head = { first, second, count };
	struct dissect_answer answer = dissect_stream(&head, wanted);

	return (int)(answer.likeness | answer.protocol << 8);
}

static __always_inline struct dissect_answer look_dissect(const struct dissect_head *head,
							  __u32 wanted)
{
	__u32 answer = (__u32)look_dissect_of(head->first, head->second, head->count, wanted);

	return (struct dissect_answer){ answer & 0xff, answer >> 8 & 0xff };
}

__weak __u64 look_head_run_of(__u64 first, __u64 second, __u32 count, __u64 machine)
{
	const struct dissect_head head = { first, second, DISSECT_HEAD_BYTES };

	return look_run_head(&head, count, machine);
}

static __always_inline __u64 look_head_run(const struct dissect_head *head, __u32 count,
					   __u64 machine)
{
	return look_head_run_of(head->first, head->second, count, machine);
}

/* --- pieces --- */

/* A piece in four numbers: 5.10 hands functions that are verified once nothing but the context and
 * numbers. None of them passes the window, or what headers can have. */
union piece_where {
	__u64 word;
	struct {
		__u16 slot;
		__u16 base;
		union {
			__u8 egress; /* of TCP */
			__u8 side; /* of datagrams */
		};
		__u8 protocol;
		__u8 cut;
		__u8 carried_count; /* 0: the numbers behind are where it is in the segment, and 0
				     */
	};
};

union piece_what {
	__u64 word;
	struct {
		__u16 start;
		__u16 offset;
		__u16 bytes;
		__u16 total_bytes;
	};
};

/* Puts the piece's bytes into a slot of their own; false: there is none. */
static __always_inline bool piece_store(const struct look_source *source,
					const struct look_piece *piece, struct event_bytes *event)
{
	__u32 number = arena_claim(source->of.cookie, event->header.time_ns, ARENA_CLAIMED);
	struct arena_slot *slot = number ? arena_slot(number) : NULL;
	__u32 bytes = event->bytes;
	__u64 *words;

	if (!slot)
		return false;
	words = (__u64 *)slot->bytes;
	if (piece->carried.count) {
		words[0] = __builtin_bswap64(piece->carried.first);
		words[1] = __builtin_bswap64(piece->carried.second);
	} else if (!size_fits(&bytes, ARENA_BYTES_MAX) ||
		   bpf_skb_load_bytes(source->skb, source->base + piece->at, slot->bytes, bytes)) {
		slot->state = ARENA_FREE;
		return false;
	}
	event->slot = number;
	event->generation = slot->generation;
	return true;
}

static __always_inline void piece_is_held(const struct look_source *source, __u32 at,
					  struct event_bytes *event)
{
	const struct arena_slot *slot = arena_slot(source->slot);

	event->slot = source->slot;
	event->generation = slot ? slot->generation : 0;
	event->slot_at = (__u16)(offsetof(struct arena_hold, bytes) + source->base + at);
	event->flags = BYTES_STAY;
}

/* Slots are claimed in a circle: its reader is woken four times a round, lest they run out before
 * it polls. */
static __always_inline __u64 piece_wakeup(const struct event_bytes *event)
{
	__u32 quarter = probe_config.arena_slots / 4 + 1;

	if (event->slot && event->slot % quarter == 0)
		return BPF_RB_FORCE_WAKEUP;
	return wakeup_flags(&ring_bulk, sizeof(*event));
}

/* A piece that is due: no longer than a slot; without bytes it tells of a cut. */
static __always_inline void piece_tell(const struct look_source *source,
				       const struct look_piece *piece)
{
	struct event_bytes *event;

	if (piece->cut == LOOK_CUT_UNSEEN || piece->cut == LOOK_CUT_ORDER)
		counter_add(COUNTER_BYTES_UNSEEN);
	event = bytes_reserve(&source->of);
	if (!event)
		return;
	event->protocol = piece->protocol;
	event->start = piece->start;
	event->offset = piece->offset;
	event->bytes = (__u16)piece->bytes;
	event->cut = piece->cut;
	event->total_bytes = piece->total_bytes;
	if (piece->bytes && source->slot && !piece->carried.count) {
		piece_is_held(source, piece->at, event);
	} else if (piece->bytes && !piece_store(source, piece, event)) {
		event->bytes = 0;
		event->cut = LOOK_CUT_NO_ROOM;
		counter_add(COUNTER_BYTES_NO_ROOM);
	}
	bpf_ringbuf_submit(event, piece_wakeup(event));
}

#endif

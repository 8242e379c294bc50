/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where messages begin: in a segment's first bytes, behind what was carried over from the one
 * before, or a TLS hello behind something else. Part of look.h, which says what it needs. */
#ifndef YAGURA_LIB_LOOK_BEGIN_H
#define YAGURA_LIB_LOOK_BEGIN_H

#include "look_types.h"

struct look_source;
static struct dissect_head look_head_at(struct look_source *source, __u32 at, __u32 count);
static __u64 look_chunk(struct look_source *source, __u32 at, __u32 count, __u64 machine);
static __u32 look_run_some(struct look_source *source, struct look_side *side, __u32 at, __u32 to);
static __u64 look_head_run(const struct dissect_head *head, __u32 count, __u64 machine);
static __u32 look_scan(struct look_source *source, __u32 at, __u32 count);
static __u32 look_segment_end(struct look_source *source, const struct look_segment *segment,
			      __u32 at);
static struct dissect_answer look_dissect(const struct dissect_head *head, __u32 wanted);
static void look_emit(struct look_source *source, const struct look_side *side,
		      const struct look_piece *piece);
static void look_emit_short(struct look_source *source, const struct look_side *side,
			    const struct look_piece *piece);

DISSECT_INLINE struct dissect_head look_head(struct look_source *source, __u32 at, __u32 to)
{
	if (at >= to)
		return (struct dissect_head){ 0 };
	return look_head_at(source, at,
			    to - at < DISSECT_HEAD_BYTES ? to - at : DISSECT_HEAD_BYTES);
}

DISSECT_INLINE void look_carry(struct look_side *side, const struct dissect_head *head,
			       __u32 begins)
{
	side->carry_first = head->first;
	side->carry_second = head->second;
	side->carry_count = (__u8)head->count;
	side->carry_begins = (__u16)begins;
}

DISSECT_INLINE __u8 look_first_phase(enum dissect_protocol protocol)
{
	if (protocol == DISSECT_TLS)
		return LOOK_TLS_RECORD;
	if (protocol == DISSECT_SSH)
		return LOOK_SSH_BANNER;
	return protocol == DISSECT_HTTP ? LOOK_HTTP : LOOK_DNS_LENGTH;
}

DISSECT_INLINE void look_begin(struct look_side *side, enum dissect_protocol protocol, __u32 start)
{
	side->machine.word = 0;
	side->machine.phase = look_first_phase(protocol);
	side->protocol = (__u8)protocol;
	side->start = start;
	side->segments = 0;
	side->state = LOOK_IN_MESSAGE;
}

DISSECT_INLINE void look_emit_carried(struct look_source *source, const struct look_side *side,
				      const struct dissect_head *head, __u32 bytes)
{
	bool is_whole = side->machine.phase == LOOK_ENDED;
	struct look_piece piece = { .carried = *head,
				    .bytes = bytes,
				    .start = side->start,
				    .total_bytes = is_whole ? bytes : 0,
				    .protocol = side->protocol };

	piece.carried.count = bytes;
	look_emit_short(source, side, &piece);
}

/* A message begins in what was carried: `count` bytes of `head` came before this segment. */
DISSECT_INLINE void look_begin_carried(struct look_source *source, struct look_side *side,
				       enum dissect_protocol protocol,
				       const struct dissect_head *head, __u32 count)
{
	look_begin(side, protocol, side->next - count);
	side->machine.word = look_head_run(head, count, side->machine.word);
	look_emit_carried(source, side, head, count);
}

/* What was carried, and the segment's first bytes behind it. */
struct look_window {
	__u64 word[4];
	__u32 count; /* of bytes */
};

/* Without a branch but one, as the verifier follows every one. A shift by 64 is made of two. */
DISSECT_INLINE struct look_window look_window_of(const struct look_side *side,
						 const struct dissect_head *fresh)
{
	__u32 bits = 8 * (side->carry_count & 7u);
	struct look_window window = { { side->carry_first, side->carry_second, 0, 0 },
				      side->carry_count + fresh->count };
	__u64 high = fresh->first >> bits;
	__u64 middle = fresh->first << 1 << (63 - bits) | fresh->second >> bits;
	__u64 low = fresh->second << 1 << (63 - bits);

	if (side->carry_count < 8) {
		window.word[0] |= high;
		window.word[1] |= middle;
		window.word[2] = low;
	} else {
		window.word[1] |= high;
		window.word[2] = middle;
		window.word[3] = low;
	}
	return window;
}

DISSECT_INLINE struct dissect_head look_window_head(const struct look_window *window)
{
	return (struct dissect_head){
		.first = window->word[0],
		.second = window->word[1],
		.count = window->count < DISSECT_HEAD_BYTES ? window->count : DISSECT_HEAD_BYTES,
	};
}

DISSECT_INLINE void look_window_drop(struct look_window *window)
{
	window->word[0] = window->word[0] << 8 | window->word[1] >> 56;
	window->word[1] = window->word[1] << 8 | window->word[2] >> 56;
	window->word[2] = window->word[2] << 8 | window->word[3] >> 56;
	window->word[3] <<= 8;
	window->count--;
}

/*
 * Does a message begin in the bytes carried over, with those of this segment behind them? Of bytes
 * that cannot be a beginning the first is dropped, until only bytes of this segment are left: these
 * are looked at on their own. True when that is not needed any more.
 */
DISSECT_INLINE bool look_at_carried(struct look_source *source, struct look_side *side,
				    const struct look_segment *segment, __u32 at)
{
	struct dissect_head fresh = look_head(source, at, segment->bytes);
	__u32 begins = side->carry_begins | 1u << (side->carry_count & 15);
	struct look_window window = look_window_of(side, &fresh);
	__u32 wanted = segment->wanted & ~side->unwanted;
	__u32 carried = side->carry_count, i;

	side->carry_count = 0;
	for (i = 0; i < DISSECT_HEAD_BYTES; i++) {
		struct dissect_head head = look_window_head(&window);
		struct dissect_answer answer;

		if (i >= carried)
			break;
		answer = look_dissect(&head,
				      begins & 1 ? wanted : wanted & DISSECT_BIT(DISSECT_TLS));
		if (answer.likeness == DISSECT_YES) {
			look_begin_carried(source, side, answer.protocol, &head, carried - i);
			return true;
		}
		if (answer.likeness == DISSECT_MAYBE) {
			look_carry(side, &head, begins);
			return true;
		}
		look_window_drop(&window);
		begins >>= 1;
	}
	return false;
}

#define LOOK_INSIDE_TRIES 10 /* chunks looked at, and places that begin like a record */

/* A TLS hello behind something else: where it begins, or `to`. */
DISSECT_INLINE __u32 look_inside(struct look_source *source, struct look_side *side,
				 const struct look_segment *segment, __u32 at, __u32 to)
{
	__u32 end = to - at > LOOK_INSIDE_BYTES ? at + LOOK_INSIDE_BYTES : to;
	__u32 i, bytes, place;

	at++;
	for (i = 0; i < LOOK_INSIDE_TRIES; i++) {
		struct dissect_head head;
		enum dissect_likeness likeness;

		if (at >= end)
			break;
		bytes = end - at < LOOK_SCAN_BYTES ? end - at : LOOK_SCAN_BYTES;
		place = look_scan(source, at, bytes);
		at += place < bytes ? place : bytes;
		if (place >= bytes)
			continue;
		head = look_head(source, at, segment->bytes);
		likeness = look_dissect(&head, DISSECT_BIT(DISSECT_TLS)).likeness;
		if (likeness == DISSECT_YES)
			return at;
		if (likeness == DISSECT_MAYBE) {
			look_carry(side, &head, 0);
			break;
		}
		at++;
	}
	return to;
}

/* Finds a beginning; then a message is under way. */
DISSECT_INLINE void look_find_beginning(struct look_source *source, struct look_side *side,
					const struct look_segment *segment, __u32 at, __u32 to)
{
	__u32 wanted = segment->wanted & ~side->unwanted;
	struct dissect_answer answer;
	struct dissect_head head;

	if (at > 0 && side->protocol == DISSECT_HTTP)
		wanted &=
			DISSECT_BIT(DISSECT_TLS); /* the rest is a body: no beginning but a hello */
	side->looked++;
	head = look_head(source, at, segment->bytes);
	answer = look_dissect(&head, wanted);
	if (answer.likeness == DISSECT_MAYBE)
		look_carry(side, &head, 1);
	if (answer.likeness == DISSECT_NO && wanted & DISSECT_BIT(DISSECT_TLS) &&
	    !side->is_inside_over) {
		at = look_inside(source, side, segment, at, to);
		answer.protocol = DISSECT_TLS;
		answer.likeness = at < to ? DISSECT_YES : DISSECT_NO;
	}
	if (answer.likeness == DISSECT_YES)
		look_begin(side, answer.protocol, segment->offset + at);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which bytes of a TCP stream are wanted. One struct look_side per direction is fed its segments
 * and says, piece by piece, what belongs to a hello, a banner with its key exchange, the head of an
 * HTTP request, a DNS message; and nothing of what follows. Compiled for BPF and for userspace.
 *
 * A stream is looked at in its own order: a segment that comes early is the caller's to keep
 * (LOOK_HOLD) until those before it have come. While nothing is under way, each segment's first
 * bytes are looked at (dissect.h), and what might become a beginning is carried over to the next
 * segment. A message is then followed to its end by a machine of a few bytes, which sees lengths
 * and line ends only.
 *
 * What includes this has, before it, `struct look_source` (where the bytes are) and
 *   bool look_load(source, at, to, bytes)          copies from byte `at` of the segment's payload
 *   __u64 look_chunk(source, at, count, machine)   look_run_chunk() over up to 64 bytes from there
 *   void look_emit(source, side, piece)            takes a piece
 * Userspace finds all three in look_user.h.
 */
#ifndef YAGURA_LIB_LOOK_H
#define YAGURA_LIB_LOOK_H

#include "look_types.h"

struct look_source;
static bool look_load(struct look_source *source, __u32 at, void *to, __u32 bytes);
static __u64 look_chunk(struct look_source *source, __u32 at, __u32 count, __u64 machine);
static void look_emit(struct look_source *source, const struct look_side *side,
		      const struct look_piece *piece);

/* From byte `at` of the segment to `to`, or to the message's end; returns where it stopped. */
DISSECT_INLINE __u32 look_run(struct look_source *source, union look_machine *machine, __u32 at,
			      __u32 to)
{
	union look_machine m = *machine;
	__u32 i, bytes;

	for (i = 0; i < LOOK_RUNS_MAX; i++) {
		if (at >= to || look_is_over(&m))
			break;
		bytes = to - at;
		if (look_skippable(&m)) {
			bytes = look_skippable(&m) < bytes ? look_skippable(&m) : bytes;
			look_skip(&m, bytes);
			at += bytes;
			continue;
		}
		m.word = look_chunk(source, at, bytes < LOOK_CHUNK_BYTES ? bytes : LOOK_CHUNK_BYTES,
				    m.word);
		at += m.taken;
	}
	*machine = m;
	return at;
}

/* --- beginnings --- */

DISSECT_INLINE struct dissect_head look_head(struct look_source *source, __u32 at, __u32 to)
{
	__u32 count = to - at < DISSECT_HEAD_BYTES ? to - at : DISSECT_HEAD_BYTES;
	__u64 words[2] = { 0, 0 };

	if (at >= to || !look_load(source, at, words, count))
		return (struct dissect_head){ 0 };
	return dissect_head_of(words, count);
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
	look_emit(source, side, &piece);
}

/* A message begins in what was carried: `count` bytes of `head` came before this segment. */
DISSECT_INLINE void look_begin_carried(struct look_source *source, struct look_side *side,
				       enum dissect_protocol protocol,
				       const struct dissect_head *head, __u32 count)
{
	__u32 i;

	look_begin(side, protocol, side->next - count);
	for (i = 0; i < DISSECT_HEAD_BYTES; i++) {
		if (i >= count || look_is_over(&side->machine))
			break;
		look_byte(&side->machine, dissect_at(head, i));
	}
	look_emit_carried(source, side, head, count);
}

/*
 * Does a message begin in the bytes carried over? They are filled up from this segment; of those
 * that cannot be a beginning the first is dropped, until only bytes of this segment are left: these
 * are looked at on their own. True when that is not needed any more.
 */
DISSECT_INLINE bool look_at_carried(struct look_source *source, struct look_side *side,
				    const struct look_segment *segment, __u32 at)
{
	struct dissect_head fresh = look_head(source, at, segment->bytes);
	struct dissect_head head = { side->carry_first, side->carry_second, side->carry_count };
	__u32 begins = side->carry_begins | 1u << (head.count & 15);
	__u32 wanted = segment->wanted & ~side->unwanted;
	__u32 carried = head.count; /* of the bytes in `head` */
	__u32 i;

	side->carry_count = 0;
	for (i = 0; i < 2 * DISSECT_HEAD_BYTES; i++) {
		struct dissect_answer answer;

		if (carried == 0)
			return false;
		if (head.count < DISSECT_HEAD_BYTES && fresh.count > 0) {
			dissect_push(&head, dissect_at(&fresh, 0));
			dissect_drop(&fresh);
			continue;
		}
		answer = dissect_stream(&head,
					begins & 1 ? wanted : wanted & DISSECT_BIT(DISSECT_TLS));
		if (answer.likeness == DISSECT_YES) {
			look_begin_carried(source, side, answer.protocol, &head, carried);
			return true;
		}
		if (answer.likeness == DISSECT_MAYBE) {
			look_carry(side, &head, begins);
			return true;
		}
		dissect_drop(&head);
		carried--;
		begins >>= 1;
	}
	return false;
}

/* The place of the byte in a word, counted from its highest; there is one. */
DISSECT_INLINE __u32 look_place_of(__u64 word, __u8 byte)
{
	__u32 i;

	for (i = 0; i < 7; i++) {
		if ((__u8)(word >> 56) == byte)
			break;
		word <<= 8;
	}
	return i;
}

/* The next place from `at` on, before `to`, where a hello might begin, or `to`. */
DISSECT_INLINE __u32 look_next_inside(struct look_source *source, __u32 at, __u32 to)
{
	__u32 i;

	for (i = 0; i < LOOK_INSIDE_BYTES / DISSECT_HEAD_BYTES + 1; i++) {
		struct dissect_head head = look_head(source, at, to);

		if (head.count == 0)
			break;
		if (dissect_has_byte(head.first, DISSECT_INSIDE))
			return at + look_place_of(head.first, DISSECT_INSIDE);
		if (dissect_has_byte(head.second, DISSECT_INSIDE))
			return at + 8 + look_place_of(head.second, DISSECT_INSIDE);
		at += DISSECT_HEAD_BYTES;
	}
	return to;
}

#define LOOK_INSIDE_TRIES 8 /* places that begin like a record, in one segment */

/* A TLS hello behind something else: where it begins, or `to`. */
DISSECT_INLINE __u32 look_inside(struct look_source *source, struct look_side *side,
				 const struct look_segment *segment, __u32 at, __u32 to)
{
	__u32 end = to - at > LOOK_INSIDE_BYTES ? at + LOOK_INSIDE_BYTES : to;
	__u32 i;

	for (i = 0; i < LOOK_INSIDE_TRIES; i++) {
		struct dissect_head head;
		enum dissect_likeness likeness;

		at = look_next_inside(source, at + 1, end);
		if (at >= end)
			break;
		head = look_head(source, at, segment->bytes);
		likeness = dissect_tls(&head);
		if (likeness == DISSECT_YES)
			return at;
		if (likeness == DISSECT_MAYBE) {
			look_carry(side, &head, 0);
			break;
		}
	}
	return to;
}

/* Finds a beginning; then a message is under way, from the place returned on. */
DISSECT_INLINE __u32 look_find(struct look_source *source, struct look_side *side,
			       const struct look_segment *segment, __u32 at, __u32 to)
{
	__u32 wanted = segment->wanted & ~side->unwanted;
	struct dissect_answer answer;
	struct dissect_head head;

	side->looked++;
	if (side->carry_count && look_at_carried(source, side, segment, at))
		return side->state == LOOK_IN_MESSAGE ? at : to;
	head = look_head(source, at, segment->bytes);
	answer = dissect_stream(&head, wanted);
	if (answer.likeness == DISSECT_MAYBE)
		look_carry(side, &head, 1);
	if (answer.likeness == DISSECT_NO && wanted & DISSECT_BIT(DISSECT_TLS) &&
	    !side->is_inside_over) {
		at = look_inside(source, side, segment, at, to);
		answer.protocol = DISSECT_TLS;
		answer.likeness = at < to ? DISSECT_YES : DISSECT_NO;
	}
	if (answer.likeness != DISSECT_YES)
		return to;
	look_begin(side, answer.protocol, segment->offset + at);
	return at;
}

/* --- segments --- */

/* Tells that bytes will not come. `side` is as it was when that was found out. */
DISSECT_INLINE void look_tell_cut(struct look_source *source, const struct look_side *side,
				  enum look_cut cut)
{
	bool is_under_way = side->state == LOOK_IN_MESSAGE;
	struct look_piece piece = { .start = is_under_way ? side->start : side->next,
				    .offset = is_under_way ? side->next - side->start : 0,
				    .protocol = is_under_way ? side->protocol : 0,
				    .cut = (__u8)cut };

	look_emit(source, side, &piece);
}

/* Gives the message under way up, and the direction with it. */
DISSECT_INLINE void look_give_up(struct look_source *source, struct look_side *side,
				 enum look_cut cut)
{
	look_tell_cut(source, side, cut);
	side->state = LOOK_DONE;
}

/* The message is whole: what may still come in this direction? */
DISSECT_INLINE void look_after(struct look_side *side)
{
	side->state = LOOK_LOOKING;
	switch (side->protocol) {
	case DISSECT_TLS:
		side->unwanted = (__u8)~DISSECT_BIT(DISSECT_TLS);
		side->is_inside_over = 1;
		if (side->looked < LOOK_SEGMENTS_MAX - LOOK_SEGMENTS_AFTER_HELLO)
			side->looked = LOOK_SEGMENTS_MAX - LOOK_SEGMENTS_AFTER_HELLO;
		break;
	case DISSECT_HTTP: /* CONNECT and Upgrade: anything but another request */
		side->unwanted |= DISSECT_BIT(DISSECT_HTTP) | DISSECT_BIT(DISSECT_DNS_TCP);
		break;
	case DISSECT_DNS_TCP:
		side->unwanted = (__u8)~DISSECT_BIT(DISSECT_DNS_TCP);
		side->is_inside_over = 1;
		side->looked = 0;
		if (++side->messages >= LOOK_DNS_TCP_MAX)
			side->state = LOOK_DONE;
		break;
	default:
		side->state = LOOK_DONE;
	}
}

/* Gives out what this segment has of the message under way; returns where it stopped. */
DISSECT_INLINE __u32 look_follow(struct look_source *source, struct look_side *side,
				 const struct look_segment *segment, __u32 at, __u32 to)
{
	__u32 end = look_run(source, &side->machine, at, to);
	struct look_piece piece = { .at = at,
				    .bytes = end - at,
				    .start = side->start,
				    .offset = segment->offset + at - side->start,
				    .protocol = side->protocol };

	if (side->machine.phase == LOOK_ENDED)
		piece.total_bytes = piece.offset + piece.bytes;
	if (piece.bytes > 0)
		look_emit(source, side, &piece);
	return end;
}

DISSECT_INLINE enum look_verdict look_settle(struct look_source *source, struct look_side *side,
					     const struct look_segment *segment, __u32 end)
{
	bool is_dns = side->protocol == DISSECT_DNS_TCP;

	switch (side->machine.phase) {
	case LOOK_BROKEN:
		look_give_up(source, side, LOOK_CUT_BROKEN);
		return LOOK_TAKEN;
	case LOOK_ENDED:
		look_after(side);
		side->next = is_dns ? segment->offset + end : segment->offset + segment->bytes;
		return is_dns && end < segment->bytes ? LOOK_MORE : LOOK_TAKEN;
	default:
		side->next = segment->offset + end;
		if (end < segment->bytes || ++side->segments >= LOOK_MESSAGE_SEGMENTS_MAX)
			look_give_up(source, side, LOOK_CUT_LIMIT);
		return LOOK_TAKEN;
	}
}

/* Part of look_segment(): it is the next one, from byte `at` on. */
DISSECT_INLINE enum look_verdict look_in_order(struct look_source *source, struct look_side *side,
					       const struct look_segment *segment, __u32 at)
{
	__u32 room = LOOK_WINDOW_BYTES - segment->offset; /* offset <= next < window */
	__u32 to = segment->bytes < room ? segment->bytes : room;

	if (side->state == LOOK_LOOKING)
		at = look_find(source, side, segment, at, to);
	if (side->state == LOOK_IN_MESSAGE) {
		at = look_follow(source, side, segment, at, to);
		return look_settle(source, side, segment, at);
	}
	side->next = segment->offset + segment->bytes;
	return LOOK_TAKEN;
}

/* Looks at a segment; look_emit() is called for what is wanted of it. */
DISSECT_INLINE enum look_verdict look_segment(struct look_source *source, struct look_side *side,
					      const struct look_segment *segment)
{
	__u32 end = segment->offset + segment->bytes;
	enum look_verdict verdict;

	if (side->state == LOOK_DONE)
		return LOOK_OVER;
	if (segment->offset >= LOOK_WINDOW_BYTES || end <= side->next)
		return LOOK_TAKEN;
	if (segment->offset > side->next)
		return LOOK_HOLD;
	verdict = look_in_order(source, side, segment, side->next - segment->offset);
	if (side->state == LOOK_IN_MESSAGE && side->next >= LOOK_WINDOW_BYTES)
		look_give_up(source, side, LOOK_CUT_LIMIT);
	if (side->state == LOOK_LOOKING &&
	    (side->looked >= LOOK_SEGMENTS_MAX || side->next >= LOOK_WINDOW_BYTES))
		side->state = LOOK_DONE;
	return side->state == LOOK_DONE ? LOOK_OVER : verdict;
}

/* Bytes before `offset` will never be shown: what was under way is cut, the rest is looked at from
 * there on. */
DISSECT_INLINE void look_jump(struct look_source *source, struct look_side *side, __u32 offset,
			      enum look_cut cut)
{
	if (side->state == LOOK_DONE)
		return;
	look_tell_cut(source, side, cut);
	side->state = offset < LOOK_WINDOW_BYTES ? LOOK_LOOKING : LOOK_DONE;
	side->carry_count = 0;
	side->next = offset;
}

#endif

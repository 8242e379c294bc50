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
 *   struct dissect_head look_head_at(source, at, count)  so many bytes from `at` of the segment's
 *                                                  payload, 1 to 16
 *   __u64 look_chunk(source, at, count, machine)   look_run_chunk() over up to 64 bytes from there
 *   __u32 look_run_some(source, side, at, to)      look_run_steps()
 *   struct dissect_answer look_dissect(head, wanted)   dissect_stream()
 *   __u64 look_head_run(head, count, machine)          look_run_head()
 *   __u32 look_scan(source, at, count)             look_scan_words() over up to 64 bytes from there
 *   __u32 look_segment_end(source, segment, at)    where, at or behind `at`, the sender's segment
 *                                                  ends: what is held may be several in one
 *   void look_emit(source, side, piece)            takes a piece
 *   void look_emit_short(source, side, piece)      likewise, one of 16 bytes at most
 * Userspace finds all of them in look_user.h.
 */
#ifndef YAGURA_LIB_LOOK_H
#define YAGURA_LIB_LOOK_H

#include "look_begin.h"

/* From byte `at` of the segment towards `to` or the message's end; returns how far it came. */
DISSECT_INLINE __u32 look_run_steps(struct look_source *source, struct look_side *side, __u32 at,
				    __u32 to)
{
	union look_machine m = side->machine;
	__u32 i, bytes;

	for (i = 0; i < LOOK_RUN_STEPS; i++) {
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
	side->machine = m;
	return at;
}

/* Likewise, but it comes there. */
DISSECT_INLINE __u32 look_run(struct look_source *source, struct look_side *side, __u32 at,
			      __u32 to)
{
	__u32 i;

	for (i = 0; i < LOOK_RUNS_MAX; i++) {
		if (at >= to || look_is_over(&side->machine))
			break;
		at = look_run_some(source, side, at, to);
	}
	return at;
}

/* Tells that bytes will not come. `side` is as it was when that was found out. */
DISSECT_INLINE void look_tell_cut(struct look_source *source, const struct look_side *side,
				  enum look_cut cut)
{
	bool is_under_way = side->state == LOOK_IN_MESSAGE;
	struct look_piece piece = { .start = is_under_way ? side->start : side->next,
				    .offset = is_under_way ? side->next - side->start : 0,
				    .protocol = is_under_way ? side->protocol : 0,
				    .cut = (__u8)cut };

	look_emit_short(source, side, &piece);
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
DISSECT_INLINE __u32 look_give_out(struct look_source *source, struct look_side *side,
				   const struct look_segment *segment, __u32 at, __u32 to)
{
	__u32 end = look_run(source, side, at, to);
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

/* Up to where, in this segment, anything is looked at. It begins before the window ends. */
DISSECT_INLINE __u32 look_end(const struct look_segment *segment)
{
	__u32 room = LOOK_WINDOW_BYTES - segment->offset;

	return segment->bytes < room ? segment->bytes : room;
}

DISSECT_INLINE enum look_verdict look_settle(struct look_source *source, struct look_side *side,
					     const struct look_segment *segment, __u32 end)
{
	/* Behind a message of DNS comes another; behind a request to a proxy, perhaps, a hello. */
	bool goes_on = side->protocol == DISSECT_DNS_TCP || side->protocol == DISSECT_HTTP;
	__u32 whole;

	switch (side->machine.phase) {
	case LOOK_BROKEN:
		look_give_up(source, side, LOOK_CUT_BROKEN);
		return LOOK_TAKEN;
	case LOOK_ENDED:
		look_after(side);
		whole = look_segment_end(source, segment, end);
		side->next = segment->offset + (goes_on ? end : whole);
		return goes_on && end < whole ? LOOK_MORE : LOOK_TAKEN;
	default:
		side->next = segment->offset + end;
		if (++side->segments >= LOOK_MESSAGE_SEGMENTS_MAX)
			look_give_up(source, side, LOOK_CUT_LIMIT);
		/* LOOK_RUNS_MAX was not enough: records of a few bytes. */
		return end < look_end(segment) ? LOOK_MORE : LOOK_TAKEN;
	}
}

/* Is anything more wanted of this direction? */
DISSECT_INLINE enum look_verdict look_bound(struct look_source *source, struct look_side *side,
					    enum look_verdict verdict)
{
	if (side->state == LOOK_IN_MESSAGE && side->next >= LOOK_WINDOW_BYTES)
		look_give_up(source, side, LOOK_CUT_LIMIT);
	if (side->state == LOOK_LOOKING &&
	    (side->looked >= LOOK_SEGMENTS_MAX || side->next >= LOOK_WINDOW_BYTES))
		side->state = LOOK_DONE;
	return side->state == LOOK_DONE ? LOOK_OVER : verdict;
}

/* The whole segment was looked at, and no message is under way. */
DISSECT_INLINE enum look_verdict look_pass(struct look_source *source, struct look_side *side,
					   const struct look_segment *segment)
{
	side->next = segment->offset + segment->bytes;
	return look_bound(source, side, LOOK_TAKEN);
}

/* First step of look_segment(): what is to become of it, and does a message begin in it? */
DISSECT_INLINE enum look_verdict look_find(struct look_source *source, struct look_side *side,
					   const struct look_segment *segment)
{
	if (side->state == LOOK_DONE)
		return LOOK_OVER;
	if (segment->offset >= LOOK_WINDOW_BYTES || segment->offset + segment->bytes <= side->next)
		return LOOK_TAKEN;
	if (segment->offset > side->next)
		return LOOK_HOLD;
	if (side->state == LOOK_LOOKING && side->carry_count)
		return LOOK_JOIN;
	if (side->state == LOOK_LOOKING)
		look_find_beginning(source, side, segment, side->next - segment->offset,
				    look_end(segment));
	return side->state == LOOK_IN_MESSAGE ? LOOK_FOLLOW : look_pass(source, side, segment);
}

/* After LOOK_JOIN: does one begin in what was carried? LOOK_MORE: no, look_find() knows better now.
 */
DISSECT_INLINE enum look_verdict look_join(struct look_source *source, struct look_side *side,
					   const struct look_segment *segment)
{
	if (!look_at_carried(source, side, segment, side->next - segment->offset))
		return LOOK_MORE;
	side->looked++;
	return side->state == LOOK_IN_MESSAGE ? LOOK_FOLLOW : look_pass(source, side, segment);
}

/* After LOOK_FOLLOW: gives out what the segment has of the message under way. */
DISSECT_INLINE enum look_verdict look_follow(struct look_source *source, struct look_side *side,
					     const struct look_segment *segment)
{
	__u32 from = side->start > side->next ? side->start : side->next;
	__u32 at = look_give_out(source, side, segment, from - segment->offset, look_end(segment));

	return look_bound(source, side, look_settle(source, side, segment, at));
}

/* Looks at a segment; look_emit() is called for what is wanted of it. */
DISSECT_INLINE enum look_verdict look_segment(struct look_source *source, struct look_side *side,
					      const struct look_segment *segment)
{
	enum look_verdict verdict = look_find(source, side, segment);

	if (verdict == LOOK_JOIN)
		verdict = look_join(source, side, segment);
	return verdict == LOOK_FOLLOW ? look_follow(source, side, segment) : verdict;
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

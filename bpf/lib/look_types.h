/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is kept of a direction that is looked at (look.h), and what is told of it. */
#ifndef YAGURA_LIB_LOOK_TYPES_H
#define YAGURA_LIB_LOOK_TYPES_H

#include "look_machine.h"

#define LOOK_WINDOW_BYTES 16384 /* of each direction: nothing beyond is looked at */
#define LOOK_SEGMENTS_MAX 24 /* looked at for a beginning */
#define LOOK_SEGMENTS_AFTER_HELLO 4 /* a HelloRetryRequest is followed by a second ServerHello */
#define LOOK_MESSAGE_SEGMENTS_MAX 2048
#define LOOK_DNS_TCP_MAX 16 /* messages of each direction */
#define LOOK_INSIDE_BYTES 128 /* of a segment, within which a TLS hello may begin (PROXY …) */
#define LOOK_RUN_STEPS 18 /* chunks and skips at once */
#define LOOK_RUNS_MAX 16 /* times so many, of one segment */
#define LOOK_PARTS_MAX 17 /* times one segment may be looked at: all messages, and one carried */

enum look_state {
	LOOK_LOOKING = 0,
	LOOK_IN_MESSAGE = 1,
	LOOK_DONE = 2, /* nothing more is wanted of this direction */
};

/* X(NAME, name): why bytes of a message, or perhaps a whole message, will not come. As the name
 * says it in a flow's record: proto/FINGERPRINTS.md. */
#define LOOK_CUTS(X)                                                                               \
	X(LIMIT, limit) /* the window, or a bound on segments */                                   \
	X(UNSEEN, unseen) /* the connection has them, and nobody saw them */                       \
	X(ORDER, order) /* too much came early to be kept */                                       \
	X(NO_ROOM, no_room) /* the arena was full */                                               \
	X(BROKEN, broken) /* a length or record that no such message has */

enum look_cut {
	LOOK_CUT_NONE = 0,
#define LOOK_CUT_ENUM(NAME, name) LOOK_CUT_##NAME,
	LOOK_CUTS(LOOK_CUT_ENUM)
#undef LOOK_CUT_ENUM
		LOOK_CUT_COUNT
};

/* Its name. */
DISSECT_INLINE const char *look_cut_name(__u8 cut)
{
	switch (cut) {
#define LOOK_CUT_CASE(NAME, name)                                                                  \
	case LOOK_CUT_##NAME:                                                                      \
		return #name;
		LOOK_CUTS(LOOK_CUT_CASE)
#undef LOOK_CUT_CASE
	default:
		return "cut";
	}
}

/* All zero: nothing has been seen of the stream. */
struct look_side {
	union look_machine machine;
	__u64 carry_first; /* as in struct dissect_head */
	__u64 carry_second;
	__u32 next; /* place in the stream up to which everything was looked at */
	__u32 start; /* of the message under way */
	__u32 top; /* highest place seen: what ends below it was sent before */
	__u16 segments; /* of the message under way */
	__u16 carry_begins; /* bit n: carried byte n was a segment's first */
	__u8 carry_count;
	__u8 looked; /* segments, for a beginning */
	__u8 unwanted; /* DISSECT_BIT of each protocol that is not looked for any more */
	__u8 is_inside_over; /* only beginnings of segments are looked at from now on */
	__u8 protocol; /* enum dissect_protocol of the message under way */
	__u8 state; /* enum look_state */
	__u8 messages; /* that were whole, of DNS */
	__u8 has_held; /* the caller's: it keeps early segments */
};
_Static_assert(sizeof(struct look_side) == 48, "look_side");

/* What look_emit() is given. */
struct look_piece {
	struct dissect_head carried; /* count > 0: these bytes, which came in earlier segments */
	__u32 at; /* else `bytes` bytes from here in the segment's payload */
	__u32 bytes;
	__u32 start; /* of the message, in the stream: names it */
	__u32 offset; /* of the piece in the message */
	__u32 total_bytes; /* of the message when this is its last piece, else 0 */
	__u8 protocol;
	__u8 cut; /* enum look_cut: there is no byte, nor will there be */
};

struct look_segment {
	__u32 offset; /* in the stream, of its first payload byte */
	__u32 bytes; /* of payload, not 0 */
	__u32 wanted; /* DISSECT_BIT of each protocol that is */
};

enum look_verdict {
	LOOK_TAKEN, /* looked at */
	LOOK_MORE, /* another message may begin in it: ask again, at most LOOK_PARTS_MAX times */
	LOOK_HOLD, /* it is early: keep it, and bring it again when `next` has come to it */
	LOOK_OVER, /* nothing more is wanted of this direction */
	LOOK_JOIN, /* these two only between the steps of look_segment() */
	LOOK_FOLLOW,
};

#endif

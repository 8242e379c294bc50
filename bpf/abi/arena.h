/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel/user contract: where first bytes lie between a hook and the worker. An array of slots
 * that both have mapped; slot 0 is the head of the arena. BPF claims a slot, fills it and tells of
 * it in an EVENT_BYTES; the worker copies the bytes out, wipes the slot and frees it. A slot in
 * which bytes are held that came early stays BPF's until nobody has touched it for long.
 */
#ifndef YAGURA_ABI_ARENA_H
#define YAGURA_ABI_ARENA_H

#include <linux/types.h>

#define ARENA_SLOT_BYTES 2048
#define ARENA_BYTES_MAX 2016 /* of one piece */
#define ARENA_CLAIMED_BYTES_MIN 16 /* written to of a claimed slot, or up to the piece's end */
#define ARENA_HOLD_BYTES 896 /* of the stream, held in one slot */
#define ARENA_HOLD_WORDS (ARENA_HOLD_BYTES / 64)
#define ARENA_HOLDS 19 /* such stretches are a direction's first 16 KiB */

enum arena_state {
	ARENA_FREE = 0,
	ARENA_CLAIMED = 1, /* for one piece */
	ARENA_HELD = 2, /* bytes that came early: BPF adds to them and tells of parts */
	ARENA_CLOSING = 3, /* was one of the two for long: nobody may begin to use it now */
};

/* Slot 0. */
struct arena_head {
	__u32 next; /* where the search for a free slot begins; the worker sets it back when idle */
	__u32 held; /* slots that hold; counted up by BPF, counted anew by the worker */
};

/*
 * Which bytes of a stretch of the stream are there, and they. Behind these there is as much room
 * again, where no byte of the stream ever comes, though the verifier adds up the most that a place
 * and a length can be: in a direction's first slot its others are found there.
 */
struct arena_hold {
	__u64 is_there[ARENA_HOLD_WORDS]; /* bit n of word w: byte 64 w + n */
	__u64 begins[ARENA_HOLD_WORDS]; /* likewise: the first byte of a segment */
	__u8 bytes[ARENA_HOLD_BYTES];
	__u8 behind[64]; /* zero: bytes are read in chunks */
	__u16 others[ARENA_HOLDS + 1]; /* by stretch; 0: none */
	__u8 unused[ARENA_HOLD_BYTES - 64 - 2 * (ARENA_HOLDS + 1)];
};

/* Bytes whose shape is looked at, and how often each value came: zero but for that moment. */
struct arena_shape {
	__u8 bytes[256];
	__u8 seen[256];
};

struct arena_slot {
	__u32 state; /* enum arena_state */
	__u32 generation; /* counts claims: names the contents, with the slot's number */
	__u64 cookie; /* of the flow */
	__u64 claimed_ns; /* CLOCK_BOOTTIME; or last added to */
	__u32 stretch; /* ARENA_HELD: of which flow, direction and place in the stream */
	__u32 reserved;
	union {
		__u8 bytes[ARENA_BYTES_MAX];
		struct arena_hold hold;
		struct arena_shape shape;
		struct arena_head head;
	};
};

_Static_assert(sizeof(struct arena_slot) == ARENA_SLOT_BYTES, "arena_slot");

#endif

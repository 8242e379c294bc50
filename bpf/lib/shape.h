/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What kind of bytes a flow begins with that looks like nothing known, so that only this leaves the
 * kernel of them. Whole numbers only; the definition is in proto/FINGERPRINTS.md. Compiled for BPF
 * and for userspace.
 */
#ifndef YAGURA_LIB_SHAPE_H
#define YAGURA_LIB_SHAPE_H

#include "dissect.h"

#define SHAPE_BYTES_MIN 16
#define SHAPE_BYTES_MAX 256 /* that are looked at */

/* As userspace/sensor/fingerprint/fingerprint.h numbers them; userspace asserts it. */
enum shape_class {
	SHAPE_NONE = 0, /* too few bytes, or known */
	SHAPE_TEXT = 1,
	SHAPE_BINARY = 2,
	SHAPE_RANDOM = 3,
	SHAPE_COUNT
};

/* Of up to eight bytes, as one number. */
union shape_eight {
	__u32 word;
	struct {
		__u16 pairs; /* equal bytes, each with those before it */
		__u8 ones; /* bits */
		__u8 printable;
	};
};

struct shape {
	__u32 bytes;
	__u32 pairs;
	__u32 ones;
	__u32 printable;
};

#define SHAPE_EACH(byte) (0x0101010101010101ull * (byte))

/* The highest bit of each byte that is `least` or more; `least` and the byte are below 0x80. */
DISSECT_INLINE __u64 shape_reach(__u64 bytes, __u8 least)
{
	return bytes + SHAPE_EACH(0x80 - least);
}

/* The highest bit of each byte that is printable ASCII, tabulator, CR or LF. */
DISSECT_INLINE __u64 shape_printable(__u64 word)
{
	__u64 low = word & SHAPE_EACH(0x7f);
	__u64 visible = shape_reach(low, ' ') & ~shape_reach(low, 0x7f);
	__u64 blank = shape_reach(low, '\t') & ~shape_reach(low, '\n' + 1);
	__u64 end = shape_reach(low, '\r') & ~shape_reach(low, '\r' + 1);

	return (visible | blank | end) & ~word & SHAPE_EACH(0x80);
}

/* By hand: BPF has no instruction for it. (Warren, Hacker's Delight 5-1.) */
DISSECT_INLINE __u8 shape_ones(__u64 word)
{
	word -= word >> 1 & SHAPE_EACH(0x55);
	word = (word & SHAPE_EACH(0x33)) + (word >> 2 & SHAPE_EACH(0x33));
	word = (word + (word >> 4)) & SHAPE_EACH(0x0f);
	return (__u8)(word * SHAPE_EACH(1) >> 56);
}

/* Looks at the first `count` bytes of a word, the first in its highest eight bits, and the others
 * zero. `seen`: how often each value came before, counted on; below 256 times. */
DISSECT_INLINE union shape_eight shape_look(__u8 seen[256], __u64 word, __u32 count)
{
	union shape_eight eight = { .ones = shape_ones(word),
				    .printable = shape_ones(shape_printable(word)) };
	__u32 i;

	for (i = 0; i < 8; i++) {
		if (i >= count)
			break;
		eight.pairs += seen[word >> 56]++;
		word <<= 8;
	}
	return eight;
}

DISSECT_INLINE void shape_add(struct shape *shape, union shape_eight eight)
{
	shape->pairs += eight.pairs;
	shape->ones += eight.ones;
	shape->printable += eight.printable;
}

/* At most twice the pairs of random bytes, which have n (n - 1) / 512, and a little; and ones
 * within three standard deviations (each bit: 1/2) of four a byte. */
DISSECT_INLINE bool shape_is_random(const struct shape *shape)
{
	__u32 n = shape->bytes, half = 4 * n;
	__u32 off = shape->ones > half ? shape->ones - half : half - shape->ones;

	return shape->pairs * 256 <= n * (n - 1) + 3 * 256 && off * off <= 18 * n;
}

/* When all bytes were looked at. */
DISSECT_INLINE enum shape_class shape_class(const struct shape *shape)
{
	if (shape->bytes < SHAPE_BYTES_MIN)
		return SHAPE_NONE;
	if (shape->printable * 10 >= shape->bytes * 9)
		return SHAPE_TEXT;
	return shape_is_random(shape) ? SHAPE_RANDOM : SHAPE_BINARY;
}

#endif

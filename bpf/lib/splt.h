/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sequence of packet lengths and times: of the first segments or datagrams with payload, as the
 * host's own stack handles them. What segmentation offload keeps in one buffer counts as one; of a
 * stream, what lies below the highest place seen of its direction was sent before, and is left out.
 * Compiled for BPF and for
 * userspace; struct record_splt of userspace/telemetry/record.h is the same, finished.
 */
#ifndef YAGURA_LIB_SPLT_H
#define YAGURA_LIB_SPLT_H

#include "dissect.h"

#define SPLT_LENGTHS 32
#define SPLT_BYTES_MAX 32767

struct splt {
	__u64 latest_ns;
	__u32 count; /* may pass SPLT_LENGTHS by a few when CPUs meet */
	__u32 reserved;
	__s16 length[SPLT_LENGTHS]; /* saturated; positive: from the flow's source */
	__u8 gap[SPLT_LENGTHS]; /* since the one before: 0 below 1 us, else 1 + floor(log2(us)) */
};

DISSECT_INLINE __u8 splt_gap(__u64 gap_ns)
{
	__u64 us = gap_ns / 1000;
	__u8 gap = us > 0;
	__u32 step;

#pragma GCC unroll 6
	for (step = 32; step > 0; step /= 2) {
		if (us >> step) {
			us >>= step;
			gap = (__u8)(gap + step);
		}
	}
	return gap;
}

/* Sets entry `i`, which is the caller's, below SPLT_LENGTHS. */
DISSECT_INLINE void splt_set(struct splt *splt, __u32 i, bool is_from_source, __u32 bytes,
			     __u64 now_ns)
{
	__s16 length = (__s16)(bytes < SPLT_BYTES_MAX ? bytes : SPLT_BYTES_MAX);
	__u64 latest_ns = splt->latest_ns;

	splt->length[i & (SPLT_LENGTHS - 1)] = is_from_source ? length : (__s16)-length;
	splt->gap[i & (SPLT_LENGTHS - 1)] =
		latest_ns && now_ns > latest_ns ? splt_gap(now_ns - latest_ns) : 0;
	splt->latest_ns = now_ns;
}

/* Whether a segment of this place is new; then its end is the highest seen. */
DISSECT_INLINE bool splt_is_new(__u32 *top, __u32 offset, __u32 bytes)
{
	if (offset + bytes <= *top)
		return false;
	*top = offset + bytes;
	return true;
}

#endif

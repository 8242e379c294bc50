/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which datagrams of a flow are wanted: whole ones that begin a handshake or are DNS messages, a
 * bounded number from each end. Compiled for BPF and for userspace.
 */
#ifndef YAGURA_LIB_LOOK_DATAGRAM_H
#define YAGURA_LIB_LOOK_DATAGRAM_H

#include "dissect.h"

#define LOOK_DATAGRAMS_MAX 32 /* of each end are looked at */
#define LOOK_DATAGRAM_BYTES_MAX 2016 /* of each, as much as a large slot takes */
#define LOOK_QUIC_MAX 16 /* packets of each end that can be read */
#define LOOK_DTLS_MAX 8
#define LOOK_DNS_MAX 16 /* messages of each end */

/* What was taken of a flow of datagrams, from each end. */
struct look_datagrams {
	__u8 taken[2];
	__u8 looked[2]; /* also those that looked like nothing */
	__u8 is_begun; /* the caller's: one with payload came */
	__u8 shape; /* likewise: enum shape_class of the first */
	__u8 reserved[2];
};

DISSECT_INLINE __u32 look_datagrams_max(enum dissect_protocol protocol)
{
	if (protocol == DISSECT_QUIC)
		return LOOK_QUIC_MAX;
	return protocol == DISSECT_DTLS ? LOOK_DTLS_MAX : LOOK_DNS_MAX;
}

/* Whether more datagrams of this end are to be looked at: an early answer without their bytes. */
DISSECT_INLINE bool look_wants_datagram(const struct look_datagrams *datagrams, __u32 side)
{
	return datagrams->looked[side & 1] < LOOK_DATAGRAMS_MAX;
}

/* Whether this datagram, `head` its first bytes, is wanted; DISSECT_NONE when it is not. It is then
 * the number `taken` of its end, counted from 1. */
DISSECT_INLINE enum dissect_protocol look_datagram(struct look_datagrams *datagrams, __u32 side,
						   const struct dissect_head *head, __u32 bytes,
						   __u32 wanted)
{
	enum dissect_protocol protocol = DISSECT_DATAGRAM(head, bytes, wanted);

	side &= 1;
	datagrams->looked[side]++;
	if (protocol == DISSECT_NONE || datagrams->taken[side] >= look_datagrams_max(protocol))
		return DISSECT_NONE;
	datagrams->taken[side]++;
	return protocol;
}

#endif

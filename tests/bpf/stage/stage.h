/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What first_bytes_test.bpf.c is told before each packet. BPF_PROG_RUN gives a packet a socket of
 * no protocol and no state, so what the programs ask a socket of TCP for stands here.
 */
#ifndef YAGURA_TESTS_BPF_STAGE_STAGE_H
#define YAGURA_TESTS_BPF_STAGE_STAGE_H

#include <linux/types.h>

enum stage_role {
	STAGE_CONNECTS = 0, /* the socket is its source's: what the source sends leaves */
	STAGE_ACCEPTS = 1,
};

/* What is broken in the wrapper, to see that the test sees it. */
enum stage_fault {
	STAGE_SOUND = 0,
	STAGE_LOSES_SECOND, /* the second segment of each flow passes unseen */
	STAGE_SHIFTS, /* each segment is taken to lie one byte further on, but for the first */
	STAGE_SWAPS_ENDS, /* what one end sent is told of as the other's */
	STAGE_STOPS_CLOCK,
	STAGE_LOSES_SYN,
	STAGE_LOSES_SHAPE, /* of bytes that nothing recognises nothing is said */
};

struct stage_turn {
	__u64 cookie; /* of the socket whose packet comes */
	__u64 now_ns; /* in the time of the capture */
	__u64 known_bytes; /* bytes_acked or bytes_received */
	__u32 next; /* snd_una or rcv_nxt */
	__u32 data_segments; /* that the socket has seen before */
	__u32 state; /* TCP's: of the socket, or of the listener that a SYN meets */
	__u32 role; /* enum stage_role */
	__u32 is_open; /* the SYN has left and is not answered yet */
	__u32 is_datagram; /* it is none of TCP */
	/* For a connection that is accepted. */
	__u8 local_addr[16];
	__u8 remote_addr[16];
	__u16 local_port; /* network byte order */
	__u16 remote_port;
	__u32 reserved_too;
};

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A segment of TCP, or a datagram of UDP, as BPF_PROG_RUN takes one: behind Ethernet and IP
 * headers, whole. */
#ifndef YAGURA_TESTS_BPF_STAGE_FRAME_H
#define YAGURA_TESTS_BPF_STAGE_FRAME_H

#include "common/cursor.h"

/* A frame of BPF_PROG_RUN fits into a page, with room around it for the kernel's own. */
#define STAGE_PAYLOAD_MAX 3072

struct stage_frame {
	uint8_t at[4096];
	size_t size;
};

struct stage_segment {
	uint8_t source[16]; /* IPv4 as IPv4-mapped IPv6 */
	uint8_t destination[16];
	uint16_t source_port;
	uint16_t destination_port;
	bool is_ipv6;
	bool is_udp; /* nothing is said from `seq` to `options` */
	uint8_t ttl;
	bool is_id_zero; /* IPv4's identification */
	bool dont_fragment;
	uint16_t ip_options_bytes; /* a multiple of four; IPv4 */
	uint32_t seq;
	uint32_t ack;
	uint16_t flags; /* bytes 12 and 13 of the header without the data offset */
	uint16_t window;
	struct cursor options; /* a multiple of four bytes */
	struct cursor payload; /* at most STAGE_PAYLOAD_MAX bytes */
};

void stage_frame_build(struct stage_frame *frame, const struct stage_segment *segment);

#endif

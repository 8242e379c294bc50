/* SPDX-License-Identifier: Apache-2.0 */
/* A packet without what it was carried in: its innermost IP header that could be read. */
#ifndef YAGURA_REPLAY_PACKET_H
#define YAGURA_REPLAY_PACKET_H

#include "common/cursor.h"

#include <stdbool.h>
#include <stdint.h>

struct packet {
	uint64_t time_ns;
	uint8_t source[16]; /* network byte order, IPv4 as IPv4-mapped IPv6 */
	uint8_t destination[16];
	uint8_t protocol; /* IANA number, behind IPv6 extension headers */
	bool is_ipv6;
	uint8_t ttl;
	bool is_id_zero; /* IPv4 identification, IPv6 flow label */
	bool dont_fragment;
	uint16_t ip_options_bytes;
	struct cursor payload; /* from the transport header on, as far as it was captured */
	uint32_t payload_bytes; /* on the wire */
};

#endif

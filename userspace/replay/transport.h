/* SPDX-License-Identifier: Apache-2.0 */
/* The transport header of a packet: ports, and what TCP says beside them. */
#ifndef YAGURA_REPLAY_TRANSPORT_H
#define YAGURA_REPLAY_TRANSPORT_H

#include "replay/packet.h"

#define PROTOCOL_ICMP 1
#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17
#define PROTOCOL_ICMPV6 58

#define PORT_SYSTEM_END 1024 /* RFC 6335 6: services that everybody knows lie below */

/* Bytes 12 and 13 of the TCP header, RFC 9293 3.1. */
#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

struct segment {
	uint16_t source_port; /* 0 for protocols without ports */
	uint16_t destination_port;
	uint8_t icmp_type;
	uint8_t icmp_code;
	uint16_t flags; /* TCP: without the data offset */
	uint16_t window;
	uint32_t seq;
	uint32_t ack;
	struct cursor options; /* of TCP */
	struct cursor payload; /* as far as it was captured */
	uint32_t payload_bytes; /* on the wire */
};

/* False when the header is cut or contradicts itself. Of a protocol that is not known all is
 * payload. */
bool transport_read(const struct packet *packet, struct segment *ret_segment);

#endif

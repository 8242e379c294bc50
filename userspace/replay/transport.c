/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/transport.h"

/* RFC 9293 3.1: ports 2 2, sequence 4, acknowledgement 4, offset and flags 2, window 2, checksum 2,
 * urgent 2, options. */
static bool read_tcp(struct cursor *bytes, struct segment *segment)
{
	uint16_t offset_flags;
	size_t head_bytes;

	segment->source_port = cursor_u16(bytes);
	segment->destination_port = cursor_u16(bytes);
	segment->seq = cursor_u32(bytes);
	segment->ack = cursor_u32(bytes);
	offset_flags = cursor_u16(bytes);
	segment->window = cursor_u16(bytes);
	cursor_u32(bytes);
	head_bytes = (size_t)(offset_flags >> 12) * 4;
	if (!cursor_ok(bytes) || head_bytes < 20)
		return false;
	segment->flags = offset_flags & 0xfff;
	segment->options = cursor_take(bytes, head_bytes - 20);
	return cursor_ok(bytes);
}

/* RFC 768: ports 2 2, length 2, checksum 2. What comes after the length is no payload. */
static bool read_udp(struct cursor *bytes, struct segment *segment)
{
	uint16_t length;

	segment->source_port = cursor_u16(bytes);
	segment->destination_port = cursor_u16(bytes);
	length = cursor_u16(bytes);
	cursor_u16(bytes);
	if (!cursor_ok(bytes) || (length < 8 && length != 0))
		return false;
	if (length > 0 && length < segment->payload_bytes)
		segment->payload_bytes = length;
	if (length > 0 && length - 8u < bytes->left)
		*bytes = cursor_take(bytes, length - 8u);
	return true;
}

/* RFC 3828 3.1: as UDP, but a coverage of the checksum instead of the length. */
static bool read_udplite(struct cursor *bytes, struct segment *segment)
{
	segment->source_port = cursor_u16(bytes);
	segment->destination_port = cursor_u16(bytes);
	cursor_u32(bytes);
	return cursor_ok(bytes);
}

/* RFC 9260 3.1: ports, tag 4, checksum 4. Its chunks count as payload. */
static bool read_sctp(struct cursor *bytes, struct segment *segment)
{
	segment->source_port = cursor_u16(bytes);
	segment->destination_port = cursor_u16(bytes);
	cursor_u64(bytes);
	return cursor_ok(bytes);
}

/* RFC 792, RFC 4443 2.1: type 1, code 1, checksum 2. */
static bool read_icmp(struct cursor *bytes, struct segment *segment)
{
	segment->icmp_type = cursor_u8(bytes);
	segment->icmp_code = cursor_u8(bytes);
	cursor_u16(bytes);
	return cursor_ok(bytes);
}

static const struct {
	uint8_t protocol;
	bool (*read)(struct cursor *bytes, struct segment *segment);
} transports[] = {
	{ PROTOCOL_TCP, read_tcp },	{ PROTOCOL_UDP, read_udp }, { PROTOCOL_ICMP, read_icmp },
	{ PROTOCOL_ICMPV6, read_icmp }, { 132, read_sctp },	    { 136, read_udplite },
};

bool transport_read(const struct packet *packet, struct segment *ret_segment)
{
	struct segment segment = { .payload_bytes = packet->payload_bytes };
	struct cursor bytes = packet->payload;

	for (size_t i = 0; i < sizeof(transports) / sizeof(transports[0]); i++) {
		if (transports[i].protocol != packet->protocol)
			continue;
		if (!transports[i].read(&bytes, &segment))
			return false;
		break;
	}
	/* The header lies between what the IP header promised and what is left. */
	segment.payload_bytes -= (uint32_t)(bytes.at - packet->payload.at);
	segment.payload = bytes;
	*ret_segment = segment;
	return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/quic_packet.h"

#include "sensor/fingerprint/quic_varint.h"

#define LONG_HEADER 0x80

#define SALT_V1                                                                                    \
	{                                                                                          \
		0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4,      \
			0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a                                   \
	}
#define SALT_V2                                                                                    \
	{                                                                                          \
		0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e,      \
			0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9                                   \
	}
#define SALT_DRAFT_29                                                                              \
	{                                                                                          \
		0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c,      \
			0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99                                   \
	}
#define SALT_DRAFT_23                                                                              \
	{                                                                                          \
		0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b,      \
			0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02                                   \
	}
#define SALT_DRAFT_22                                                                              \
	{                                                                                          \
		0x7f, 0xbc, 0xdb, 0x0e, 0x7c, 0x66, 0xbb, 0xe9, 0x19, 0x3a, 0x96, 0xcd, 0x21,      \
			0x51, 0x9e, 0xbd, 0x7a, 0x02, 0x64, 0x4a                                   \
	}

/* RFC 9001 5.2, 9369 3.3.1 and the drafts of 9001. Reserved versions, 0x?a?a?a?a (RFC 9000 15), and
 * mvfst's own say nothing of their salt: each is tried, and only the right one opens a packet. */
#define RESERVED 0x0a0a0a0a
#define RESERVED_MASK 0x0f0f0f0f

static const struct quic_version versions[] = {
	{ 0x00000001, 0x00000001, false, SALT_V1 },
	{ 0x6b3343cf, 0x6b3343cf, true, SALT_V2 },
	{ 0xff000021, 0xff000022, false, SALT_V1 },
	{ 0xff00001d, 0xff000020, false, SALT_DRAFT_29 },
	{ 0xff000017, 0xff00001c, false, SALT_DRAFT_23 },
	{ 0xff000016, 0xff000016, false, SALT_DRAFT_22 },
	{ RESERVED, RESERVED, false, SALT_DRAFT_29 },
	{ RESERVED, RESERVED, false, SALT_V1 },
	{ 0xfaceb000, 0xfaceb0ff, false, SALT_DRAFT_23 },
	{ 0xfaceb000, 0xfaceb0ff, false, SALT_DRAFT_22 },
	{ 0xfaceb000, 0xfaceb0ff, false, SALT_DRAFT_29 },
	{ 0xfaceb000, 0xfaceb0ff, false, SALT_V1 },
};

const struct quic_version *quic_version_next(const struct quic_version *after, uint32_t version)
{
	const struct quic_version *end = versions + sizeof(versions) / sizeof(versions[0]);

	if ((version & RESERVED_MASK) == RESERVED)
		version = RESERVED;
	for (const struct quic_version *row = after ? after + 1 : versions; row < end; row++)
		if (row->from <= version && version <= row->to)
			return row;
	return NULL;
}

static enum quic_packet_type type_of(uint8_t first, bool is_v2)
{
	static const enum quic_packet_type v1[] = { QUIC_INITIAL, QUIC_ZERO_RTT, QUIC_HANDSHAKE,
						    QUIC_RETRY };
	static const enum quic_packet_type v2[] = { QUIC_RETRY, QUIC_INITIAL, QUIC_ZERO_RTT,
						    QUIC_HANDSHAKE };
	uint8_t bits = first >> 4 & 3;

	return is_v2 ? v2[bits] : v1[bits];
}

/* Initial: varint length, token; all but Retry: varint length, packet number and payload. */
static void read_rest(struct cursor *ahead, struct quic_packet *packet)
{
	size_t length;

	if (packet->type == QUIC_INITIAL)
		cursor_take(ahead, (size_t)quic_varint(ahead));
	if (packet->type == QUIC_RETRY || packet->type == QUIC_VERSION_NEGOTIATION) {
		cursor_take(ahead, ahead->left);
		return;
	}
	length = (size_t)quic_varint(ahead);
	packet->number_at = packet->whole.left - ahead->left;
	cursor_take(ahead, length);
}

/* 1 bit header form; 1 fixed; 2 type; 4 by type; u32 version; u8-length destination and source
 * connection ids. The fixed bit may be anything (RFC 9287). */
enum parse_status quic_packet_read(struct cursor *datagram, struct quic_packet *ret_packet)
{
	const struct quic_version *version;
	struct cursor ahead = *datagram;
	uint8_t first = cursor_u8(&ahead);

	if (cursor_ok(&ahead) && !(first & LONG_HEADER))
		return PARSE_MALFORMED;
	ret_packet->whole = *datagram;
	ret_packet->number_at = 0;
	ret_packet->version = cursor_u32(&ahead);
	ret_packet->destination_id = cursor_block(&ahead, 1);
	ret_packet->source_id = cursor_block(&ahead, 1);
	if (!cursor_ok(&ahead))
		return PARSE_NEED_MORE;
	version = quic_version_next(NULL, ret_packet->version);
	if ((!version && ret_packet->version != 0) ||
	    ret_packet->destination_id.left > QUIC_CID_BYTES_MAX ||
	    ret_packet->source_id.left > QUIC_CID_BYTES_MAX)
		return PARSE_MALFORMED;
	ret_packet->type = version ? type_of(first, version->is_v2) : QUIC_VERSION_NEGOTIATION;
	read_rest(&ahead, ret_packet);
	if (!cursor_ok(&ahead))
		return PARSE_NEED_MORE;
	ret_packet->whole = cursor_take(datagram, datagram->left - ahead.left);
	return PARSE_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 and IPv6: each header read fills the packet anew, the innermost one stands. */
#include "replay/layers.h"

#include <errno.h>

#define IPV6_EXTENSIONS_MAX 16
#define FLOW_LABEL 0xfffffu

#define PROTOCOL_HOP_BY_HOP 0
#define PROTOCOL_IPV4 4 /* RFC 2003 */
#define PROTOCOL_UDP 17
#define PROTOCOL_IPV6 41 /* RFC 4213 */
#define PROTOCOL_ROUTING 43
#define PROTOCOL_FRAGMENT 44
#define PROTOCOL_GRE 47
#define PROTOCOL_AUTHENTICATION 51 /* RFC 4302 */
#define PROTOCOL_DESTINATION 60
#define PROTOCOL_ETHERNET 143 /* RFC 8986 10.1 */
#define PROTOCOL_MOBILITY 135 /* RFC 6275 */
#define PROTOCOL_MPLS 137 /* RFC 4023 */

enum layer layer_of_protocol(uint8_t protocol)
{
	switch (protocol) {
	case PROTOCOL_IPV4:
		return LAYER_IPV4;
	case PROTOCOL_UDP:
		return LAYER_UDP;
	case PROTOCOL_IPV6:
		return LAYER_IPV6;
	case PROTOCOL_GRE:
		return LAYER_GRE;
	case PROTOCOL_MPLS:
		return LAYER_MPLS;
	case PROTOCOL_ETHERNET:
		return LAYER_ETHERNET;
	default:
		return LAYER_TRANSPORT;
	}
}

enum layer layer_of_version(const struct cursor *bytes)
{
	uint8_t version = bytes->left > 0 ? bytes->at[0] >> 4 : 0;

	if (version == 4)
		return LAYER_IPV4;
	return version == 6 ? LAYER_IPV6 : LAYER_FOREIGN;
}

enum layer read_ip(struct walk *walk)
{
	return layer_of_version(&walk->bytes);
}

/* Frames are padded and files are cut: `bytes` becomes the `length` bytes that the header tells of,
 * as far as they are there. */
static void limit(struct walk *walk, uint32_t length)
{
	if (length <= walk->bytes.left)
		walk->bytes = cursor_take(&walk->bytes, length);
	walk->cut_bytes = length - (uint32_t)walk->bytes.left;
}

static enum layer finish(struct walk *walk, struct packet *packet)
{
	packet->payload = walk->bytes;
	packet->payload_bytes = (uint32_t)walk->bytes.left + walk->cut_bytes;
	*walk->packet = *packet;
	return layer_of_protocol(packet->protocol);
}

/* 1 when walk->bytes is the payload of the whole datagram and packet->protocol says what it is; 0
 * when other fragments are missing; -errno for a fragment that is of no use. */
static int gather(struct walk *walk, struct packet *packet, struct fragment *fragment)
{
	memcpy(fragment->key.source, packet->source, sizeof(packet->source));
	memcpy(fragment->key.destination, packet->destination, sizeof(packet->destination));
	fragment->key.is_ipv6 = packet->is_ipv6;
	fragment->time_ns = packet->time_ns;
	fragment->protocol = packet->protocol;
	fragment->bytes = walk->bytes;
	if (walk->cut_bytes > 0)
		return -EBADMSG;
	return defrag_add(walk->defrag, fragment, &walk->bytes, &packet->protocol);
}

/* RFC 4291 2.5.5.2 */
static void read_mapped(struct cursor *bytes, uint8_t addr[16])
{
	memset(addr, 0, 10);
	memset(addr + 10, 0xff, 2);
	cursor_copy(bytes, addr + 12, 4);
}

/* RFC 4302 2: next header 1, length in words less 2, the rest. The only header that IPv4 puts in
 * front of its payload like IPv6 does. */
static void skip_authentication(struct walk *walk, struct packet *packet)
{
	if (packet->protocol != PROTOCOL_AUTHENTICATION)
		return;
	packet->protocol = cursor_u8(&walk->bytes);
	cursor_take(&walk->bytes, ((size_t)cursor_u8(&walk->bytes) + 2) * 4 - 2);
}

/* RFC 791 3.1: version and header length in words 1, class 1, length 2, id 2, flags and fragment
 * offset 2, ttl 1, protocol 1, checksum 2, source 4, destination 4, options. */
enum layer read_ipv4(struct walk *walk)
{
	struct packet packet = { .time_ns = walk->packet->time_ns };
	struct fragment fragment = { 0 };
	size_t captured = walk->bytes.left;
	uint8_t version_length = cursor_u8(&walk->bytes);
	uint32_t head_bytes = (version_length & 15u) * 4;
	uint32_t total_bytes;
	uint16_t offset;
	int r;

	cursor_u8(&walk->bytes);
	total_bytes = cursor_u16(&walk->bytes);
	fragment.key.id = cursor_u16(&walk->bytes);
	offset = cursor_u16(&walk->bytes);
	packet.ttl = cursor_u8(&walk->bytes);
	packet.protocol = cursor_u8(&walk->bytes);
	cursor_u16(&walk->bytes);
	read_mapped(&walk->bytes, packet.source);
	read_mapped(&walk->bytes, packet.destination);
	if (!cursor_ok(&walk->bytes) || version_length >> 4 != 4 || head_bytes < 20)
		return LAYER_MALFORMED;
	packet.ip_options_bytes = (uint16_t)(head_bytes - 20);
	cursor_take(&walk->bytes, packet.ip_options_bytes);
	if (total_bytes == 0) /* left to the network card that was to cut it into segments */
		total_bytes = (uint32_t)captured;
	if (!cursor_ok(&walk->bytes) || total_bytes < head_bytes)
		return LAYER_MALFORMED;
	limit(walk, total_bytes - head_bytes);
	packet.is_id_zero = fragment.key.id == 0;
	packet.dont_fragment = offset & 0x4000;
	fragment.more = offset & 0x2000;
	fragment.offset_bytes = (offset & 0x1fffu) * 8;
	if (fragment.more || fragment.offset_bytes > 0) {
		fragment.key.protocol = packet.protocol;
		r = gather(walk, &packet, &fragment);
		if (r <= 0)
			return r < 0 ? LAYER_MALFORMED : LAYER_FRAGMENT;
	}
	skip_authentication(walk, &packet);
	return cursor_ok(&walk->bytes) ? finish(walk, &packet) : LAYER_MALFORMED;
}

static bool is_extension(uint8_t protocol)
{
	return protocol == PROTOCOL_HOP_BY_HOP || protocol == PROTOCOL_ROUTING ||
	       protocol == PROTOCOL_AUTHENTICATION || protocol == PROTOCOL_DESTINATION ||
	       protocol == PROTOCOL_MOBILITY;
}

/* RFC 8200 4: next header 1, length in units of 8 bytes less 1, the rest. */
static void skip_extension(struct walk *walk, struct packet *packet)
{
	if (packet->protocol == PROTOCOL_AUTHENTICATION) {
		skip_authentication(walk, packet);
		return;
	}
	packet->protocol = cursor_u8(&walk->bytes);
	cursor_take(&walk->bytes, (size_t)cursor_u8(&walk->bytes) * 8 + 6);
}

/* RFC 8200 4.5: next header 1, reserved 1, offset and flags 2, id 4. An offset of 0 without more
 * to come is a whole datagram (RFC 6946). As gather(). */
static int read_fragment_header(struct walk *walk, struct packet *packet)
{
	struct fragment fragment = { 0 };
	uint16_t offset;

	packet->protocol = cursor_u8(&walk->bytes);
	cursor_u8(&walk->bytes);
	offset = cursor_u16(&walk->bytes);
	fragment.key.id = cursor_u32(&walk->bytes);
	fragment.offset_bytes = offset & 0xfff8u;
	fragment.more = offset & 1;
	return fragment.more || fragment.offset_bytes > 0 ? gather(walk, packet, &fragment) : 1;
}

/* What stands between the IPv6 header and the payload. */
static enum layer read_extensions(struct walk *walk, struct packet *packet)
{
	for (int i = 0; i < IPV6_EXTENSIONS_MAX && cursor_ok(&walk->bytes); i++) {
		int r = 1;

		if (packet->protocol == PROTOCOL_FRAGMENT)
			r = read_fragment_header(walk, packet);
		else if (is_extension(packet->protocol))
			skip_extension(walk, packet);
		else
			return finish(walk, packet);
		if (r <= 0)
			return r < 0 ? LAYER_MALFORMED : LAYER_FRAGMENT;
	}
	return LAYER_MALFORMED;
}

/* RFC 8200 3: version, class and flow label 4, payload length 2, next header 1, hop limit 1,
 * source 16, destination 16. */
enum layer read_ipv6(struct walk *walk)
{
	struct packet packet = {
		.time_ns = walk->packet->time_ns,
		.is_ipv6 = true,
	};
	uint32_t first = cursor_u32(&walk->bytes);
	uint32_t payload_bytes = cursor_u16(&walk->bytes);

	packet.is_id_zero = (first & FLOW_LABEL) == 0;
	packet.protocol = cursor_u8(&walk->bytes);
	packet.ttl = cursor_u8(&walk->bytes);
	cursor_copy(&walk->bytes, packet.source, sizeof(packet.source));
	cursor_copy(&walk->bytes, packet.destination, sizeof(packet.destination));
	if (!cursor_ok(&walk->bytes) || first >> 28 != 6)
		return LAYER_MALFORMED;
	if (payload_bytes == 0) /* a jumbogram (RFC 2675), or left to the network card */
		payload_bytes = (uint32_t)walk->bytes.left;
	limit(walk, payload_bytes);
	return read_extensions(walk, &packet);
}

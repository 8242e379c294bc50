/* SPDX-License-Identifier: Apache-2.0 */
/* Tunnels: packets in packets. A port or a protocol number only suggests one: what its header does
 * not confirm stays the flow that it is outside. */
#include "replay/layers.h"

#define PORT_VXLAN 4789 /* RFC 7348 5 */
#define PORT_VXLAN_LINUX 8472 /* its default before there was an RFC */
#define PORT_GENEVE 6081 /* RFC 8926 3.3 */
#define PORT_GTPU 2152 /* 3GPP TS 29.281 4.4.2 */

#define GRE_CHECKSUM 0x8000 /* RFC 2784, RFC 2890, RFC 2637 4.1 */
#define GRE_ROUTING 0x4000
#define GRE_KEY 0x2000
#define GRE_SEQUENCE 0x1000
#define GRE_ACKNOWLEDGE 0x0080
#define GRE_VERSION 0x0007

/* RFC 3032 2.1: label 20 bits, class 3, bottom of stack 1, ttl 8. What lies below is not said: a
 * nibble of 4 or 6 is IP, two zero bytes the control word of a pseudowire with Ethernet (RFC
 * 4448 4.6), anything else Ethernet without. */
enum layer read_mpls(struct walk *walk)
{
	struct cursor peek;
	uint32_t entry;

	do {
		entry = cursor_u32(&walk->bytes);
	} while (cursor_ok(&walk->bytes) && (entry & 0x100) == 0);
	if (walk->bytes.left == 0)
		return LAYER_MALFORMED;
	if (layer_of_version(&walk->bytes) != LAYER_FOREIGN)
		return layer_of_version(&walk->bytes);
	peek = walk->bytes;
	if (cursor_u16(&peek) == 0)
		cursor_take(&walk->bytes, 4);
	return LAYER_ETHERNET;
}

static size_t gre_optional_bytes(uint16_t flags)
{
	size_t bytes = 0;

	if (flags & GRE_CHECKSUM)
		bytes += 4;
	if (flags & GRE_KEY)
		bytes += 4;
	if (flags & GRE_SEQUENCE)
		bytes += 4;
	if (flags & GRE_ACKNOWLEDGE)
		bytes += 4;
	return bytes;
}

/* RFC 2784 2, RFC 2890 2: flags and version 2, protocol 2, then what the flags say. RFC 2637 4.1
 * is version 1, with PPP inside. ERSPAN without sequence numbers has no header (its type I). */
enum layer read_gre(struct walk *walk)
{
	uint16_t flags = cursor_u16(&walk->bytes);
	uint16_t protocol = cursor_u16(&walk->bytes);
	enum layer next = layer_of_ethertype(protocol);

	cursor_take(&walk->bytes, gre_optional_bytes(flags));
	if (!cursor_ok(&walk->bytes))
		return LAYER_MALFORMED;
	if (flags & GRE_ROUTING || (flags & GRE_VERSION) > 1)
		return LAYER_FOREIGN;
	if ((flags & GRE_VERSION) == 1 && next != LAYER_PPP)
		return LAYER_FOREIGN;
	if (next == LAYER_ERSPAN2 && !(flags & GRE_SEQUENCE))
		return LAYER_ETHERNET;
	return next;
}

/* draft-foschiano-erspan 4.2: 8 bytes, version 1 in the first four bits. */
enum layer read_erspan2(struct walk *walk)
{
	struct cursor head = cursor_take(&walk->bytes, 8);

	return cursor_ok(&head) && head.at[0] >> 4 == 1 ? LAYER_ETHERNET : LAYER_MALFORMED;
}

/* draft-foschiano-erspan 4.3: 12 bytes, version 2; the last bit says that 8 more follow. */
enum layer read_erspan3(struct walk *walk)
{
	struct cursor head = cursor_take(&walk->bytes, 12);

	if (!cursor_ok(&head) || head.at[0] >> 4 != 2)
		return LAYER_MALFORMED;
	if (head.at[11] & 1)
		cursor_take(&walk->bytes, 8);
	return LAYER_ETHERNET;
}

/* RFC 768: ports, length, checksum. The packet's payload still begins at this header. */
enum layer read_udp(struct walk *walk)
{
	uint16_t source = cursor_u16(&walk->bytes);
	uint16_t destination = cursor_u16(&walk->bytes);

	cursor_take(&walk->bytes, 4);
	if (!cursor_ok(&walk->bytes))
		return LAYER_TRANSPORT;
	if (destination == PORT_VXLAN || destination == PORT_VXLAN_LINUX)
		return LAYER_VXLAN;
	if (destination == PORT_GENEVE)
		return LAYER_GENEVE;
	if (destination == PORT_GTPU || source == PORT_GTPU)
		return LAYER_GTPU;
	return LAYER_TRANSPORT;
}

/* RFC 7348 5: flags 1, reserved 3, network 3, reserved 1. Of the flags I is set; G may be, with a
 * group in the reserved bytes (draft-smith-vxlan-group-policy 2.1). */
enum layer read_vxlan(struct walk *walk)
{
	uint32_t flags = cursor_u32(&walk->bytes);
	uint32_t network = cursor_u32(&walk->bytes);

	if (!cursor_ok(&walk->bytes) || (flags & 0x7f000000) != 0x08000000 || (network & 0xff) != 0)
		return LAYER_MALFORMED;
	return LAYER_ETHERNET;
}

/* RFC 8926 3.4: version 2 bits (0), length of the options in words 6 bits, flags 1, protocol 2,
 * network 3, reserved 1. */
enum layer read_geneve(struct walk *walk)
{
	uint8_t version_length = cursor_u8(&walk->bytes);
	uint16_t protocol;

	cursor_u8(&walk->bytes);
	protocol = cursor_u16(&walk->bytes);
	cursor_take(&walk->bytes, 4 + (size_t)(version_length & 0x3f) * 4);
	if (!cursor_ok(&walk->bytes) || version_length >> 6 != 0)
		return LAYER_MALFORMED;
	return layer_of_ethertype(protocol);
}

/* TS 29.281 5.2: each is its length in words 1, content, next type 1. */
static void skip_gtp_extensions(struct cursor *bytes, uint8_t next)
{
	while (next != 0 && cursor_ok(bytes)) {
		uint8_t words = cursor_u8(bytes);

		if (words == 0)
			bytes->failed = true;
		else
			cursor_take(bytes, (size_t)words * 4 - 2);
		next = cursor_u8(bytes);
	}
}

/* TS 29.281 5.1: flags 1 (version 1, protocol type 1), type 1 (255: a packet), length 2, tunnel 4;
 * then, with any of the flags E, S and PN, sequence 2, number 1, next extension 1. */
enum layer read_gtpu(struct walk *walk)
{
	uint8_t flags = cursor_u8(&walk->bytes);
	uint8_t type = cursor_u8(&walk->bytes);
	uint8_t next_extension = 0;

	cursor_take(&walk->bytes, 6);
	if (!cursor_ok(&walk->bytes) || flags >> 4 != 3)
		return LAYER_MALFORMED;
	if (type != 255)
		return LAYER_FOREIGN;
	if (flags & 7) {
		cursor_take(&walk->bytes, 3);
		next_extension = cursor_u8(&walk->bytes);
	}
	if (flags & 4)
		skip_gtp_extensions(&walk->bytes, next_extension);
	return cursor_ok(&walk->bytes) ? LAYER_IP : LAYER_MALFORMED;
}

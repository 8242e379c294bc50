/* SPDX-License-Identifier: Apache-2.0 */
/* Link layers: from the file's link type to an EtherType, or to IP at once. */
#include "replay/layers.h"

#define ETHERTYPE_MIN 1536 /* below it is a length, IEEE 802.3 3.2.6 */
#define SNAP_BYTES 6 /* aa aa 03, then a zero organization: RFC 1042 */

/* BSD's address families, which differ between systems: IPv4 is 2 on all of them. */
#define FAMILY_IPV4 2

static const struct {
	uint16_t ethertype;
	enum layer layer;
} ethertypes[] = {
	{ 0x0800, LAYER_IPV4 },	    { 0x86dd, LAYER_IPV6 },    { 0x8100, LAYER_VLAN },
	{ 0x88a8, LAYER_VLAN }, /* IEEE 802.1ad */
	{ 0x9100, LAYER_VLAN }, /* before it was standardized */
	{ 0x8847, LAYER_MPLS },	    { 0x8848, LAYER_MPLS },    { 0x8864, LAYER_PPPOE },
	{ 0x6558, LAYER_ETHERNET }, /* RFC 1701: transparent Ethernet bridging */
	{ 0x880b, LAYER_PPP },	    { 0x88be, LAYER_ERSPAN2 }, { 0x22eb, LAYER_ERSPAN3 },
};

enum layer layer_of_ethertype(uint16_t ethertype)
{
	for (size_t i = 0; i < sizeof(ethertypes) / sizeof(ethertypes[0]); i++) {
		if (ethertypes[i].ethertype == ethertype)
			return ethertypes[i].layer;
	}
	return LAYER_FOREIGN;
}

static enum layer next_by_ethertype(struct walk *walk)
{
	uint16_t ethertype = cursor_u16(&walk->bytes);

	return cursor_ok(&walk->bytes) ? layer_of_ethertype(ethertype) : LAYER_MALFORMED;
}

/* IEEE 802.3: destination 6, source 6, then a type, or a length and LLC (RFC 1042). */
enum layer read_ethernet(struct walk *walk)
{
	static const uint8_t snap[SNAP_BYTES] = { 0xaa, 0xaa, 0x03, 0, 0, 0 };
	uint8_t llc[SNAP_BYTES];
	uint16_t type;

	cursor_take(&walk->bytes, 12);
	type = cursor_u16(&walk->bytes);
	if (!cursor_ok(&walk->bytes))
		return LAYER_MALFORMED;
	if (type >= ETHERTYPE_MIN)
		return layer_of_ethertype(type);
	cursor_copy(&walk->bytes, llc, sizeof(llc));
	return memcmp(llc, snap, sizeof(snap)) == 0 ? next_by_ethertype(walk) : LAYER_FOREIGN;
}

/* LINKTYPE_LINUX_SLL: packet type 2, ARPHRD 2, address length 2, address 8, protocol 2. */
enum layer read_sll(struct walk *walk)
{
	cursor_take(&walk->bytes, 14);
	return next_by_ethertype(walk);
}

/* LINKTYPE_LINUX_SLL2: protocol 2, reserved 2, interface 4, ARPHRD 2, packet type 1, address
 * length 1, address 8. */
enum layer read_sll2(struct walk *walk)
{
	enum layer next = next_by_ethertype(walk);
	struct cursor rest = cursor_take(&walk->bytes, 18);

	return cursor_ok(&rest) ? next : LAYER_MALFORMED;
}

/* LINKTYPE_NULL, in the byte order of the capturing host, and LINKTYPE_LOOP, in network order: a
 * small number in both, so that either order is told from its zeroes. */
enum layer read_loopback(struct walk *walk)
{
	uint32_t family = cursor_u32(&walk->bytes);

	if (!cursor_ok(&walk->bytes))
		return LAYER_MALFORMED;
	if (family > UINT16_MAX)
		family = __builtin_bswap32(family);
	switch (family) {
	case FAMILY_IPV4:
		return LAYER_IPV4;
	case 10: /* Linux */
	case 24: /* NetBSD, OpenBSD */
	case 28: /* FreeBSD */
	case 30: /* Darwin */
		return LAYER_IPV6;
	default:
		return LAYER_FOREIGN;
	}
}

/* IEEE 802.1Q: control 2, type 2. Several follow each other (QinQ). */
enum layer read_vlan(struct walk *walk)
{
	cursor_take(&walk->bytes, 2);
	return next_by_ethertype(walk);
}

/* RFC 2516 4: version and type 4 bits each, code 1 (0: session data), session 2, length 2. */
enum layer read_pppoe(struct walk *walk)
{
	uint8_t version_type = cursor_u8(&walk->bytes);
	uint8_t code = cursor_u8(&walk->bytes);
	uint16_t length;

	cursor_take(&walk->bytes, 2);
	length = cursor_u16(&walk->bytes);
	if (!cursor_ok(&walk->bytes) || version_type != 0x11)
		return LAYER_MALFORMED;
	if (code != 0)
		return LAYER_FOREIGN;
	if (length < walk->bytes.left)
		walk->bytes = cursor_take(&walk->bytes, length);
	return LAYER_PPP;
}

/* RFC 1661 2, RFC 1662 3.1: address and control ff 03 unless left out, then the protocol, whose
 * first byte is left out when it is zero and both have agreed so. */
enum layer read_ppp(struct walk *walk)
{
	uint16_t protocol = cursor_u8(&walk->bytes);

	if (protocol == 0xff) {
		cursor_take(&walk->bytes, 1);
		protocol = cursor_u8(&walk->bytes);
	}
	if ((protocol & 1) == 0)
		protocol = (uint16_t)(protocol << 8 | cursor_u8(&walk->bytes));
	if (!cursor_ok(&walk->bytes))
		return LAYER_MALFORMED;
	switch (protocol) {
	case 0x0021:
		return LAYER_IPV4;
	case 0x0057:
		return LAYER_IPV6;
	case 0x0281:
		return LAYER_MPLS;
	default:
		return LAYER_FOREIGN;
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Every row of the layers with the same datagram inside, 10.0.0.1:1000 > 10.0.0.2:53 or its like of
 * IPv6, whole and cut at every length. */
#include "replay/unwrap.h"

#include "support/hex.h"

#include <pcap/dlt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define UDP "03e8 0035 000b 0000 616263"
#define V4 "4500001f 00010000 40 11 0000 0a000001 0a000002" UDP
#define ENDS6 "20010db8000000000000000000000001 20010db8000000000000000000000002"
#define V6 "60000000 000b 11 40" ENDS6 UDP
#define MAC "020000000001 020000000002"
/* An outer header of this total length and protocol, 192.0.2.1 > 192.0.2.2. */
#define OUTER(length, protocol) "4500" length "00010000 40" protocol "0000 c0000201 c0000202"

enum want { WANT_NOTHING, WANT_INNER, WANT_OUTER };

static struct unwrap_case {
	const char *name;
	int link_type;
	const char *hex;
	enum want want;
} cases[] = {
	{ "Ethernet", DLT_EN10MB, MAC "0800" V4, WANT_INNER },
	{ "Ethernet, IPv6", DLT_EN10MB, MAC "86dd" V6, WANT_INNER },
	{ "Ethernet with LLC and SNAP", DLT_EN10MB, MAC "0027 aaaa03 000000 0800" V4, WANT_INNER },
	{ "LLC that is no SNAP", DLT_EN10MB, MAC "0027 424203 000000 0800" V4, WANT_NOTHING },
	{ "ARP", DLT_EN10MB, MAC "0806 0001 0800 06 04 0001", WANT_NOTHING },
	{ "one VLAN tag", DLT_EN10MB, MAC "8100 0064 0800" V4, WANT_INNER },
	{ "QinQ", DLT_EN10MB, MAC "88a8 0064 8100 0065 0800" V4, WANT_INNER },
	{ "PPPoE", DLT_EN10MB, MAC "8864 11 00 0001 0021 0021" V4, WANT_INNER },
	{ "PPPoE, IPv6", DLT_EN10MB, MAC "8864 11 00 0001 0035 0057" V6, WANT_INNER },
	{ "PPPoE that is no session data", DLT_EN10MB, MAC "8864 11 a7 0001 0021 0021" V4,
	  WANT_NOTHING },
	{ "PPPoE of another version", DLT_EN10MB, MAC "8864 21 00 0001 0021 0021" V4,
	  WANT_NOTHING },
	{ "one MPLS label", DLT_EN10MB, MAC "8847 00010140" V4, WANT_INNER },
	{ "two MPLS labels", DLT_EN10MB, MAC "8847 00010040 00020140" V6, WANT_INNER },
	{ "Ethernet in MPLS with a control word", DLT_EN10MB,
	  MAC "8847 00010140 00000000" MAC "0800" V4, WANT_INNER },
	{ "Ethernet in MPLS without", DLT_EN10MB,
	  MAC "8847 00010140 0a0000000001 0a0000000002 0800" V4, WANT_INNER },
	{ "MPLS without a bottom", DLT_EN10MB, MAC "8847 00010040 00020040", WANT_NOTHING },
	{ "Linux cooked", DLT_LINUX_SLL, "0000 0001 0006 0200000000010000 0800" V4, WANT_INNER },
	{ "Linux cooked, VLAN", DLT_LINUX_SLL, "0000 0001 0006 0200000000010000 8100 0064 0800" V4,
	  WANT_INNER },
	{ "Linux cooked, version 2", DLT_LINUX_SLL2,
	  "86dd 0000 00000001 0001 00 06 0200000000010000" V6, WANT_INNER },
	{ "raw IPv4", DLT_RAW, V4, WANT_INNER },
	{ "raw IPv6", DLT_RAW, V6, WANT_INNER },
	{ "raw, neither", DLT_RAW, "50" V6, WANT_NOTHING },
	{ "loopback, little endian", DLT_NULL, "02000000" V4, WANT_INNER },
	{ "loopback, big endian", DLT_NULL, "00000002" V4, WANT_INNER },
	{ "loopback of OpenBSD, IPv6", DLT_LOOP, "00000018" V6, WANT_INNER },
	{ "loopback of Darwin, IPv6", DLT_NULL, "1e000000" V6, WANT_INNER },
	{ "loopback, another family", DLT_NULL, "07000000" V4, WANT_NOTHING },
	{ "PPP with address and control", DLT_PPP, "ff03 0021" V4, WANT_INNER },
	{ "PPP, compressed protocol", DLT_PPP, "21" V4, WANT_INNER },
	{ "PPP, link control", DLT_PPP, "c021 01010004", WANT_NOTHING },
	{ "IPv4 in IPv4", DLT_RAW, OUTER("0033", "04") V4, WANT_INNER },
	{ "IPv6 in IPv4", DLT_RAW, OUTER("0047", "29") V6, WANT_INNER },
	{ "IPv4 in IPv6", DLT_RAW, "60000000 001f 04 40" ENDS6 V4, WANT_INNER },
	{ "MPLS in IPv4", DLT_RAW, OUTER("0037", "89") "00010140" V4, WANT_INNER },
	{ "GRE", DLT_RAW, OUTER("0037", "2f") "0000 0800" V4, WANT_INNER },
	{ "GRE with checksum, key, sequence", DLT_RAW,
	  OUTER("0043", "2f") "b000 0800 00000000 00000001 00000002" V4, WANT_INNER },
	{ "GRE, Ethernet", DLT_RAW, OUTER("0045", "2f") "0000 6558" MAC "0800" V4, WANT_INNER },
	{ "GRE with routing (RFC 1701)", DLT_RAW, OUTER("0037", "2f") "4000 0800" V4, WANT_OUTER },
	{ "GRE of version 2", DLT_RAW, OUTER("0037", "2f") "0002 0800" V4, WANT_OUTER },
	{ "PPTP", DLT_RAW, OUTER("0043", "2f") "3001 880b 0023 0001 00000001 ff03 0021" V4,
	  WANT_INNER },
	{ "ERSPAN, type I", DLT_RAW, OUTER("0045", "2f") "0000 88be" MAC "0800" V4, WANT_INNER },
	{ "ERSPAN, type II", DLT_RAW,
	  OUTER("0051", "2f") "1000 88be 00000001 10010064 00000000" MAC "0800" V4, WANT_INNER },
	{ "ERSPAN, type III", DLT_RAW,
	  OUTER("0055", "2f") "1000 22eb 00000001 20010064 00000000 00000000" MAC "0800" V4,
	  WANT_INNER },
	{ "ERSPAN, type III with a subheader", DLT_RAW,
	  OUTER("005d", "2f") "1000 22eb 00000001 20010064 00000000 00000001 0000000000000000" MAC
			      "0800" V4,
	  WANT_INNER },
	{ "VXLAN", DLT_RAW,
	  OUTER("0051", "11") "8000 12b5 003d 0000 08000000 00000100" MAC "0800" V4, WANT_INNER },
	{ "VXLAN without a network", DLT_RAW,
	  OUTER("0051", "11") "8000 12b5 003d 0000 00000000 00000100" MAC "0800" V4, WANT_OUTER },
	{ "VXLAN on the way back of another service", DLT_RAW,
	  OUTER("0051", "11") "12b5 8000 003d 0000 08000000 00000100" MAC "0800" V4, WANT_OUTER },
	{ "Geneve with an option", DLT_RAW,
	  OUTER("0059", "11") "8000 17c1 0045 0000 0200 6558 00000100 00000001 deadbeef" MAC
			      "0800" V4,
	  WANT_INNER },
	{ "Geneve of another version", DLT_RAW,
	  OUTER("0051", "11") "8000 17c1 003d 0000 4000 6558 00000100" MAC "0800" V4, WANT_OUTER },
	{ "GTP-U", DLT_RAW, OUTER("0043", "11") "0868 0868 002f 0000 30 ff 001f 00000001" V4,
	  WANT_INNER },
	{ "GTP-U with a sequence", DLT_RAW,
	  OUTER("0047", "11") "0868 0868 0033 0000 32 ff 0023 00000001 0001 00 00" V4, WANT_INNER },
	{ "GTP-U with an extension", DLT_RAW,
	  OUTER("004b", "11") "0868 0868 0037 0000 34 ff 0027 00000001 0001 00 85 01 1000 00" V4,
	  WANT_INNER },
	{ "GTP-U with an endless extension", DLT_RAW,
	  OUTER("004b", "11") "0868 0868 0037 0000 34 ff 0027 00000001 0001 00 85 00 1000 00" V4,
	  WANT_OUTER },
	{ "GTP-U, an echo request", DLT_RAW,
	  OUTER("0028", "11") "0868 0868 0014 0000 32 01 0004 00000000 0001 00 00", WANT_OUTER },
	{ "GTP, version 2", DLT_RAW,
	  OUTER("0043", "11") "0868 0868 002f 0000 48 ff 001f 00000001" V4, WANT_OUTER },
	{ "IPv4 options", DLT_RAW, "46000023 00010000 40 11 0000 0a000001 0a000002 01010101" UDP,
	  WANT_INNER },
	{ "IPv4 length left to the network card", DLT_RAW,
	  "45000000 00010000 40 11 0000 0a000001 0a000002" UDP, WANT_INNER },
	{ "IPv4 header longer than its length", DLT_RAW,
	  "4f00001f 00010000 40 11 0000 0a000001 0a000002" UDP, WANT_NOTHING },
	{ "IPv4 header shorter than can be", DLT_RAW,
	  "4400001f 00010000 40 11 0000 0a000001 0a000002" UDP, WANT_NOTHING },
	{ "IPv4 authentication header", DLT_RAW,
	  "45000037 00010000 40 33 0000 0a000001 0a000002"
	  "11 04 0000 00000001 00000001 000000000000000000000000" UDP,
	  WANT_INNER },
	{ "IPv6 options", DLT_RAW,
	  "60000000 001b 00 40" ENDS6 "3c00010400000000 1100010400000000" UDP, WANT_INNER },
	{ "IPv6 authentication and routing", DLT_RAW,
	  "60000000 002b 33 40" ENDS6 "2b 04 0000 00000001 00000001 000000000000000000000000"
	  "11 00 04 00 00000000" UDP,
	  WANT_INNER },
	{ "IPv6 fragment that is the whole (RFC 6946)", DLT_RAW,
	  "60000000 0013 2c 40" ENDS6 "11 00 0000 00000001" UDP, WANT_INNER },
	{ "IPv6 extensions without an end", DLT_RAW,
	  "60000000 0000 00 40" ENDS6 "0000010400000000 0000010400000000 0000010400000000"
	  "0000010400000000 0000010400000000 0000010400000000 0000010400000000"
	  "0000010400000000 0000010400000000 0000010400000000 0000010400000000"
	  "0000010400000000 0000010400000000 0000010400000000 0000010400000000"
	  "0000010400000000 1100010400000000" UDP,
	  WANT_NOTHING },
	{ "another link type", DLT_USB_LINUX, V4, WANT_NOTHING },
};

static bool is_inner(const struct packet *packet)
{
	static const uint8_t mapped[16] = { [10] = 0xff, 0xff, 10, 0, 0, 1 };
	static const uint8_t native[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
	static const uint8_t datagram[] = { 0x03, 0xe8, 0, 0x35, 0, 0x0b, 0, 0, 'a', 'b', 'c' };
	const uint8_t *source = packet->is_ipv6 ? native : mapped;

	return packet->protocol == 17 && memcmp(packet->source, source, 16) == 0 &&
	       packet->payload.left == sizeof(datagram) &&
	       packet->payload_bytes == sizeof(datagram) &&
	       memcmp(packet->payload.at, datagram, sizeof(datagram)) == 0;
}

static enum want unwrap_once(const struct unwrap_case *c, size_t size)
{
	struct unwrap *unwrap = unwrap_new();
	uint8_t *whole;
	uint8_t *bytes;
	struct packet packet = { 0 };
	struct cursor frame;
	enum want got = WANT_NOTHING;

	hex_decode(c->hex, &whole);
	bytes = hex_copy(whole, size);
	frame = cursor_of(bytes, size);
	if (unwrap_frame(unwrap, unwrap_first_layer(c->link_type), &frame, &packet))
		got = is_inner(&packet) ? WANT_INNER : WANT_OUTER;
	unwrap_free(unwrap);
	free(bytes);
	free(whole);
	return got;
}

static void check_case(void **state)
{
	const struct unwrap_case *c = *state;
	uint8_t *bytes;
	size_t size = hex_decode(c->hex, &bytes);

	free(bytes);
	assert_int_equal(unwrap_once(c, size), c->want);
	for (size_t cut = 0; cut < size; cut++)
		assert_int_not_equal(unwrap_once(c, cut), WANT_INNER);
}

/* Tunnel in tunnel in tunnel …: as deep as is looked, and deeper. */
static bool unwrap_nested(int depth, struct unwrap_stats *ret_stats)
{
	struct unwrap *unwrap = unwrap_new();
	size_t size = (size_t)depth * 20;
	uint8_t *bytes = calloc(1, size);
	struct packet packet = { 0 };
	struct cursor frame = cursor_of(bytes, size);

	for (int i = 0; i < depth; i++) {
		uint8_t *head = bytes + (size_t)i * 20;

		head[0] = 0x45;
		head[3] = (uint8_t)((depth - i) * 20 & 0xff);
		head[2] = (uint8_t)((depth - i) * 20 >> 8);
		head[9] = i + 1 < depth ? 4 : 50;
		head[15] = (uint8_t)i;
	}
	assert_true(unwrap_frame(unwrap, LAYER_IP, &frame, &packet));
	memset(ret_stats, 0, sizeof(*ret_stats));
	unwrap_add_stats(unwrap, ret_stats);
	unwrap_free(unwrap);
	free(bytes);
	return packet.protocol == 50;
}

static void test_depth(void **state)
{
	struct unwrap_stats stats = { 0 };

	(void)state;
	assert_true(unwrap_nested(UNWRAP_LAYERS_MAX - 1, &stats));
	assert_int_equal(stats.deep, 0);
	assert_int_equal(stats.tunnelled, 1);
	assert_false(unwrap_nested(UNWRAP_LAYERS_MAX + 10, &stats));
	assert_int_equal(stats.deep, 1);
}

static void test_what_was_skipped_is_counted(void **state)
{
	static const struct {
		const char *hex;
	} frames[] = { { MAC "0800" V4 }, { MAC "0806" }, { MAC "0800 4500" } };
	struct unwrap *unwrap = unwrap_new();
	struct unwrap_stats stats = { 0 };
	struct packet packet = { 0 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		uint8_t *bytes;
		struct cursor frame = { 0 };

		frame.left = hex_decode(frames[i].hex, &bytes);
		frame.at = bytes;
		assert_int_equal(unwrap_frame(unwrap, LAYER_ETHERNET, &frame, &packet), i == 0);
		free(bytes);
	}
	unwrap_add_stats(unwrap, &stats);
	assert_int_equal(stats.frames, 3);
	assert_int_equal(stats.packets, 1);
	assert_int_equal(stats.foreign, 1);
	assert_int_equal(stats.malformed, 1);
	unwrap_free(unwrap);
}

static bool is_id_zero(const char *hex)
{
	struct unwrap *unwrap = unwrap_new();
	struct packet packet = { 0 };
	uint8_t *bytes;
	size_t size = hex_decode(hex, &bytes);
	const struct cursor frame = cursor_of(bytes, size);

	assert_true(unwrap_frame(unwrap, unwrap_first_layer(DLT_RAW), &frame, &packet));
	unwrap_free(unwrap);
	free(bytes);
	return packet.is_id_zero;
}

/* IPv4's identification; of IPv6 the flow label, not the traffic class before it. */
static void test_id(void **state)
{
	(void)state;
	assert_true(is_id_zero("4500001f 00000000 40 11 0000 0a000001 0a000002" UDP));
	assert_false(is_id_zero("4500001f 01000000 40 11 0000 0a000001 0a000002" UDP));
	assert_true(is_id_zero("6ff00000 000b 11 40" ENDS6 UDP));
	assert_false(is_id_zero("60080000 000b 11 40" ENDS6 UDP));
}

#define CASES (sizeof(cases) / sizeof(cases[0]))

int main(void)
{
	struct CMUnitTest tests[CASES + 3] = {
		cmocka_unit_test(test_id),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_what_was_skipped_is_counted),
	};

	for (size_t i = 0; i < CASES; i++)
		tests[i + 3] = (struct CMUnitTest){ .name = cases[i].name,
						    .test_func = check_case,
						    .initial_state = &cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/transport.h"

#include "support/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct transport_case {
	const char *name;
	uint8_t protocol;
	const char *hex;
	bool want;
	uint16_t source_port;
	uint16_t destination_port;
	uint16_t flags;
	uint32_t payload_bytes;
	size_t options_bytes;
	size_t head_bytes; /* a prefix shorter than this is refused */
} cases[] = {
	{ "TCP", PROTOCOL_TCP, "03e8 01bb 00000001 00000002 5018 0400 0000 0000 616263", true, 1000,
	  443, 0x018, 3, 0, 20 },
	{ "TCP with options and all flags", PROTOCOL_TCP,
	  "03e8 01bb 00000001 00000002 6fff 0400 0000 0000 020405b4", true, 1000, 443, 0xfff, 0, 4,
	  24 },
	{ "TCP header shorter than can be", PROTOCOL_TCP,
	  "03e8 01bb 00000001 00000002 4018 0400 0000 0000 616263", false },
	{ "TCP header longer than the packet", PROTOCOL_TCP,
	  "03e8 01bb 00000001 00000002 f018 0400 0000 0000 616263", false },
	{ "UDP", PROTOCOL_UDP, "03e8 0035 000b 0000 616263", true, 1000, 53, 0, 3, 0, 8 },
	{ "UDP with bytes behind it", PROTOCOL_UDP, "03e8 0035 000b 0000 6162636465", true, 1000,
	  53, 0, 3, 0, 8 },
	{ "UDP of length 0 (a jumbogram, RFC 2675)", PROTOCOL_UDP, "03e8 0035 0000 0000 616263",
	  true, 1000, 53, 0, 3, 0, 8 },
	{ "UDP shorter than its header", PROTOCOL_UDP, "03e8 0035 0007 0000 616263", false },
	{ "UDP-Lite has a coverage there", 136, "03e8 0035 0008 0000 616263", true, 1000, 53, 0, 3,
	  0, 8 },
	{ "SCTP", 132, "03e8 0b59 00000001 00000000 616263", true, 1000, 2905, 0, 3, 0, 12 },
	{ "ICMP", PROTOCOL_ICMP, "08 00 0000 00010002", true, 0, 0, 0, 4, 0, 4 },
	{ "a protocol that is not known", 50, "03e8 0035 000b", true, 0, 0, 0, 6, 0, 0 },
};

static bool read_hex(const struct transport_case *c, size_t cut, struct segment *ret_segment)
{
	uint8_t *whole;
	size_t size = hex_decode(c->hex, &whole);
	uint8_t *bytes = hex_copy(whole, cut < size ? cut : size);
	struct packet packet = { .protocol = c->protocol,
				 .payload = cursor_of(bytes, cut < size ? cut : size),
				 .payload_bytes = (uint32_t)size };
	bool is_read = transport_read(&packet, ret_segment);

	free(bytes);
	free(whole);
	return is_read;
}

static void check_case(void **state)
{
	const struct transport_case *c = *state;
	struct segment segment = { 0 };

	assert_int_equal(read_hex(c, SIZE_MAX, &segment), c->want);
	if (!c->want)
		return;
	assert_int_equal(segment.source_port, c->source_port);
	assert_int_equal(segment.destination_port, c->destination_port);
	assert_int_equal(segment.flags, c->flags);
	assert_int_equal(segment.payload_bytes, c->payload_bytes);
	assert_int_equal(segment.payload.left, c->payload_bytes);
	assert_int_equal(segment.options.left, c->options_bytes);
	/* Captured only in part: what is missing still counts on the wire. */
	for (size_t cut = 0; cut < c->head_bytes + c->payload_bytes; cut++) {
		assert_int_equal(read_hex(c, cut, &segment), cut >= c->head_bytes);
		if (cut < c->head_bytes)
			continue;
		assert_int_equal(segment.payload_bytes, c->payload_bytes);
		assert_int_equal(segment.payload.left, cut - c->head_bytes);
	}
}

#define CASES (sizeof(cases) / sizeof(cases[0]))

int main(void)
{
	struct CMUnitTest tests[CASES];

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ .name = cases[i].name,
						.test_func = check_case,
						.initial_state = &cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

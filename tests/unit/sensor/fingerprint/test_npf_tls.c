/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/npf_tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/hello_talk.h"

static struct npf_case {
	const char *name;
	struct hello_parts parts;
	const char *want_sorted; /* NULL: cannot be written */
	const char *want_wire; /* NULL: not asked */
} cases[] = {
	{ "no extensions",
	  { .version = "0300", .ciphers = "0039 00ff" },
	  "(0300)(003900ff)[]",
	  "(0300)(003900ff)()" },
	{ "only types, sorted",
	  { .ciphers = "1301",
	    .extensions = "ff01 0001 00 0000 0006 0004 00 0001 61 0033 0002 0000" },
	  "(0303)(1301)[(0000)(0033)(ff01)]",
	  "(0303)(1301)((ff01)(0000)(0033))" },
	{ "fixed ones with length and value",
	  { .ciphers = "1301", .extensions = "0010 0005 0003 02 6832 000d 0004 0002 0403" },
	  "(0303)(1301)[(000d000400020403)(001000050003026832)]",
	  "(0303)(1301)((001000050003026832)(000d000400020403))" },
	{ "GREASE becomes 0a0a and stays",
	  { .ciphers = "caca 1301",
	    .extensions =
		    "dada 0001 00 000a 0006 0004 8a8a 001d 002b 0005 04 7a7a 0304 1a1a 0000" },
	  "(0303)(0a0a1301)[(000a000600040a0a001d)(002b0005040a0a0304)(0a0a)(0a0a)]",
	  "(0303)(0a0a1301)((0a0a)(000a000600040a0a001d)(002b0005040a0a0304)(0a0a))" },
	{ "GREASE in other values stays as it was",
	  { .ciphers = "1301", .extensions = "000d 0006 0004 3a3a 0403" },
	  "(0303)(1301)[(000d000600043a3a0403)]",
	  NULL },
	{ "of one type the shorter first",
	  { .ciphers = "1301", .extensions = "001c 0003 000001 001c 0002 4001" },
	  "(0303)(1301)[(001c00024001)(001c0003000001)]",
	  NULL },
	{ "QUIC's parameters: ids, sorted, reserved ones as 1b",
	  { .ciphers = "1301",
	    .extensions = "0039 0013 0f 00 01 02 aaaa c00000000000003a 01 00 4752 00" },
	  "(0303)(1301)[((0039)[(01)(0f)(1b)(4752)])]",
	  NULL },
	{ "of the drafts as well",
	  { .ciphers = "1301", .extensions = "ffa5 0003 04 01 00" },
	  "(0303)(1301)[((ffa5)[(04)])]",
	  NULL },
	{ "QUIC's parameters cut short",
	  { .ciphers = "1301", .extensions = "0039 0003 0f 02 aa" },
	  NULL,
	  NULL },
};

static void expect(const struct tls_client_hello *hello, enum npf_order order, const char *want)
{
	char text[512];
	struct writer writer = writer_of(text, sizeof(text));

	npf_tls_write(hello, order, &writer);
	writer_char(&writer, '\0');
	assert_int_equal(writer.failed, want == NULL);
	if (want)
		assert_string_equal(text, want);
}

static void check_case(void **state)
{
	static struct packet packet;
	static struct tls_client_hello hello;
	const struct npf_case *c = *state;
	struct talk talk;
	char want[512];

	packet.size = 0;
	packet_client_hello(&packet, &c->parts);
	assert_int_equal(tls_client_hello_read(cursor_of(packet.at, packet.size), false, &hello),
			 PARSE_OK);
	expect(&hello, NPF_SORTED, c->want_sorted);
	if (c->want_wire)
		expect(&hello, NPF_WIRE, c->want_wire);

	talk_client_records(&c->parts, &packet);
	talk_begin(&talk);
	assert_int_equal(talk_say(&talk, FINGERPRINT_TLS, SIDE_SOURCE, packet.at, packet.size),
			 PARSE_OK);
	snprintf(want, sizeof(want), "tls/1/%s", c->want_sorted ? c->want_sorted : "");
	talk_expect(&talk, MARK_NPF, c->want_sorted ? want : NULL);
	talk_end(&talk);
	talk_expect_prefixes_silent(FINGERPRINT_TLS, SIDE_SOURCE, &packet);
}

#define CASES (sizeof(cases) / sizeof(cases[0]))

int main(void)
{
	struct CMUnitTest tests[CASES];

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ cases[i].name, check_case, NULL, NULL, &cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/ja3.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/hello_talk.h"

static struct ja3_case {
	const char *name;
	struct hello_parts parts;
	const char *want_text;
} cases[] = {
	{ "every field",
	  { .ciphers = "1301 c02f",
	    .extensions = "0000 0006 0004 00 0001 61 000a 0006 0004 001d 0017 000b 0002 01 00" },
	  "771,4865-49199,0-10-11,29-23,0" },
	{ "no extensions",
	  { .version = "0301",
	    .ciphers = "0004 0005 000a 0009 0064 0062 0003 0006 0013 0012 0063" },
	  "769,4-5-10-9-100-98-3-6-19-18-99,,," },
	{ "GREASE is left out of three lists, not of point formats",
	  { .ciphers = "3a3a 1301",
	    .extensions = "4a4a 0000 000a 0006 0004 8a8a 001d 000b 0003 02 0a 1a 000a0000" },
	  "771,4865,10-11-10,29,10-26" },
	{ "the hello's version, not the one it offers",
	  { .version = "0302", .ciphers = "1301", .extensions = "002b 0003 02 0304" },
	  "770,4865,43,," },
	{ "no cipher", { .ciphers = "", .extensions = "0017 0000" }, "771,,23,," },
};

static void check_case(void **state)
{
	static struct packet body;
	static struct tls_client_hello hello;
	const struct ja3_case *c = *state;
	char text[256];
	struct writer writer = writer_of(text, sizeof(text));

	body.size = 0;
	packet_client_hello(&body, &c->parts);
	assert_int_equal(tls_client_hello_read(cursor_of(body.at, body.size), false, &hello),
			 PARSE_OK);
	ja3_write(&hello, &writer);
	writer_char(&writer, '\0');
	assert_false(writer.failed);
	assert_string_equal(text, c->want_text);
}

/* The check value that stands in the definition. */
static void check_hash(void **state)
{
	static struct packet packet;
	struct talk talk;

	(void)state;
	talk_client_records(&cases[1].parts, &packet);
	talk_begin(&talk);
	assert_int_equal(talk_say(&talk, FINGERPRINT_TLS, SIDE_SOURCE, packet.at, packet.size),
			 PARSE_OK);
	talk_expect(&talk, MARK_JA3, "de350869b8c85de67a350c8d186f11e6");
	talk_end(&talk);
	talk_expect_prefixes_silent(FINGERPRINT_TLS, SIDE_SOURCE, &packet);
}

/* A server's GREASE is kept. */
static void check_server(void **state)
{
	static struct packet body;
	static struct tls_server_hello hello;
	const struct hello_parts parts = { .ciphers = "1301",
					   .extensions = "0033 0000 0a0a 0000 002b 0002 0304" };
	char text[64];
	struct writer writer = writer_of(text, sizeof(text));

	(void)state;
	body.size = 0;
	packet_server_hello(&body, &parts);
	assert_int_equal(tls_server_hello_read(cursor_of(body.at, body.size), &hello), PARSE_OK);
	ja3s_write(&hello, &writer);
	writer_char(&writer, '\0');
	assert_string_equal(text, "771,4865,51-2570-43");
	assert_int_equal(hello.chosen_version, 0x0304);
}

#define CASES (sizeof(cases) / sizeof(cases[0]))

int main(void)
{
	struct CMUnitTest tests[CASES + 2] = {
		[CASES] = cmocka_unit_test(check_hash),
		[CASES + 1] = cmocka_unit_test(check_server),
	};

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ cases[i].name, check_case, NULL, NULL, &cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/tls_hello.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/hello_talk.h"

static struct hello_case {
	const char *name;
	struct hello_parts parts;
	enum parse_status want;
} cases[] = {
	{ "no extensions", { .ciphers = "1301" }, PARSE_OK },
	{ "no cipher suites", { .ciphers = "", .extensions = "" }, PARSE_OK },
	{ "an extension twice",
	  { .ciphers = "1301", .extensions = "0017 0000 000a 0004 0002 001d 0017 0000 000a 0000" },
	  PARSE_OK },
	{ "an odd number of cipher bytes", { .ciphers = "1301 13" }, PARSE_MALFORMED },
	{ "an extension longer than the block",
	  { .ciphers = "1301", .extensions = "0017 0001" },
	  PARSE_MALFORMED },
	{ "a rest too short for an extension",
	  { .ciphers = "1301", .extensions = "0017 0000 00" },
	  PARSE_OK },
	{ "groups longer than their extension",
	  { .ciphers = "1301", .extensions = "000a 0004 0004 001d" },
	  PARSE_MALFORMED },
	{ "half a group",
	  { .ciphers = "1301", .extensions = "000a 0003 0001 00" },
	  PARSE_MALFORMED },
	{ "groups without their length",
	  { .ciphers = "1301", .extensions = "000a 0000" },
	  PARSE_MALFORMED },
	{ "half a version",
	  { .ciphers = "1301", .extensions = "002b 0002 01 03" },
	  PARSE_MALFORMED },
	{ "half a signature algorithm",
	  { .ciphers = "1301", .extensions = "000d 0003 0001 04" },
	  PARSE_MALFORMED },
	{ "an ALPN name longer than the list",
	  { .ciphers = "1301", .extensions = "0010 0004 0002 03 68" },
	  PARSE_MALFORMED },
	{ "a server name longer than its list is no name",
	  { .ciphers = "1301", .extensions = "0000 0005 0003 00 0009" },
	  PARSE_OK },
};

static void check_case(void **state)
{
	static struct packet packet;
	const struct hello_case *c = *state;
	struct talk talk;

	talk_client_records(&c->parts, &packet);
	talk_begin(&talk);
	assert_int_equal(talk_say(&talk, FINGERPRINT_TLS, SIDE_SOURCE, packet.at, packet.size),
			 c->want);
	talk_expect(&talk, MARK_SERVER_NAME, NULL);
	talk_expect(&talk, MARK_TRUNCATED, c->want == PARSE_OK ? NULL : "broken");
	if (c->want != PARSE_OK)
		assert_int_equal(talk.marks.count, 1);
	else
		assert_non_null(marks_find(&talk.marks, MARK_JA4));
	talk_end(&talk);
}

static enum parse_status read_client(const struct packet *body)
{
	static struct tls_client_hello hello;

	return tls_client_hello_read(cursor_of(body->at, body->size), false, &hello);
}

static void check_session_id(void **state)
{
	static struct packet body;

	(void)state;
	for (uint8_t length = 31; length < 35; length++) {
		body.size = 0;
		packet_client_hello(&body, &(struct hello_parts){ .ciphers = "1301" });
		body.size = 2 + 32;
		packet_add(&body, length, 1);
		for (uint8_t i = 0; i < length; i++)
			packet_add(&body, i, 1);
		packet_add_hex(&body, "0002 1301 0100");
		assert_int_equal(read_client(&body), length <= 32 ? PARSE_OK : PARSE_MALFORMED);
	}
}

static void check_bytes_after(void **state)
{
	static struct packet body;

	(void)state;
	body.size = 0;
	packet_client_hello(&body, &(struct hello_parts){ .ciphers = "1301", .extensions = "" });
	assert_int_equal(read_client(&body), PARSE_OK);
	packet_add(&body, 0, 1);
	assert_int_equal(read_client(&body), PARSE_MALFORMED);
}

/* The caps: as many as fit are exact, one more is no fingerprint at all. */
static void check_limits(void **state)
{
	static struct packet packet;
	static char ciphers[4 * (TLS_CIPHERS_MAX + 1) + 1];
	static char extensions[8 * (TLS_EXTENSIONS_MAX + 1) + 1];
	const struct hello_parts parts = { .ciphers = ciphers, .extensions = extensions };

	(void)state;
	for (unsigned more = 0; more < 3; more++) {
		unsigned cipher_count = TLS_CIPHERS_MAX + (more == 1);
		unsigned extension_count = TLS_EXTENSIONS_MAX + (more == 2);
		struct talk talk;

		for (unsigned i = 0; i < cipher_count; i++)
			snprintf(ciphers + 4 * i, 5, "%04x", 0xc000 + i);
		for (unsigned i = 0; i < extension_count; i++)
			snprintf(extensions + 8 * i, 9, "%04x0000", 0x4000 + i);
		talk_client_records(&parts, &packet);
		talk_begin(&talk);
		assert_int_equal(
			talk_say(&talk, FINGERPRINT_TLS, SIDE_SOURCE, packet.at, packet.size),
			PARSE_OK);
		talk_expect(&talk, MARK_TRUNCATED, more ? "limit" : NULL);
		assert_int_equal(marks_find(&talk.marks, MARK_JA4) == NULL, more > 0);
		assert_int_equal(marks_find(&talk.marks, MARK_JA3) == NULL, more > 0);
		assert_int_equal(marks_find(&talk.marks, MARK_NPF) == NULL, more > 0);
		talk_end(&talk);
	}
}

static void check_version_order(void **state)
{
	static const uint8_t dtls[] = { 0xfe, 0xff, 0xfe, 0xfc, 0xfe, 0xfd };
	static struct tls_client_hello hello;

	(void)state;
	hello.version = 0xfefd;
	hello.versions = cursor_of(dtls, sizeof(dtls));
	assert_int_equal(tls_version_offered(&hello), 0xfefc);
	hello.versions = cursor_of(dtls, 2);
	assert_int_equal(tls_version_offered(&hello), 0xfeff);
	hello.versions = cursor_of(dtls, 0);
	assert_int_equal(tls_version_offered(&hello), 0xfefd);
}

#define CASES (sizeof(cases) / sizeof(cases[0]))

int main(void)
{
	struct CMUnitTest tests[CASES + 4] = {
		[CASES] = cmocka_unit_test(check_session_id),
		[CASES + 1] = cmocka_unit_test(check_bytes_after),
		[CASES + 2] = cmocka_unit_test(check_limits),
		[CASES + 3] = cmocka_unit_test(check_version_order),
	};

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ cases[i].name, check_case, NULL, NULL, &cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

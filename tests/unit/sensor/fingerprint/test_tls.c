/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/fingerprint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/hello_talk.h"

#define CLIENT                                                                                     \
	"0000 0009 0007 00 0004 612e7465 000a 0006 0004 11ec 001d 0010 000e 000c 02 6832 08 "      \
	"687474702f312e31 002b 0005 04 0304 0303 fe0d 0001 00"

static const struct hello_parts client = { .ciphers = "1301 1302", .extensions = CLIENT };
static const struct hello_parts server = { .ciphers = "1302",
					   .extensions = "002b 0002 0304 0033 0005 11ec 0001 aa" };
static const struct hello_parts retry = { .ciphers = "1302",
					  .extensions = "002b 0002 0304 0033 0002 11ec",
					  .is_retry_request = true };
static const struct hello_parts old_server = { .ciphers = "c02f",
					       .extensions = "0010 0005 0003 02 6832" };

static void add_hello(struct packet *packet, const struct hello_parts *parts, bool is_server)
{
	static struct packet body;

	body.size = 0;
	if (is_server)
		packet_server_hello(&body, parts);
	else
		packet_client_hello(&body, parts);
	packet_handshake(packet, is_server ? 2 : 1, &body);
}

static struct packet *records_of(const struct hello_parts *parts, bool is_server, size_t size)
{
	static struct packet handshake, packet;

	handshake.size = 0;
	packet.size = 0;
	add_hello(&handshake, parts, is_server);
	packet_tls_records(&packet, &handshake, size);
	return &packet;
}

static enum parse_status say(struct talk *talk, enum fingerprint_side side,
			     const struct packet *packet)
{
	return talk_say(talk, FINGERPRINT_TLS, side, packet->at, packet->size);
}

static void expect_client(const struct talk *talk)
{
	talk_expect(talk, MARK_SERVER_NAME, "a.te");
	talk_expect(talk, MARK_JA4_R, "t13d0205h2_1301,1302_000a,002b,fe0d");
	talk_expect(talk, MARK_PQ_GROUP, "X25519MLKEM768");
	talk_expect(talk, MARK_ECH, "1");
	talk_expect_any(talk, MARK_ALPN, "h2");
	talk_expect_any(talk, MARK_ALPN, "http/1.1");
}

/* However the records are cut: the same, and no part says anything. */
static void check_fragments(void **state)
{
	(void)state;
	for (size_t size = 1; size < 9; size++) {
		struct packet *packet = records_of(&client, false, size);
		struct talk talk;

		talk_begin(&talk);
		assert_int_equal(say(&talk, SIDE_SOURCE, packet), PARSE_OK);
		expect_client(&talk);
		talk_expect(&talk, MARK_TLS_VERSION, "1.3");
		talk_expect(&talk, MARK_HELLO_OFFSET, NULL);
		talk_end(&talk);
		talk_expect_prefixes_silent(FINGERPRINT_TLS, SIDE_SOURCE, packet);
	}
}

/* The same message, given again as it grows, in one flow. */
static void check_growth(void **state)
{
	struct packet *packet = records_of(&client, false, 40);
	struct talk talk;

	(void)state;
	talk_begin(&talk);
	for (size_t size = 0; size <= packet->size; size++)
		assert_int_equal(talk_say(&talk, FINGERPRINT_TLS, SIDE_SOURCE, packet->at, size),
				 size < packet->size ? PARSE_NEED_MORE : PARSE_OK);
	expect_client(&talk);
	talk_end(&talk);
}

static void check_offset(void **state)
{
	struct packet *packet = records_of(&client, false, 1 << 14);
	const struct fingerprint_message message = {
		.protocol = FINGERPRINT_TLS,
		.start = 79,
		.bytes = cursor_of(packet->at, packet->size),
	};
	struct talk talk;

	(void)state;
	talk_begin(&talk);
	assert_int_equal(fingerprint_parse(talk.session, &message, &talk.marks), PARSE_OK);
	talk_expect(&talk, MARK_HELLO_OFFSET, "79");
	talk_end(&talk);
}

/* What is chosen takes the place of what was offered, whichever comes first. */
static void check_choices(void **state)
{
	(void)state;
	for (int server_first = 0; server_first < 2; server_first++) {
		struct talk talk;

		talk_begin(&talk);
		for (int i = 0; i < 2; i++) {
			bool is_server = (i == 0) == (server_first == 1);
			struct packet *packet =
				records_of(is_server ? &old_server : &client, is_server, 1 << 14);

			assert_int_equal(say(&talk, is_server, packet), PARSE_OK);
		}
		talk_expect(&talk, MARK_TLS_VERSION, "1.2");
		talk_expect(&talk, MARK_TLS_CIPHER, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
		talk_expect(&talk, MARK_TLS_NEXT_PROTOCOL, "h2");
		talk_expect(&talk, MARK_TLS_GROUP, NULL);
		talk_expect(&talk, MARK_HRR, NULL);
		talk_end(&talk);
	}
}

/* HelloRetryRequest, change_cipher_spec, ServerHello: the last one is waited for. */
static void check_retry(void **state)
{
	static struct packet packet, handshake;
	struct talk talk;

	(void)state;
	packet.size = 0;
	packet_add_bytes(&packet, records_of(&retry, true, 1 << 14)->at,
			 records_of(&retry, true, 1 << 14)->size);
	packet_add_hex(&packet, "14 0303 0001 01");
	talk_begin(&talk);
	assert_int_equal(say(&talk, SIDE_DESTINATION, &packet), PARSE_NEED_MORE);
	talk_expect(&talk, MARK_HRR, "1");
	handshake.size = 0;
	add_hello(&handshake, &server, true);
	packet_tls_records(&packet, &handshake, 20);
	assert_int_equal(say(&talk, SIDE_DESTINATION, &packet), PARSE_OK);
	talk_expect(&talk, MARK_HRR, "1");
	talk_expect(&talk, MARK_TLS_CIPHER, "TLS_AES_256_GCM_SHA384");
	talk_expect(&talk, MARK_TLS_GROUP, "X25519MLKEM768");
	talk_expect(&talk, MARK_TLS_VERSION, "1.3");
	talk_end(&talk);
}

/* Each in a message of its own, as streams are cut: neither waits for the other. */
static void check_retry_apart(void **state)
{
	struct talk talk;

	(void)state;
	talk_begin(&talk);
	assert_int_equal(say(&talk, SIDE_DESTINATION, records_of(&retry, true, 1 << 14)), PARSE_OK);
	talk_expect(&talk, MARK_HRR, "1");
	talk_expect(&talk, MARK_TLS_CIPHER, "TLS_AES_256_GCM_SHA384");
	assert_int_equal(say(&talk, SIDE_DESTINATION, records_of(&server, true, 1 << 14)),
			 PARSE_OK);
	talk_expect(&talk, MARK_TLS_GROUP, "X25519MLKEM768");
	talk_expect(&talk, MARK_TLS_VERSION, "1.3");
	talk_end(&talk);
}

/* A second ClientHello, as after a HelloRetryRequest, changes nothing. */
static void check_second_hello(void **state)
{
	const struct hello_parts other = { .ciphers = "1303", .extensions = "0017 0000" };
	struct talk talk;

	(void)state;
	talk_begin(&talk);
	assert_int_equal(say(&talk, SIDE_SOURCE, records_of(&client, false, 1 << 14)), PARSE_OK);
	assert_int_equal(say(&talk, SIDE_SOURCE, records_of(&other, false, 1 << 14)), PARSE_OK);
	expect_client(&talk);
	talk_end(&talk);
}

static struct talk_negative negatives[] = {
	{ "an SSLv2 hello", "802e 01 0002 0015 0000 0010", PARSE_MALFORMED },
	{ "application data", "17 0303 0005 0102030405", PARSE_MALFORMED },
	{ "another major version", "16 0401 0005 0100000100", PARSE_MALFORMED },
	{ "an empty record", "16 0301 0000", PARSE_MALFORMED },
	{ "a record longer than any", "16 0301 4001 01", PARSE_MALFORMED },
	{ "a certificate", "16 0303 0004 0b 000001", PARSE_MALFORMED },
	{ "application data within a hello", "16 0301 0004 01 000030 17 0303 0001 00",
	  PARSE_MALFORMED },
	{ "nine alerts",
	  "15 0303 0001 00 15 0303 0001 00 15 0303 0001 00 15 0303 0001 00"
	  "15 0303 0001 00 15 0303 0001 00 15 0303 0001 00 15 0303 0001 00"
	  "15 0303 0001 00",
	  PARSE_MALFORMED },
	{ "nine HelloRequests",
	  "16 0303 0024 00000000 00000000 00000000 00000000 00000000 00000000"
	  "00000000 00000000 00000000",
	  PARSE_MALFORMED },
	{ "an alert and nothing more", "15 0303 0002 0228", PARSE_NEED_MORE },
};

static void check_negative(void **state)
{
	talk_expect_negative(FINGERPRINT_TLS, *state);
}

/* 16 KiB are read; what claims to be longer is said to be cut, what cannot be a hello is none. */
static void check_length(void **state)
{
	static const struct {
		const char *hex;
		enum parse_status want;
		const char *truncated;
	} rows[] = {
		{ "16 0301 0004 01 004000", PARSE_NEED_MORE, NULL },
		{ "16 0301 0004 01 004001", PARSE_OK, "limit" },
		{ "16 0301 0004 01 010000", PARSE_MALFORMED, NULL },
	};
	static struct packet packet;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct talk talk;

		packet.size = 0;
		packet_add_hex(&packet, rows[i].hex);
		talk_begin(&talk);
		assert_int_equal(say(&talk, SIDE_SOURCE, &packet), rows[i].want);
		talk_expect(&talk, MARK_TRUNCATED, rows[i].truncated);
		talk_end(&talk);
	}
}

#define CASES (sizeof(negatives) / sizeof(negatives[0]))

int main(void)
{
	struct CMUnitTest tests[CASES + 8] = {
		[CASES] = cmocka_unit_test(check_fragments),
		[CASES + 1] = cmocka_unit_test(check_growth),
		[CASES + 2] = cmocka_unit_test(check_offset),
		[CASES + 3] = cmocka_unit_test(check_choices),
		[CASES + 4] = cmocka_unit_test(check_retry),
		[CASES + 5] = cmocka_unit_test(check_second_hello),
		[CASES + 6] = cmocka_unit_test(check_length),
		[CASES + 7] = cmocka_unit_test(check_retry_apart),
	};

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ negatives[i].name, check_negative, NULL, NULL,
						&negatives[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

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

static const struct hello_parts client = { .version = "fefd",
					   .ciphers = "c02b 1301",
					   .extensions = "0000 0006 0004 00 0001 61 002b 0005 04 "
							 "fefd fefc 0017 0000",
					   .is_dtls = true };
static const struct hello_parts server = { .version = "fefd",
					   .ciphers = "c02b",
					   .extensions = "ff01 0001 00" };

static struct packet *body_of(const struct hello_parts *parts, bool is_server)
{
	static struct packet bodies[2];

	bodies[is_server].size = 0;
	if (is_server)
		packet_server_hello(&bodies[is_server], parts);
	else
		packet_client_hello(&bodies[is_server], parts);
	return &bodies[is_server];
}

static enum parse_status say(struct talk *talk, enum fingerprint_side side,
			     const struct packet *packet)
{
	return talk_say(talk, FINGERPRINT_DTLS, side, packet->at, packet->size);
}

/* One datagram with one fragment. */
static enum parse_status say_fragment(struct talk *talk, const struct packet *body,
				      struct dtls_fragment fragment)
{
	static struct packet datagram;

	datagram.size = 0;
	packet_dtls_fragment(&datagram, body, &fragment);
	return say(talk, fragment.type == 2, &datagram);
}

static void expect_client(const struct talk *talk)
{
	talk_expect(talk, MARK_JA4_R, "dd3d020300_1301,c02b_0017,002b");
	talk_expect(talk, MARK_SERVER_NAME, "a");
	talk_expect_any(talk, MARK_NPF, "dtls/(fefd)(c02b1301)((0000)(002b000504fefdfefc)(0017))");
	talk_expect_any(talk, MARK_NPF,
			"dtls/1/(fefd)(c02b1301)[(0000)(0017)(002b000504fefdfefc)]");
	talk_expect(talk, MARK_TRUNCATED, NULL);
}

static void check_whole(void **state)
{
	const struct packet *body = body_of(&client, false);
	static struct packet datagram;
	struct dtls_fragment all = { .type = 1, .size = body->size };
	struct talk talk;

	(void)state;
	talk_begin(&talk);
	assert_int_equal(say_fragment(&talk, body, all), PARSE_OK);
	expect_client(&talk);
	talk_expect(&talk, MARK_TLS_VERSION, "1.3");
	body = body_of(&server, true);
	assert_int_equal(
		say_fragment(&talk, body, (struct dtls_fragment){ .type = 2, .size = body->size }),
		PARSE_OK);
	talk_expect(&talk, MARK_TLS_VERSION, "1.2");
	talk_expect(&talk, MARK_TLS_CIPHER, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
	talk_end(&talk);

	datagram.size = 0;
	packet_dtls_fragment(&datagram, body_of(&client, false), &all);
	talk_expect_prefixes_silent(FINGERPRINT_DTLS, SIDE_SOURCE, &datagram);
}

/* Fragments of every size, last one first, the first one twice. */
static void check_fragments(void **state)
{
	const struct packet *body = body_of(&client, false);

	(void)state;
	for (size_t size = 1; size < body->size; size++) {
		size_t count = (body->size + size - 1) / size;
		struct talk talk;

		if (count > 64)
			continue;
		talk_begin(&talk);
		for (size_t i = count; i > 0; i--) {
			size_t offset = (i - 1) * size, rest = body->size - offset;

			assert_int_equal(talk.marks.count, 0);
			assert_int_equal(
				say_fragment(&talk, body,
					     (struct dtls_fragment){ 1, 0, offset,
								     rest < size ? rest : size }),
				PARSE_OK);
		}
		expect_client(&talk);
		talk_end(&talk);
	}
}

static void check_two_records_in_a_datagram(void **state)
{
	const struct packet *body = body_of(&client, false);
	static struct packet datagram;
	struct talk talk;

	(void)state;
	datagram.size = 0;
	packet_dtls_fragment(&datagram, body, &(struct dtls_fragment){ 1, 0, 0, 30 });
	packet_dtls_fragment(&datagram, body, &(struct dtls_fragment){ 1, 0, 30, body->size - 30 });
	for (size_t size = 0; size <= datagram.size; size++) {
		talk_begin(&talk);
		talk_say(&talk, FINGERPRINT_DTLS, SIDE_SOURCE, datagram.at, size);
		if (size < datagram.size)
			assert_int_equal(talk.marks.count, 0);
		else
			expect_client(&talk);
		talk_end(&talk);
	}
}

/* A first hello that never came whole, HelloVerifyRequest, then a whole second one. */
static void check_second_hello(void **state)
{
	static struct packet other;
	const struct packet *body = body_of(&client, false);
	struct talk talk;

	(void)state;
	other.size = 0;
	packet_add_hex(&other, "fefd 01 aa");
	talk_begin(&talk);
	assert_int_equal(say_fragment(&talk, body, (struct dtls_fragment){ 1, 0, 0, 20 }),
			 PARSE_OK);
	assert_int_equal(say_fragment(&talk, &other, (struct dtls_fragment){ 3, 0, 0, 4 }),
			 PARSE_OK);
	assert_int_equal(talk.marks.count, 0);
	assert_int_equal(say_fragment(&talk, body, (struct dtls_fragment){ 1, 1, 0, body->size }),
			 PARSE_OK);
	expect_client(&talk);
	fingerprint_finish(talk.session, &talk.marks);
	talk_expect(&talk, MARK_TRUNCATED, NULL);
	talk_end(&talk);
}

static void check_cut(void **state)
{
	const struct packet *body = body_of(&client, false);
	struct talk talk;

	(void)state;
	talk_begin(&talk);
	say_fragment(&talk, body, (struct dtls_fragment){ 1, 0, 0, body->size - 1 });
	assert_int_equal(talk.marks.count, 0);
	assert_true(fingerprint_session_bytes(talk.session) >= body->size - 1);
	fingerprint_finish(talk.session, &talk.marks);
	talk_expect(&talk, MARK_TRUNCATED, "cut");
	talk_end(&talk);
}

/* The first half comes again and again, and then no more is looked at. */
static void check_too_many_datagrams(void **state)
{
	const struct packet *body = body_of(&client, false);
	const struct dtls_fragment half = { 1, 0, 0, body->size / 2 };
	struct packet datagram = { 0 };
	struct talk talk;

	(void)state;
	packet_dtls_fragment(&datagram, body, &half);
	talk_begin(&talk);
	for (uint32_t i = 0; i < FINGERPRINT_DTLS_MAX; i++) {
		const struct fingerprint_message message = {
			.protocol = FINGERPRINT_DTLS,
			.start = i,
			.bytes = cursor_of(datagram.at, datagram.size),
		};

		assert_int_equal(fingerprint_parse(talk.session, &message, &talk.marks), PARSE_OK);
	}
	fingerprint_finish(talk.session, &talk.marks);
	talk_expect(&talk, MARK_TRUNCATED, "limit");
	talk_end(&talk);
}

static void check_overlap(void **state)
{
	static struct packet other;
	const struct packet *body = body_of(&client, false);
	struct talk talk;

	(void)state;
	other = *body;
	other.at[25] ^= 1;
	talk_begin(&talk);
	say_fragment(&talk, body, (struct dtls_fragment){ 1, 0, 0, 30 });
	assert_int_equal(say_fragment(&talk, &other, (struct dtls_fragment){ 1, 0, 20, 20 }),
			 PARSE_OK);
	say_fragment(&talk, body, (struct dtls_fragment){ 1, 0, 0, body->size });
	talk_expect(&talk, MARK_TRUNCATED, "overlap");
	assert_int_equal(talk.marks.count, 1);
	talk_end(&talk);
}

static struct talk_negative negatives[] = {
	{ "TLS", "16 0303 0004 01000001", PARSE_NEED_MORE },
	{ "TLS of a length", "16 0303 0020 01000001 0000000000 0001 00", PARSE_MALFORMED },
	{ "another type", "1b fefd 0000 000000000000 0001 00", PARSE_MALFORMED },
	{ "a fragment past its message",
	  "16 fefd 0000 000000000000 000e 01 000001 0000 000001 000001 0000", PARSE_MALFORMED },
	{ "a fragment longer than its record",
	  "16 fefd 0000 000000000000 000d 01 000009 0000 000000 000002 00", PARSE_MALFORMED },
	{ "a later epoch is not read", "16 fefd 0001 000000000000 0004 00000000", PARSE_OK },
};

static void check_negative(void **state)
{
	talk_expect_negative(FINGERPRINT_DTLS, *state);
}

#define CASES (sizeof(negatives) / sizeof(negatives[0]))

int main(void)
{
	struct CMUnitTest tests[CASES + 7] = {
		[CASES] = cmocka_unit_test(check_whole),
		[CASES + 1] = cmocka_unit_test(check_fragments),
		[CASES + 2] = cmocka_unit_test(check_two_records_in_a_datagram),
		[CASES + 3] = cmocka_unit_test(check_second_hello),
		[CASES + 4] = cmocka_unit_test(check_cut),
		[CASES + 5] = cmocka_unit_test(check_overlap),
		[CASES + 6] = cmocka_unit_test(check_too_many_datagrams),
	};

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ negatives[i].name, check_negative, NULL, NULL,
						&negatives[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/fingerprint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/quic_talk.h"

static struct version_case {
	const char *name;
	struct seal seal;
	const char *want;
} versions[] = {
	{ "version 1", { .version = 1 }, "00000001" },
	{ "version 2", { .version = 0x6b3343cf }, "6b3343cf" },
	{ "draft 22", { .version = 0xff000016 }, "ff000016" },
	{ "draft 23", { .version = 0xff000017 }, "ff000017" },
	{ "draft 28", { .version = 0xff00001c }, "ff00001c" },
	{ "draft 29", { .version = 0xff00001d }, "ff00001d" },
	{ "draft 32", { .version = 0xff000020 }, "ff000020" },
	{ "draft 34", { .version = 0xff000022 }, "ff000022" },
	{ "a reserved version, salt of draft 29",
	  { .version = 0x1a2a3a4a, .salt_version = 0xff00001d },
	  "1a2a3a4a" },
	{ "a reserved version, salt of version 1",
	  { .version = 0xfaeada0a, .salt_version = 1 },
	  "faeada0a" },
	{ "mvfst, salt of draft 23",
	  { .version = 0xfaceb002, .salt_version = 0xff000017 },
	  "faceb002" },
	{ "mvfst, salt of version 1", { .version = 0xfaceb002, .salt_version = 1 }, "faceb002" },
};

static void check_version(void **state)
{
	const struct version_case *c = *state;
	struct seal seal = c->seal;
	struct talk talk;

	seal.key_id = seal.destination_id = FIRST_ID;
	seal.source_id = "0102";
	talk_begin(&talk);
	assert_int_equal(say_hello(&talk, &seal), PARSE_OK);
	expect_client(&talk, c->want);
	talk_end(&talk);
}

/* Every prefix of the datagram: more is needed, nothing is said. */
static void check_prefixes(void **state)
{
	static struct packet datagram;
	const struct packet *stream = stream_of(&client, false);

	(void)state;
	datagram.size = 0;
	packet_quic_initial(&datagram, &client_seal, crypto_frame(stream, 0, stream->size));
	talk_expect_prefixes_silent(FINGERPRINT_QUIC, SIDE_SOURCE, &datagram);
}

/* A packet of which any one byte is another one says nothing. */
static void check_damage(void **state)
{
	static struct packet datagram;
	const struct packet *stream = stream_of(&client, false);

	(void)state;
	datagram.size = 0;
	packet_quic_initial(&datagram, &client_seal, crypto_frame(stream, 0, stream->size));
	for (size_t i = 0; i < datagram.size; i++) {
		struct talk talk;

		datagram.at[i] ^= 0x10;
		talk_begin(&talk);
		assert_true(say(&talk, SIDE_SOURCE, &datagram) != PARSE_OK ||
			    i < 6); /* its type, its version: another packet */
		assert_int_equal(talk.marks.count, 0);
		talk_end(&talk);
		datagram.at[i] ^= 0x10;
	}
}

/* Three Initials in every order, the middle one twice: the last to come completes the hello. */
static void check_orders(void **state)
{
	static const unsigned orders[][4] = { { 0, 1, 1, 2 }, { 0, 2, 2, 1 }, { 1, 0, 0, 2 },
					      { 1, 2, 2, 0 }, { 2, 0, 0, 1 }, { 2, 1, 1, 0 } };
	const struct packet *stream = stream_of(&client, false);
	size_t third = stream->size / 3;

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		struct talk talk;

		talk_begin(&talk);
		for (unsigned j = 0; j < 4; j++) {
			unsigned part = orders[i][j];
			struct seal seal = client_seal;

			seal.number = j;
			assert_int_equal(talk.marks.count, 0);
			assert_int_equal(say_part(&talk, &seal, stream, part * third,
						  part == 2 ? stream->size - 2 * third : third),
					 PARSE_OK);
		}
		expect_client(&talk, "00000001");
		fingerprint_finish(talk.session, &talk.marks);
		talk_expect(&talk, MARK_TRUNCATED, NULL);
		talk_end(&talk);
	}
}

/* Frames of one packet shuffled, with pings, an acknowledgement and padding between them. */
static void check_frames(void **state)
{
	static struct packet frames;
	const struct packet *stream = stream_of(&client, false);
	struct talk talk;

	(void)state;
	frames.size = 0;
	packet_crypto_frame(&frames, stream, 40, stream->size - 40);
	packet_add_hex(&frames, "00 01 00 02 05 00 01 00 01 01 03 05 00 00 00 01 02 03");
	packet_crypto_frame(&frames, stream, 0, 10);
	packet_crypto_frame(&frames, stream, 10, 30);
	talk_begin(&talk);
	assert_int_equal(say_frames(&talk, &client_seal, &frames), PARSE_OK);
	expect_client(&talk, "00000001");
	talk_end(&talk);
}

static void check_overlap(void **state)
{
	static struct packet other;
	const struct packet *stream = stream_of(&client, false);
	struct talk talk;

	(void)state;
	other = *stream;
	other.at[45] ^= 1;
	talk_begin(&talk);
	say_part(&talk, &client_seal, stream, 30, stream->size - 30);
	say_part(&talk, &client_seal, &other, 40, 10);
	say_part(&talk, &client_seal, stream, 0, 30);
	talk_expect(&talk, MARK_TRUNCATED, "overlap");
	assert_int_equal(talk.marks.count, 1);
	talk_end(&talk);
}

static void check_cut(void **state)
{
	const struct packet *stream = stream_of(&client, false);
	struct talk talk;

	(void)state;
	talk_begin(&talk);
	assert_int_equal(say_part(&talk, &client_seal, stream, 0, stream->size - 1), PARSE_OK);
	assert_int_equal(talk.marks.count, 0);
	fingerprint_finish(talk.session, &talk.marks);
	talk_expect(&talk, MARK_TRUNCATED, "cut");
	talk_end(&talk);
}

/* 0-RTT comes first and alone, then behind the Initial, then a short header. */
static void check_others(void **state)
{
#define ZERO_RTT "d0 00000001 08 " FIRST_ID " 00 05 0102030405"
	static struct packet datagram;
	const struct packet *stream = stream_of(&client, false);
	struct talk talk;

	(void)state;
	talk_begin(&talk);
	datagram.size = 0;
	packet_add_hex(&datagram, ZERO_RTT);
	assert_int_equal(say(&talk, SIDE_SOURCE, &datagram), PARSE_OK);
	packet_quic_initial(&datagram, &client_seal, crypto_frame(stream, 0, 20));
	packet_add_hex(&datagram, ZERO_RTT);
	packet_quic_initial(&datagram, &client_seal, crypto_frame(stream, 20, stream->size - 20));
	packet_add_hex(&datagram, "40 0102030405060708");
	assert_int_equal(say(&talk, SIDE_SOURCE, &datagram), PARSE_OK);
	expect_client(&talk, "00000001");
	talk_end(&talk);
}

static const struct CMUnitTest others[] = {
	cmocka_unit_test(check_prefixes), cmocka_unit_test(check_damage),
	cmocka_unit_test(check_orders),	  cmocka_unit_test(check_frames),
	cmocka_unit_test(check_overlap),  cmocka_unit_test(check_cut),
	cmocka_unit_test(check_others),
};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

int main(void)
{
	struct CMUnitTest tests[COUNT(others) + COUNT(versions)];
	size_t count = 0;

	for (size_t i = 0; i < COUNT(versions); i++)
		tests[count++] = (struct CMUnitTest){ versions[i].name, check_version, NULL, NULL,
						      &versions[i] };
	for (size_t i = 0; i < COUNT(others); i++)
		tests[count++] = others[i];
	return cmocka_run_group_tests(tests, NULL, NULL);
}

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

#include "support/hello_talk.h"
#include "support/quic_seal.h"

#define FIRST_ID "8394c8f03e515708"
#define SERVER_ID "f067a5502a4262b5"

static const struct hello_parts client = { .ciphers = "1301",
					   .extensions = "0000 0006 0004 00 0001 61 0010 0005 0003 "
							 "02 6833 002b 0003 02 0304 0039 0003 0f "
							 "01 aa" };
static const struct hello_parts server = { .ciphers = "1301",
					   .extensions = "0033 0005 001d 0001 aa 002b 0002 0304" };
static const struct hello_parts retry = { .ciphers = "1301",
					  .extensions = "0033 0002 0017 002b 0002 0304",
					  .is_retry_request = true };

static const struct seal client_seal = {
	.version = 1, .key_id = FIRST_ID, .destination_id = FIRST_ID, .source_id = ""
};
static const struct seal server_seal = { .version = 1,
					 .is_server = true,
					 .key_id = FIRST_ID,
					 .destination_id = "",
					 .source_id = SERVER_ID };

/* The handshake message, as a CRYPTO stream carries it. */
static struct packet *stream_of(const struct hello_parts *parts, bool is_server)
{
	static struct packet body, streams[2];
	struct packet *stream = &streams[is_server];

	body.size = 0;
	stream->size = 0;
	if (is_server)
		packet_server_hello(&body, parts);
	else
		packet_client_hello(&body, parts);
	packet_handshake(stream, is_server ? 2 : 1, &body);
	return stream;
}

static enum parse_status say(struct talk *talk, enum fingerprint_side side,
			     const struct packet *datagram)
{
	return talk_say(talk, FINGERPRINT_QUIC, side, datagram->at, datagram->size);
}

/* A datagram with one Initial, which holds these frames. */
static enum parse_status say_frames(struct talk *talk, const struct seal *seal,
				    const struct packet *frames)
{
	static struct packet datagram;

	datagram.size = 0;
	packet_quic_initial(&datagram, seal, frames);
	return say(talk, seal->is_server ? SIDE_DESTINATION : SIDE_SOURCE, &datagram);
}

static struct packet *crypto_frame(const struct packet *stream, size_t offset, size_t size)
{
	static struct packet frames;

	frames.size = 0;
	packet_crypto_frame(&frames, stream, offset, size);
	packet_add(&frames, 0, 8); /* padding */
	return &frames;
}

static enum parse_status say_part(struct talk *talk, const struct seal *seal,
				  const struct packet *stream, size_t offset, size_t size)
{
	return say_frames(talk, seal, crypto_frame(stream, offset, size));
}

static void expect_client(const struct talk *talk, const char *version)
{
	char npf[128];

	snprintf(npf, sizeof(npf),
		 "quic/(%s)(0303)(1301)[(0000)(001000050003026833)(002b0003020304)((0039)[(0f)])]",
		 version);
	talk_expect(talk, MARK_NPF, npf);
	talk_expect(talk, MARK_JA4_R, "q13d0104h3_1301_002b,0039");
	talk_expect(talk, MARK_QUIC_VERSION, version);
	talk_expect(talk, MARK_SERVER_NAME, "a");
	talk_expect(talk, MARK_TRUNCATED, NULL);
}

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
	const struct packet *stream = stream_of(&client, false);
	struct seal seal = c->seal;
	struct talk talk;

	seal.key_id = seal.destination_id = FIRST_ID;
	seal.source_id = "0102";
	talk_begin(&talk);
	assert_int_equal(say_part(&talk, &seal, stream, 0, stream->size), PARSE_OK);
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

/* A Retry begins anew: keys follow from its source, for both ends. The hello may be in two parts,
 * and the server's answer refers to the new id too. */
static void check_retry(void **state)
{
	static struct packet datagram;
	const struct packet *stream = stream_of(&client, false);
	struct seal after = client_seal, answer = server_seal;
	struct talk talk;

	(void)state;
	talk_begin(&talk);
	assert_int_equal(say_part(&talk, &client_seal, stream, 0, 30), PARSE_OK);
	datagram.size = 0;
	packet_add_hex(&datagram, "f0 00000001 00 08 " SERVER_ID "aabbccdd"
				  "000102030405060708090a0b0c0d0e0f");
	assert_int_equal(say(&talk, SIDE_DESTINATION, &datagram), PARSE_OK);
	datagram.size = 0; /* the answer to the hello's other datagram: a client takes one */
	packet_add_hex(&datagram, "f0 00000001 00 04 0badcafe aabbccdd"
				  "000102030405060708090a0b0c0d0e0f");
	assert_int_equal(say(&talk, SIDE_DESTINATION, &datagram), PARSE_OK);
	after.key_id = answer.key_id = after.destination_id = SERVER_ID;
	assert_int_equal(say_part(&talk, &after, stream, 0, stream->size), PARSE_OK);
	expect_client(&talk, "00000001");
	stream = stream_of(&server, true);
	assert_int_equal(say_part(&talk, &answer, stream, 0, stream->size), PARSE_OK);
	talk_expect(&talk, MARK_TLS_CIPHER, "TLS_AES_128_GCM_SHA256");
	talk_end(&talk);
}

/* Once a server has answered, its id is where the client's packets go; the keys stay. */
static void check_changed_id(void **state)
{
	const struct packet *stream = stream_of(&client, false);
	struct seal later = client_seal;
	struct talk talk;

	(void)state;
	talk_begin(&talk);
	say_part(&talk, &client_seal, stream, 0, 50);
	later.destination_id = SERVER_ID;
	assert_int_equal(say_part(&talk, &later, stream, 50, stream->size - 50), PARSE_OK);
	expect_client(&talk, "00000001");
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

/* A HelloRetryRequest, then the ServerHello in the same stream. */
static void check_server(void **state)
{
	static struct packet both;
	const struct packet *stream = stream_of(&client, false);
	struct talk talk;

	(void)state;
	talk_begin(&talk);
	say_part(&talk, &client_seal, stream, 0, stream->size);
	both = *stream_of(&retry, true);
	assert_int_equal(say_part(&talk, &server_seal, &both, 0, both.size), PARSE_OK);
	talk_expect(&talk, MARK_HRR, "1");
	fingerprint_finish(talk.session, &talk.marks);
	talk_expect(&talk, MARK_TRUNCATED, NULL);
	stream = stream_of(&server, true);
	packet_add_bytes(&both, stream->at, stream->size);
	assert_int_equal(
		say_part(&talk, &server_seal, &both, both.size - stream->size, stream->size),
		PARSE_OK);
	talk_expect_any(&talk, MARK_TLS_GROUP, "x25519");
	talk_end(&talk);
}

/* The flow's ends the wrong way round: the client's first packet is the destination's. */
static void check_turned(void **state)
{
	static struct packet datagram;
	const struct packet *stream = stream_of(&client, false);
	struct talk talk;

	(void)state;
	talk_begin(&talk);
	datagram.size = 0;
	packet_quic_initial(&datagram, &client_seal, crypto_frame(stream, 0, stream->size));
	assert_int_equal(say(&talk, SIDE_DESTINATION, &datagram), PARSE_OK);
	expect_client(&talk, "00000001");
	stream = stream_of(&server, true);
	datagram.size = 0;
	packet_quic_initial(&datagram, &server_seal, crypto_frame(stream, 0, stream->size));
	assert_int_equal(say(&talk, SIDE_SOURCE, &datagram), PARSE_OK);
	talk_expect(&talk, MARK_TLS_GROUP, "x25519");
	talk_end(&talk);
}

static const struct CMUnitTest others[] = {
	cmocka_unit_test(check_prefixes), cmocka_unit_test(check_damage),
	cmocka_unit_test(check_orders),	  cmocka_unit_test(check_frames),
	cmocka_unit_test(check_overlap),  cmocka_unit_test(check_cut),
	cmocka_unit_test(check_retry),	  cmocka_unit_test(check_changed_id),
	cmocka_unit_test(check_others),	  cmocka_unit_test(check_server),
	cmocka_unit_test(check_turned),
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

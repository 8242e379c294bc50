/* SPDX-License-Identifier: Apache-2.0 */
/* What follows the first Initial: Retry, another id, the server's answer. */
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
	assert_int_equal(say_hello(&talk, &after), PARSE_OK);
	expect_client(&talk, "00000001");
	assert_int_equal(say_hello(&talk, &answer), PARSE_OK);
	talk_expect(&talk, MARK_TLS_CIPHER, "TLS_AES_128_GCM_SHA256");
	talk_end(&talk);
}

/* The answer was captured before the question: it waits for its keys. */
static void check_answer_first(void **state)
{
	struct talk talk;

	(void)state;
	talk_begin(&talk);
	assert_int_equal(say_hello(&talk, &server_seal), PARSE_MALFORMED);
	assert_int_equal(talk.marks.count, 0);
	assert_int_equal(say_hello(&talk, &client_seal), PARSE_OK);
	expect_client(&talk, "00000001");
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

/* A HelloRetryRequest, then the ServerHello in the same stream. */
static void check_server(void **state)
{
	static struct packet both;
	const struct packet *stream;
	struct talk talk;

	(void)state;
	talk_begin(&talk);
	say_hello(&talk, &client_seal);
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

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(check_retry),	    cmocka_unit_test(check_answer_first),
	cmocka_unit_test(check_changed_id), cmocka_unit_test(check_server),
	cmocka_unit_test(check_turned),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}

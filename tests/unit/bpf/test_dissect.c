// SPDX-License-Identifier: Apache-2.0
/* bpf/lib/dissect.h: what first bytes look like, whole and cut at every place. */
#include "bpf/lib/dissect.h"
#include "sensor/fingerprint/fingerprint.h"
#include "support/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Both sides of the kernel boundary number the protocols alike. */
_Static_assert((int)DISSECT_NONE == (int)FINGERPRINT_NONE, "none");
_Static_assert((int)DISSECT_TLS == (int)FINGERPRINT_TLS, "tls");
_Static_assert((int)DISSECT_SSH == (int)FINGERPRINT_SSH, "ssh");
_Static_assert((int)DISSECT_HTTP == (int)FINGERPRINT_HTTP, "http");
_Static_assert((int)DISSECT_DNS_TCP == (int)FINGERPRINT_DNS_TCP, "dns_tcp");
_Static_assert((int)DISSECT_DNS == (int)FINGERPRINT_DNS, "dns");
_Static_assert((int)DISSECT_QUIC == (int)FINGERPRINT_QUIC, "quic");
_Static_assert((int)DISSECT_DTLS == (int)FINGERPRINT_DTLS, "dtls");
_Static_assert((int)DISSECT_COUNT == (int)FINGERPRINT_PROTOCOL_COUNT, "count");

struct row {
	const char *name;
	const char *hex;
	enum dissect_protocol want;
};

static const struct row stream_rows[] = {
	{ "TLS 1.2 ClientHello", "16030100c8010000c40303aabbccddee", DISSECT_TLS },
	{ "TLS ServerHello", "160303007a020000760303aabbccddee", DISSECT_TLS },
	{ "TLS: a record of one byte", "16030100010116030100c7000002040303", DISSECT_TLS },
	{ "TLS: a record of five bytes", "16030100050100020003160301", DISSECT_TLS },
	{ "TLS: a small record, then none", "160301000101ff0301000100160301", DISSECT_NONE },
	{ "TLS: an empty record", "160301000016030100c8010000c40303", DISSECT_NONE },
	{ "TLS: a record too long", "1603014001010000c40303aabbccddee", DISSECT_NONE },
	{ "TLS: a certificate", "16030300c80b0000c40000c1aabbccdd", DISSECT_NONE },
	{ "TLS: an alert", "15030300020228", DISSECT_NONE },
	{ "TLS: application data", "170303010001020304050607080910", DISSECT_NONE },
	{ "TLS: version 2.0 inside", "16030100c8010000c40203aabbccddee", DISSECT_NONE },
	{ "TLS: a hello beyond 64 KiB", "16030100c8010100c40303aabbccddee", DISSECT_NONE },
	{ "SSH 2.0", "5353482d322e302d4f70656e5353485f", DISSECT_SSH },
	{ "SSH 1.99", "5353482d312e39392d4369736373", DISSECT_SSH },
	{ "SSH 1.5 has no key exchange of this kind", "5353482d312e352d4f70656e", DISSECT_NONE },
	{ "GET /", "474554202f20485454502f312e310d0a", DISSECT_HTTP },
	{ "POST http://", "504f535420687474703a2f2f61", DISSECT_HTTP },
	{ "CONNECT host", "434f4e4e454354206578616d706c65", DISSECT_HTTP },
	{ "CONNECT [::1]", "434f4e4e454354205b3a3a315d", DISSECT_HTTP },
	{ "OPTIONS *", "4f5054494f4e53202a20485454502f", DISSECT_HTTP },
	{ "a method and two spaces", "47455420202f20485454502f312e310d", DISSECT_NONE },
	{ "a method in small letters", "676574202f20485454502f312e310d0a", DISSECT_NONE },
	{ "another word that begins like one", "474554532f20", DISSECT_NONE },
	{ "HTTP/2 without asking", "505249202a20485454502f322e300d0a", DISSECT_NONE },
	{ "an HTTP response", "485454502f312e3120323030204f4b0d", DISSECT_NONE },
	{ "DNS over TCP: a query", "001d123401000001000000000001076578616d", DISSECT_DNS_TCP },
	{ "DNS over TCP: an answer", "0040123481800001000200000001076578616d", DISSECT_DNS_TCP },
	{ "DNS over TCP: the root", "001c1234012000010000000000010000020001", DISSECT_DNS_TCP },
	{ "DNS over TCP: shorter than a message", "0010123401000001000000000001076578",
	  DISSECT_NONE },
	{ "DNS over TCP: a query with an answer", "001d123401000001000100000001076578616d",
	  DISSECT_NONE },
	{ "DNS over TCP: a query longer than any (ADB's STLS)",
	  "53544c53000000010000000000000000acab", DISSECT_NONE },
	{ "DNS over TCP: a long answer", "53541234818000010002000000010765786d", DISSECT_DNS_TCP },
	{ "DNS over TCP: two questions", "001d123401000002000000000001076578616d", DISSECT_NONE },
	{ "DNS over TCP: an update", "001d123428000001000000000001076578616d", DISSECT_NONE },
	{ "DNS over TCP: a name with a pointer", "001d123401000001000000000001c00c0001",
	  DISSECT_NONE },
	{ "zeroes", "00000000000000000000000000000000", DISSECT_NONE },
};

static const struct row datagram_rows[] = {
	{ "DNS query", "123401000001000000000001076578616d706c6503636f6d00000100010000290000",
	  DISSECT_DNS },
	{ "DNS answer", "123485830001000000010000076578616d706c6503636f6d0000010001c00c000600",
	  DISSECT_DNS },
	{ "mDNS answer has no question",
	  "000084000000000100000000076578616d706c65056c6f63616c0000010001c00c00", DISSECT_NONE },
	{ "QUIC v1 Initial",
	  "c300000001088394c8f03e5157080000449e00000002aabbccddeeff00112233445566", DISSECT_QUIC },
	{ "QUIC v1 Retry",
	  "ff000000010008f067a5502a4262b5746f6b656e04a265ba2eff4d829058fb3f0f2496ba",
	  DISSECT_QUIC },
	{ "QUIC v1 Handshake is sealed",
	  "e300000001088394c8f03e5157080000449e00000002aabbccddeeff00112233445566", DISSECT_NONE },
	{ "QUIC v2 Initial",
	  "d36b3343cf088394c8f03e5157080000449e00000002aabbccddeeff00112233445566", DISSECT_QUIC },
	{ "QUIC v1 Initial, the fixed bit greased (RFC 9287)",
	  "8300000001088394c8f03e5157080000449e00000002aabbccddeeff00112233445566", DISSECT_QUIC },
	{ "RTP, which begins with the same bits",
	  "8060aa0ba1b2c3d4088394c8f03e5157080000449e00000002aabbccddeeff00112233", DISSECT_NONE },
	{ "QUIC draft 29 Initial",
	  "c3ff00001d088394c8f03e5157080000449e00000002aabbccddeeff00112233445566", DISSECT_QUIC },
	{ "QUIC draft 22 Initial",
	  "c3ff000016088394c8f03e5157080000449e00000002aabbccddeeff00112233445566", DISSECT_QUIC },
	{ "QUIC draft 21 is too old",
	  "c3ff000015088394c8f03e5157080000449e00000002aabbccddeeff00112233445566", DISSECT_NONE },
	{ "QUIC draft 35 was none",
	  "c3ff000023088394c8f03e5157080000449e00000002aabbccddeeff00112233445566", DISSECT_NONE },
	{ "QUIC as mvfst numbers it",
	  "c3faceb002088394c8f03e5157080000449e00000002aabbccddeeff00112233445566", DISSECT_QUIC },
	{ "QUIC, a reserved version",
	  "c31a2a3a4a088394c8f03e5157080000449e00000002aabbccddeeff00112233445566", DISSECT_QUIC },
	{ "QUIC, nearly a reserved version",
	  "c31a2a3a4b088394c8f03e5157080000449e00000002aabbccddeeff00112233445566", DISSECT_NONE },
	{ "QUIC connection id too long",
	  "c300000001158394c8f03e5157080000449e00000002aabbccddeeff00112233445566", DISSECT_NONE },
	{ "QUIC short header",
	  "4300000001088394c8f03e5157080000449e00000002aabbccddeeff00112233445566", DISSECT_NONE },
	{ "DTLS 1.2 ClientHello",
	  "16fefd0000000000000000003c010000300000000000000030fefdaabbccddeeff001122",
	  DISSECT_DTLS },
	{ "DTLS 1.0 HelloVerifyRequest",
	  "16feff0000000000000000001f030000130000000000000013feff10aabbccddeeff001122",
	  DISSECT_DTLS },
	{ "DTLS of a later epoch is sealed",
	  "16fefd0001000000000000003c010000300000000000000030fefdaabbccddeeff001122",
	  DISSECT_NONE },
	{ "DTLS application data",
	  "17fefd0000000000000000003c010000300000000000000030fefdaabbccddeeff001122",
	  DISSECT_NONE },
};

static struct dissect_head head_of(const uint8_t *bytes, size_t size)
{
	__u64 words[2] = { 0, 0 };

	memcpy(words, bytes, size < sizeof(words) ? size : sizeof(words));
	return dissect_head_of(words, (uint32_t)size);
}

/* Whole it is what it is; cut it is never something else, and never surely not what it is. */
static void check_stream(void **state)
{
	const struct row *row = *state;
	uint8_t *bytes = NULL;
	size_t size = hex_decode(row->hex, &bytes);
	bool was_known = false;

	for (size_t cut = 0; cut <= size; cut++) {
		struct dissect_head head = head_of(bytes, cut);
		struct dissect_answer answer = dissect_stream(&head, DISSECT_ALL);

		if (answer.likeness == DISSECT_YES)
			assert_int_equal(answer.protocol, row->want);
		if (row->want)
			assert_int_not_equal(answer.likeness, DISSECT_NO);
		if (was_known)
			assert_int_equal(answer.likeness, DISSECT_YES);
		was_known = answer.likeness == DISSECT_YES;
	}
	assert_int_equal(was_known, row->want != DISSECT_NONE);
	free(bytes);
}

/* What is not wanted is not found, and others are not found in its place. */
static void check_stream_unwanted(void **state)
{
	const struct row *row = *state;
	uint8_t *bytes = NULL;
	size_t size = hex_decode(row->hex, &bytes);
	struct dissect_head head = head_of(bytes, size);
	uint32_t others = DISSECT_ALL & ~DISSECT_BIT(row->want);

	assert_int_not_equal(dissect_stream(&head, others).likeness, DISSECT_YES);
	free(bytes);
}

static void check_datagram(void **state)
{
	const struct row *row = *state;
	uint8_t *bytes = NULL;
	size_t size = hex_decode(row->hex, &bytes);
	struct dissect_head head = head_of(bytes, size);

	assert_int_equal(dissect_datagram(&head, (uint32_t)size, DISSECT_ALL), row->want);
	assert_int_equal(
		dissect_datagram(&head, (uint32_t)size, DISSECT_ALL & ~DISSECT_BIT(row->want)),
		DISSECT_NONE);
	for (size_t cut = 0; cut < DISSECT_HEAD_BYTES; cut++) {
		head = head_of(bytes, cut);
		assert_int_equal(dissect_datagram(&head, (uint32_t)cut, DISSECT_ALL), DISSECT_NONE);
	}
	free(bytes);
}

static void window_moves_byte_by_byte(void **state)
{
	struct dissect_head head = { 0 };

	(void)state;
	for (uint8_t i = 0; i < DISSECT_HEAD_BYTES; i++)
		dissect_push(&head, (uint8_t)(i + 1));
	for (uint8_t i = 0; i < DISSECT_HEAD_BYTES; i++) {
		assert_int_equal(dissect_at(&head, 0), i + 1);
		assert_int_equal(head.count, DISSECT_HEAD_BYTES - i);
		dissect_drop(&head);
	}
	assert_int_equal(head.first | head.second, 0);
}

static void a_byte_is_found_in_any_place(void **state)
{
	(void)state;
	for (unsigned place = 0; place < 64; place += 8) {
		uint64_t there = 0x80ull << place;

		assert_int_equal(dissect_bytes_like(0x16ull << place, 0x16), there);
		assert_int_equal(dissect_bytes_like(0x17ull << place, 0x16), 0);
		assert_int_equal(dissect_bytes_like(~(0xe9ull << place), 0x16), there);
		/* A neighbour that differs by one bit, or by a borrow, is not found with it. */
		assert_int_equal(dissect_bytes_like(0x1716ull << place, 0x16), there);
		assert_int_equal(dissect_bytes_like(0x9616ull << place, 0x16), there);
	}
}

#define ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

int main(void)
{
	struct CMUnitTest tests[2 * ROWS(stream_rows) + ROWS(datagram_rows) + 2];
	size_t n = 0;

	for (size_t i = 0; i < ROWS(stream_rows); i++) {
		tests[n++] = (struct CMUnitTest){ stream_rows[i].name, check_stream, NULL, NULL,
						  (void *)&stream_rows[i] };
		if (stream_rows[i].want)
			tests[n++] =
				(struct CMUnitTest){ stream_rows[i].name, check_stream_unwanted,
						     NULL, NULL, (void *)&stream_rows[i] };
	}
	for (size_t i = 0; i < ROWS(datagram_rows); i++)
		tests[n++] = (struct CMUnitTest){ datagram_rows[i].name, check_datagram, NULL, NULL,
						  (void *)&datagram_rows[i] };
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(window_moves_byte_by_byte);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(a_byte_is_found_in_any_place);
	return _cmocka_run_group_tests("dissect", tests, n, NULL, NULL);
}

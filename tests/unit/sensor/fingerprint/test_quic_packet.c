/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/quic_packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/hex.h"

static struct packet_case {
	const char *name;
	const char *hex;
	enum parse_status want;
} cases[] = {
	{ "a short header", "40 0102030405060708", PARSE_MALFORMED },
	{ "a version nobody knows", "c0 51303433 00 00 00 05 0102030405", PARSE_MALFORMED },
	{ "an id longer than any",
	  "c0 00000001 15 000102030405060708090a0b0c0d0e0f1011121314 00"
	  "00 05 0102030405",
	  PARSE_MALFORMED },
	{ "version negotiation", "c0 00000000 00 00 00000001", PARSE_OK },
	{ "a Retry of version 1", "f0 00000001 00 01 aa 0102", PARSE_OK },
	{ "an Initial of version 2 with a token", "d0 6b3343cf 00 00 02 aabb 03 010203", PARSE_OK },
	{ "an Initial too short to be protected", "c0 00000001 00 00 00 05 0102030405", PARSE_OK },
};

static enum parse_status read(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = hex_copy(bytes, size);
	struct cursor datagram = cursor_of(copy, size);
	struct quic_packet packet;
	enum parse_status status = quic_packet_read(&datagram, &packet);

	if (status == PARSE_OK) {
		assert_int_equal(packet.whole.left, size);
		assert_true(packet.number_at < size);
	}
	free(copy);
	return status;
}

/* Whatever takes the rest of a datagram cannot be told from a part of itself. */
static void check_case(void **state)
{
	const struct packet_case *c = *state;
	uint8_t *bytes = NULL;
	size_t size = hex_decode(c->hex, &bytes);

	assert_int_equal(read(bytes, size), c->want);
	for (size_t cut = 0; cut < size && c->want == PARSE_OK; cut++)
		if ((bytes[0] & 0xf0) != 0xf0 && bytes[4] != 0)
			assert_int_equal(read(bytes, cut), PARSE_NEED_MORE);
	free(bytes);
}

static void check_versions(void **state)
{
	const struct quic_version *row = quic_version_next(NULL, 0x3a4a5a6a);

	(void)state;
	assert_non_null(row); /* a reserved one: two salts */
	row = quic_version_next(row, 0x3a4a5a6a);
	assert_non_null(row);
	assert_null(quic_version_next(row, 0x3a4a5a6a));
	assert_null(quic_version_next(NULL, 0));
	assert_null(quic_version_next(NULL, 2));
	assert_null(quic_version_next(NULL, 0xff000015));
	assert_null(quic_version_next(NULL, 0xff000023));
	assert_null(quic_version_next(NULL, 0x3a4a5a6b));
}

#define CASES (sizeof(cases) / sizeof(cases[0]))

int main(void)
{
	struct CMUnitTest tests[CASES + 1] = { [CASES] = cmocka_unit_test(check_versions) };

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ cases[i].name, check_case, NULL, NULL, &cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

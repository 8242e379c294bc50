/* SPDX-License-Identifier: Apache-2.0 */
#include "common/uuid.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char text[] = "00112233-4455-6677-8899-aabbccddeeff";
static const uint8_t bytes[UUID_BYTES] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
					   0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };

static void check_round_trip(void **state)
{
	uint8_t parsed[UUID_BYTES];
	char formatted[UUID_TEXT_BYTES];

	(void)state;
	assert_int_equal(uuid_parse(text, parsed), 0);
	assert_memory_equal(parsed, bytes, sizeof(bytes));
	uuid_format(parsed, formatted);
	assert_string_equal(formatted, text);
	assert_int_equal(uuid_parse("00112233-4455-6677-8899-AABBCCDDEEFF", parsed), 0);
	assert_memory_equal(parsed, bytes, sizeof(bytes));
}

static void check_refusals(void **state)
{
	static const char *const bad[] = {
		"00112233445566778899aabbccddeeff",	"00112233-4455-6677-8899-aabbccddeeff0",
		"00112233-4455-6677-8899-aabbccddeefg", "{0112233-4455-6677-8899-aabbccddeeff",
		"0011223-34455-6677-8899-aabbccddeeff", " 0112233-4455-6677-8899-aabbccddeeff",
		"00112233-4455-6677-8899_aabbccddeeff",
	};
	uint8_t parsed[UUID_BYTES] = { 0xa5 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(uuid_parse(bad[i], parsed), -EINVAL);
	for (size_t cut = 0; cut < sizeof(text) - 1; cut++) {
		char *prefix = strndup(text, cut);

		assert_int_equal(uuid_parse(prefix, parsed), -EINVAL);
		free(prefix);
	}
	assert_int_equal(parsed[0], 0xa5);
}

static void check_random(void **state)
{
	uint8_t one[UUID_BYTES];
	uint8_t other[UUID_BYTES];

	(void)state;
	assert_int_equal(uuid_random(one), 0);
	assert_int_equal(uuid_random(other), 0);
	assert_memory_not_equal(one, other, sizeof(one));
	assert_int_equal(one[6] >> 4, 4);
	assert_int_equal(one[8] >> 6, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_round_trip),
		cmocka_unit_test(check_refusals),
		cmocka_unit_test(check_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

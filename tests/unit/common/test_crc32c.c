/* SPDX-License-Identifier: Apache-2.0 */
/* The source itself, for both of its ways of computing. */
#include "userspace/common/crc32c.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/hex.h"

/* RFC 3720 B.4, as the four bytes read most significant first. */
static struct crc_case {
	const char *name;
	const char *hex;
	uint32_t want;
} cases[] = {
	{ "nothing", "", 0 },
	{ "check value of the polynomial", "313233343536373839", 0xe3069283 },
	{ "32 bytes of zeroes", "0000000000000000000000000000000000000000000000000000000000000000",
	  0x8a9136aa },
	{ "32 bytes of ones", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	  0x62a8ab43 },
	{ "32 bytes ascending", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  0x46dd794e },
	{ "32 bytes descending", "1f1e1d1c1b1a191817161514131211100f0e0d0c0b0a09080706050403020100",
	  0x113fdb5c },
	{ "an iSCSI read command",
	  "01c00000000000000000000000000000 14000000000004000000001400000018"
	  "28000000000000000200000000000000",
	  0xd9963a56 },
};

static void check_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t *bytes = NULL;
		size_t size = hex_decode(cases[i].hex, &bytes);

		if (crc32c(0, bytes, size) != cases[i].want ||
		    ~update_portable(~0u, bytes, size) != cases[i].want)
			fail_msg("%s", cases[i].name);
		free(bytes);
	}
}

/* Every length and alignment around the word size, split at every place. */
static void check_ways_agree(void **state)
{
	uint8_t bytes[80];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 37 + 11);
	for (size_t from = 0; from < 9; from++) {
		for (size_t to = from; to < sizeof(bytes); to++) {
			uint32_t want = ~update_portable(~0u, bytes + from, to - from);
			size_t half = (to - from) / 2;

			assert_int_equal(crc32c(0, bytes + from, to - from), want);
			assert_int_equal(crc32c(crc32c(0, bytes + from, half), bytes + from + half,
						to - from - half),
					 want);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_vectors),
		cmocka_unit_test(check_ways_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

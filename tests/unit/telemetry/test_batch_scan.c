/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/batch_scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#undef UNIT_TESTING /* cmocka's own malloc hides overreads from ASan */
#include <cmocka.h>

#define BYTES(literal) (const uint8_t *)(literal), sizeof(literal) - 1

static struct scan_case {
	const char *name;
	const uint8_t *bytes;
	size_t size;
	const char *why;
} cases[] = {
	{ "nothing", BYTES(""), NULL },
	{ "schema", BYTES("\x08\x01"), NULL },
	{ "every wire type, unknown fields",
	  BYTES("\x90\x01\x01\x91\x01qwertyui\x92\x01\x02xy\x95\x01____"), NULL },
	{ "field 0 counts as unknown", BYTES("\x00\x01"), NULL },
	{ "field number of 29 bits", BYTES("\xf8\xff\xff\xff\x0f\x01"), NULL },
	{ "ten-byte varint", BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), NULL },
	{ "eleven-byte varint", BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
	  "not a protobuf message" },
	{ "tag without value", BYTES("\x08"), "not a protobuf message" },
	{ "varint cut", BYTES("\x08\x80"), "not a protobuf message" },
	{ "fixed64 cut", BYTES("\x79qwertyu"), "not a protobuf message" },
	{ "fixed32 cut", BYTES("\x7d___"), "not a protobuf message" },
	{ "length over the end", BYTES("\x22\x05____"), "not a protobuf message" },
	{ "length of 64 bits", BYTES("\x22\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
	  "not a protobuf message" },
	{ "group", BYTES("\x2b\x2c"), "not a protobuf message" },
	{ "schema twice", BYTES("\x08\x01\x08\x01"), "a singular field comes twice" },
	{ "boot id twice", BYTES("\x12\x00\x12\x00"), "a singular field comes twice" },
	{ "base time twice", BYTES("\x18\x00\x18\x00"), "a singular field comes twice" },
	{ "processes twice", BYTES("\x2a\x00\x2a\x00"), "a singular field comes twice" },
	{ "execs twice", BYTES("\x32\x00\x32\x00"), "a singular field comes twice" },
	{ "exits twice", BYTES("\x3a\x00\x3a\x00"), "a singular field comes twice" },
	{ "flows twice, the tag once overlong", BYTES("\x42\x00\xc2\x80\x00\x00"),
	  "a singular field comes twice" },
	{ "contexts twice", BYTES("\x52\x00\x52\x00"), "a singular field comes twice" },
	{ "files twice", BYTES("\x5a\x00\x5a\x00"), "a singular field comes twice" },
	{ "sockets twice", BYTES("\x62\x00\x62\x00"), "a singular field comes twice" },
	{ "marks twice", BYTES("\x6a\x00\x6a\x00"), "a singular field comes twice" },
	{ "fingerprints twice", BYTES("\x72\x00\x72\x00"), "a singular field comes twice" },
	{ "hashes twice", BYTES("\x7a\x00\x7a\x00"), "a singular field comes twice" },
	{ "updates twice", BYTES("\x82\x01\x00\x82\x01\x00"), "a singular field comes twice" },
	{ "ancestries twice", BYTES("\x8a\x01\x00\x8a\x01\x00"), "a singular field comes twice" },
	{ "texts and gaps repeat", BYTES("\x22\x00\x22\x00\x4a\x00\x4a\x00"), NULL },
};

static void check_case(void **state)
{
	const struct scan_case *c = *state;
	uint8_t *exact = malloc(c->size ? c->size : 1);
	const char *why;

	assert_non_null(exact);
	memcpy(exact, c->bytes, c->size);
	why = batch_scan(exact, c->size);
	free(exact);
	if (c->why) {
		assert_non_null(why);
		assert_string_equal(why, c->why);
	} else {
		assert_null(why);
	}
}

static void check_repeats(uint8_t tag, size_t max, const char *want)
{
	uint8_t *bytes = calloc(max + 1, 2);

	assert_non_null(bytes);
	for (size_t i = 0; i <= max; i++)
		bytes[2 * i] = tag;
	assert_null(batch_scan(bytes, 2 * max));
	assert_string_equal(batch_scan(bytes, 2 * (max + 1)), want);
	free(bytes);
}

static void test_counts_are_limited(void **state)
{
	(void)state;
	check_repeats(0x22, 262144, "too many texts");
	check_repeats(0x4a, 32768, "too many gaps");
	check_repeats(0x00, 1024, "too many unknown fields");
}

int main(void)
{
	struct CMUnitTest rows[sizeof(cases) / sizeof(cases[0])];
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_counts_are_limited) };
	int failed;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		rows[i] = (struct CMUnitTest){ cases[i].name, check_case, NULL, NULL, &cases[i] };
	failed = cmocka_run_group_tests(rows, NULL, NULL);
	return failed + cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: Apache-2.0
/* bpf/lib/splt.h: lengths, gaps, and what is left out. */
#include "bpf/lib/splt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void gaps_are_logarithms(void **state)
{
	static const struct {
		uint64_t gap_ns;
		uint8_t want;
	} rows[] = {
		{ 0, 0 },
		{ 999, 0 },
		{ 1000, 1 },
		{ 1999, 1 },
		{ 2000, 2 },
		{ 3999, 2 },
		{ 4000, 3 },
		{ 1000000, 10 },
		{ 1000000000, 20 },
		{ UINT64_MAX, 55 },
		{ 4294967295999, 32 },
		{ 4294967296000, 33 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(splt_gap(rows[i].gap_ns), rows[i].want);
}

static void lengths_have_a_sign_and_saturate(void **state)
{
	struct splt splt = { 0 };

	(void)state;
	splt_set(&splt, 0, true, 517, 5000);
	splt_set(&splt, 1, false, 1460, 9000);
	splt_set(&splt, 2, false, 65160, 8000); /* another CPU looked at its clock before */
	splt_set(&splt, 3, true, 40000, 8000);
	assert_int_equal(splt.length[0], 517);
	assert_int_equal(splt.gap[0], 0);
	assert_int_equal(splt.length[1], -1460);
	assert_int_equal(splt.gap[1], 3);
	assert_int_equal(splt.length[2], -32767);
	assert_int_equal(splt.gap[2], 0);
	assert_int_equal(splt.length[3], 32767);
	assert_int_equal(splt.gap[3], 0);
}

static void what_was_sent_before_is_left_out(void **state)
{
	uint32_t top = 0;

	(void)state;
	assert_true(splt_is_new(&top, 0, 100));
	assert_false(splt_is_new(&top, 0, 100));
	assert_false(splt_is_new(&top, 50, 50));
	assert_true(splt_is_new(&top, 50, 51)); /* one byte more */
	assert_true(splt_is_new(&top, 200, 10));
	assert_false(splt_is_new(&top, 101, 99)); /* fills a gap: perhaps sent again */
	assert_int_equal(top, 210);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(gaps_are_logarithms),
		cmocka_unit_test(lengths_have_a_sign_and_saturate),
		cmocka_unit_test(what_was_sent_before_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

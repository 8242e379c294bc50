/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/ship/backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ATTEMPTS 8

static struct backoff_case {
	const char *name;
	uint32_t min_ms, max_ms;
	uint32_t low[ATTEMPTS], high[ATTEMPTS]; /* of each delay in turn */
} cases[] = {
	{ "doubles up to the cap",
	  500,
	  6000,
	  { 500, 1000, 2000, 3000, 3000, 3000, 3000, 3000 },
	  { 1000, 2000, 4000, 6000, 6000, 6000, 6000, 6000 } },
	{ "minimum equals maximum: no jitter",
	  700,
	  700,
	  { 700, 700, 700, 700, 700, 700, 700, 700 },
	  { 700, 700, 700, 700, 700, 700, 700, 700 } },
	{ "maximum below minimum is taken as the minimum",
	  700,
	  10,
	  { 700, 700, 700, 700, 700, 700, 700, 700 },
	  { 700, 700, 700, 700, 700, 700, 700, 700 } },
	{ "cap below twice the minimum",
	  1000,
	  1500,
	  { 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000 },
	  { 1500, 1500, 1500, 1500, 1500, 1500, 1500, 1500 } },
	{ "nothing overflows at the end of the range",
	  1u << 31,
	  UINT32_MAX,
	  { 1u << 31, 1u << 31, 1u << 31, 1u << 31, 1u << 31, 1u << 31, 1u << 31, 1u << 31 },
	  { UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX,
	    UINT32_MAX } },
};

/* Both ends of each span are reached, and a random number beyond it wraps into it. */
static void check_case(void **state)
{
	const struct backoff_case *c = *state;
	struct backoff low, high, wild;

	backoff_init(&low, c->min_ms, c->max_ms);
	backoff_init(&high, c->min_ms, c->max_ms);
	backoff_init(&wild, c->min_ms, c->max_ms);
	for (int i = 0; i < ATTEMPTS; i++) {
		assert_int_equal(backoff_next_ms(&low, 0), c->low[i]);
		assert_int_equal(backoff_next_ms(&high, c->high[i] - c->low[i]), c->high[i]);
		assert_in_range(backoff_next_ms(&wild, UINT32_MAX), c->low[i], c->high[i]);
	}
}

static void test_reset(void **state)
{
	struct backoff backoff;

	(void)state;
	backoff_init(&backoff, 100, 100000);
	for (int i = 0; i < 5; i++)
		backoff_next_ms(&backoff, 0);
	assert_int_equal(backoff_next_ms(&backoff, 0), 3200);
	backoff_reset(&backoff);
	assert_int_equal(backoff_next_ms(&backoff, 0), 100);
}

int main(void)
{
	struct CMUnitTest tests[sizeof(cases) / sizeof(*cases) + 1];
	size_t count = 0;

	for (; count < sizeof(cases) / sizeof(*cases); count++)
		tests[count] = (struct CMUnitTest){ cases[count].name, check_case, NULL, NULL,
						    &cases[count] };
	tests[count] = (struct CMUnitTest){ "reset starts over", test_reset, NULL, NULL, NULL };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

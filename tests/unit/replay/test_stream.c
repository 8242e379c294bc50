/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define STEPS_MAX 12

struct step {
	uint32_t at; /* relative to the first byte's number */
	uint32_t bytes;
	uint32_t want_new;
	int64_t want_offset;
};

static struct stream_case {
	const char *name;
	uint32_t first_seq;
	struct step steps[STEPS_MAX];
	uint64_t want_unique;
} cases[] = {
	{ "in order", 1000, { { 0, 10, 10, 0 }, { 10, 5, 5, 10 } }, 15 },
	{ "sent again", 1000, { { 0, 10, 10, 0 }, { 0, 10, 0, 0 }, { 5, 5, 0, 5 } }, 10 },
	{ "sent again with more", 1000, { { 0, 10, 10, 0 }, { 5, 10, 5, 5 } }, 15 },
	{ "keep-alive", 1000, { { 0, 10, 10, 0 }, { 9, 1, 0, 9 } }, 10 },
	{ "reordered", 1000, { { 10, 10, 10, 10 }, { 0, 10, 10, 0 }, { 5, 20, 5, 5 } }, 25 },
	{ "over two islands",
	  1000,
	  { { 10, 5, 5, 10 }, { 20, 5, 5, 20 }, { 0, 30, 20, 0 }, { 0, 30, 0, 0 } },
	  30 },
	{ "islands that grow together",
	  1000,
	  { { 10, 5, 5, 10 }, { 20, 5, 5, 20 }, { 15, 5, 5, 15 }, { 0, 10, 10, 0 } },
	  25 },
	{ "before the beginning",
	  1000,
	  { { (uint32_t)-5, 5, 0, -5 }, { (uint32_t)-5, 8, 3, -5 } },
	  3 },
	{ "numbers wrap", UINT32_MAX - 4, { { 0, 10, 10, 0 }, { 10, 10, 10, 10 } }, 20 },
	{ "more holes than are remembered",
	  0,
	  { { 10, 1, 1, 10 },
	    { 20, 1, 1, 20 },
	    { 30, 1, 1, 30 },
	    { 40, 1, 1, 40 },
	    { 50, 1, 1, 50 },
	    { 60, 1, 1, 60 },
	    { 70, 1, 1, 70 },
	    { 80, 1, 1, 80 },
	    { 90, 1, 1, 90 },
	    { 0, 10, 0, 0 } /* lost for good */,
	    { 15, 1, 1, 15 } },
	  10 },
	{ "a new one in the hole that is given up",
	  0,
	  { { 20, 1, 1, 20 },
	    { 30, 1, 1, 30 },
	    { 40, 1, 1, 40 },
	    { 50, 1, 1, 50 },
	    { 60, 1, 1, 60 },
	    { 70, 1, 1, 70 },
	    { 80, 1, 1, 80 },
	    { 90, 1, 1, 90 },
	    { 10, 1, 1, 10 },
	    { 10, 1, 0, 10 } },
	  9 },
};

static void check_case(void **state)
{
	const struct stream_case *c = *state;
	struct stream stream = { 0 };

	stream_begin(&stream, c->first_seq);
	stream_begin(&stream, c->first_seq + 77); /* too late */
	for (int i = 0; i < STEPS_MAX && c->steps[i].bytes > 0; i++) {
		const struct step *step = &c->steps[i];
		int64_t offset;

		assert_int_equal(stream_add(&stream, c->first_seq + step->at, step->bytes, &offset),
				 step->want_new);
		assert_true(offset == step->want_offset);
	}
	assert_int_equal(stream.unique_bytes, c->want_unique);
}

/* More than 4 GiB: the numbers come round, the places do not. */
static void test_long_stream(void **state)
{
	struct stream stream = { 0 };
	const uint32_t step = 1u << 30;
	int64_t offset;

	(void)state;
	for (uint64_t i = 0; i < 12; i++) {
		assert_int_equal(stream_add(&stream, 5 + (uint32_t)(i * step), step, &offset),
				 step);
		assert_true(offset == (int64_t)(i * step));
	}
	assert_true(stream.unique_bytes == 12ull * step);
}

/* Against a bitmap, over random pieces of a small window: with fewer holes than are remembered
 * nothing is lost. */
static void test_like_a_bitmap(void **state)
{
	(void)state;
	srandom(1);
	for (int round = 0; round < 200; round++) {
		bool there[64] = { false };
		struct stream stream = { 0 };

		stream_begin(&stream, 0);
		for (int i = 0; i < 100; i++) {
			uint32_t from = (uint32_t)random() % 8 * 4;
			uint32_t bytes = 1 + (uint32_t)random() % 16;
			uint32_t want = 0;
			int64_t offset;

			for (uint32_t k = from; k < from + bytes; k++) {
				want += !there[k];
				there[k] = true;
			}
			assert_int_equal(stream_add(&stream, from, bytes, &offset), want);
		}
	}
}

#define CASES (sizeof(cases) / sizeof(cases[0]))

int main(void)
{
	struct CMUnitTest tests[CASES + 2] = {
		cmocka_unit_test(test_long_stream),
		cmocka_unit_test(test_like_a_bitmap),
	};

	for (size_t i = 0; i < CASES; i++)
		tests[i + 2] = (struct CMUnitTest){ .name = cases[i].name,
						    .test_func = check_case,
						    .initial_state = &cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define STEPS_MAX 12
#define WINDOW_MAX 2048
#define ROOM (2 * STREAM_AHEAD_MAX)

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
	{ "many holes",
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
	    { 0, 10, 10, 0 },
	    { 5, 90, 76, 5 } },
	  95 },
};

static void check_case(void **state)
{
	const struct stream_case *c = *state;
	struct stream stream = { 0 };
	size_t room = ROOM;

	stream_begin(&stream, c->first_seq);
	stream_begin(&stream, c->first_seq + 77); /* too late */
	for (int i = 0; i < STEPS_MAX && c->steps[i].bytes > 0; i++) {
		const struct step *step = &c->steps[i];
		int64_t offset;

		assert_int_equal(
			stream_add(&stream, &room, c->first_seq + step->at, step->bytes, &offset),
			step->want_new);
		assert_true(offset == step->want_offset);
	}
	assert_int_equal(stream.unique_bytes, c->want_unique);
	stream_done(&stream, &room);
	assert_int_equal(room, ROOM);
}

/* More than 4 GiB: the numbers come round, the places do not. */
static void test_long_stream(void **state)
{
	struct stream stream = { 0 };
	const uint32_t step = 1u << 30;
	size_t room = ROOM;
	int64_t offset;

	(void)state;
	for (uint64_t i = 0; i < 12; i++) {
		assert_int_equal(
			stream_add(&stream, &room, 5 + (uint32_t)(i * step), step, &offset), step);
		assert_true(offset == (int64_t)(i * step));
	}
	assert_true(stream.unique_bytes == 12ull * step);
}

/* Against a bitmap, over random pieces of a window: with fewer holes than are remembered nothing is
 * lost. */
static void check_like_a_bitmap(uint32_t window, uint32_t bytes_max, int pieces)
{
	bool there[WINDOW_MAX] = { false };
	struct stream stream = { 0 };
	size_t room = ROOM;

	stream_begin(&stream, 0);
	for (int i = 0; i < pieces; i++) {
		uint32_t bytes = 1 + (uint32_t)random() % bytes_max;
		uint32_t from = (uint32_t)random() % (window - bytes);
		uint32_t want = 0;
		int64_t offset;

		for (uint32_t k = from; k < from + bytes; k++) {
			want += !there[k];
			there[k] = true;
		}
		assert_int_equal(stream_add(&stream, &room, from, bytes, &offset), want);
	}
	stream_done(&stream, &room);
	assert_int_equal(room, ROOM);
}

static void test_like_a_bitmap(void **state)
{
	(void)state;
	srandom(1);
	for (int round = 0; round < 200; round++)
		check_like_a_bitmap(64, 16, 100);
	for (int round = 0; round < 10; round++)
		check_like_a_bitmap(WINDOW_MAX, 2, 2 * WINDOW_MAX);
}

static uint32_t add_byte(struct stream *stream, size_t *room, uint32_t place)
{
	int64_t offset;

	return stream_add(stream, room, place, 1, &offset);
}

/* Then the first hole is lost for good, and only that one. */
static void test_more_holes_than_are_remembered(void **state)
{
	struct stream stream = { 0 };
	size_t room = ROOM;

	(void)state;
	stream_begin(&stream, 0);
	for (uint32_t i = 1; i <= STREAM_AHEAD_MAX; i++)
		assert_int_equal(add_byte(&stream, &room, 10 * i), 1);
	assert_int_equal(add_byte(&stream, &room, 5), 1); /* the hole that it lies in */
	assert_int_equal(add_byte(&stream, &room, 4), 0);
	assert_int_equal(add_byte(&stream, &room, 5), 0);
	assert_int_equal(add_byte(&stream, &room, 7), 1);
	assert_int_equal(add_byte(&stream, &room, 10 * STREAM_AHEAD_MAX + 10), 1);
	assert_int_equal(add_byte(&stream, &room, 6), 0);
	assert_int_equal(add_byte(&stream, &room, 19), 1);
	stream_done(&stream, &room);
	assert_int_equal(room, ROOM);
}

/* What one stream has taken is not there for another. */
static void test_no_room_for_two(void **state)
{
	struct stream first = { 0 }, second = { 0 };
	size_t room = 8;

	(void)state;
	stream_begin(&first, 0);
	stream_begin(&second, 0);
	assert_int_equal(add_byte(&first, &room, 10), 1);
	assert_int_equal(add_byte(&second, &room, 10), 1);
	assert_int_equal(add_byte(&second, &room, 9), 0);
	assert_int_equal(add_byte(&first, &room, 9), 1);
	stream_done(&first, &room);
	assert_int_equal(add_byte(&second, &room, 20), 1);
	assert_int_equal(add_byte(&second, &room, 19), 1);
	stream_done(&second, &room);
	assert_int_equal(room, 8);
}

#define OTHERS 4
#define CASES (sizeof(cases) / sizeof(cases[0]))

int main(void)
{
	struct CMUnitTest tests[CASES + OTHERS] = {
		cmocka_unit_test(test_long_stream),
		cmocka_unit_test(test_like_a_bitmap),
		cmocka_unit_test(test_more_holes_than_are_remembered),
		cmocka_unit_test(test_no_room_for_two),
	};

	for (size_t i = 0; i < CASES; i++)
		tests[i + OTHERS] = (struct CMUnitTest){ .name = cases[i].name,
							 .test_func = check_case,
							 .initial_state = &cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

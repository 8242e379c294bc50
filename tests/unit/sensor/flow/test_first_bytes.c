/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/flow/first_bytes.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/hex.h"

#define WHOLE_BYTES 2000
#define BYTES_MAX 16384

static size_t wiped_bytes;

/* In place of libc's, which _FORTIFY_SOURCE calls by this name, to see what is wiped; the barrier
 * keeps the compiler from leaving it out. */
void __explicit_bzero_chk(void *at, size_t size, size_t room)
{
	assert_true(size <= room);
	memset(at, 0, size);
	__asm__ volatile("" : : "r"(at) : "memory");
	wiped_bytes += size;
}

static uint8_t whole[WHOLE_BYTES];

static struct first_bytes empty(void)
{
	struct first_bytes message;

	first_bytes_init(&message, BYTES_MAX);
	return message;
}

/* From an exact-size copy, so that ASan sees one byte over. */
static int add(struct first_bytes *message, size_t offset, size_t size)
{
	uint8_t *copy = hex_copy(whole + offset, size);
	int r = first_bytes_add(message, offset, cursor_of(copy, size));

	free(copy);
	return r;
}

static void assert_whole(struct first_bytes *message, size_t size)
{
	struct cursor bytes = first_bytes_read(message);

	assert_int_equal(bytes.left, size);
	assert_memory_equal(bytes.at, whole, size);
	first_bytes_done(message);
}

static void pieces_in_order_are_put_together(void **state)
{
	struct first_bytes message = empty();

	(void)state;
	assert_int_equal(add(&message, 0, 700), 0);
	assert_int_equal(add(&message, 700, 700), 0);
	assert_int_equal(add(&message, 1400, 600), 0);
	assert_whole(&message, WHOLE_BYTES);
}

static void pieces_in_reverse_order_are_put_together(void **state)
{
	struct first_bytes message = empty();

	(void)state;
	for (size_t at = WHOLE_BYTES; at > 0; at -= 100) {
		assert_int_equal(message.pieces.prefix, 0);
		assert_int_equal(add(&message, at - 100, 100), 0);
	}
	assert_whole(&message, WHOLE_BYTES);
}

static void a_gap_ends_what_can_be_read(void **state)
{
	struct first_bytes message = empty();

	(void)state;
	assert_int_equal(add(&message, 0, 10), 0);
	assert_int_equal(add(&message, 11, 10), 0);
	assert_int_equal(first_bytes_read(&message).left, 10);
	assert_int_equal(add(&message, 10, 1), 0);
	assert_whole(&message, 21);
}

static void the_same_bytes_may_come_twice(void **state)
{
	struct first_bytes message = empty();

	(void)state;
	assert_int_equal(add(&message, 100, 100), 0);
	assert_int_equal(add(&message, 150, 200), 0);
	assert_int_equal(add(&message, 0, 120), 0);
	assert_int_equal(add(&message, 0, 350), 0);
	assert_int_equal(add(&message, 340, 100), 0);
	assert_whole(&message, 440);
}

static void other_bytes_at_the_same_place_are_an_overlap(void **state)
{
	static const size_t places[] = { 0, 60, 99, 150, 199 }; /* before and after the gap */

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		struct first_bytes message = empty();
		uint8_t other = (uint8_t)(whole[places[i]] ^ 1);

		assert_int_equal(add(&message, 150, 50), 0);
		assert_int_equal(add(&message, 0, 100), 0);
		assert_int_equal(first_bytes_add(&message, places[i], cursor_of(&other, 1)),
				 -EBADMSG);
		first_bytes_done(&message);
	}
}

static void what_lies_behind_the_limit_is_not_kept(void **state)
{
	struct first_bytes message;

	(void)state;
	first_bytes_init(&message, 100);
	assert_int_equal(add(&message, 50, 200), 0);
	assert_int_equal(add(&message, 100, 10), 0);
	assert_int_equal(first_bytes_add(&message, SIZE_MAX - 1, cursor_of(whole, 2)), 0);
	assert_false(first_bytes_is_full(&message));
	assert_int_equal(add(&message, 0, 50), 0);
	assert_true(first_bytes_is_full(&message));
	assert_whole(&message, 100);
}

static void what_is_given_up_is_wiped(void **state)
{
	struct first_bytes message = empty();
	size_t before;

	(void)state;
	wiped_bytes = 0;
	assert_int_equal(add(&message, 0, 200), 0);
	before = first_bytes_heap(&message);
	assert_true(before >= 200);
	assert_int_equal(wiped_bytes, 0);
	assert_int_equal(add(&message, 200, 400), 0); /* moves to a larger place */
	assert_int_equal(wiped_bytes, before);
	before += first_bytes_heap(&message);
	first_bytes_done(&message);
	assert_int_equal(wiped_bytes, before);
	assert_int_equal(first_bytes_heap(&message), 0);
}

static void growth_is_told_before(void **state)
{
	static const size_t ends[] = { 1, 256, 257, 3, 1000, 1999, 2000 };
	struct first_bytes message = empty();

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		size_t heap = first_bytes_heap(&message);
		size_t growth = first_bytes_growth(&message, ends[i] - 1, 1);

		assert_int_equal(add(&message, ends[i] - 1, 1), 0);
		assert_int_equal(first_bytes_heap(&message), heap + growth);
	}
	first_bytes_done(&message);
}

/* How often it is due when `size` bytes come one by one. */
static unsigned int reads_of_bytes(size_t size, size_t total, size_t known_from)
{
	struct first_bytes message = empty();
	unsigned int reads = 0;

	for (size_t at = 0; at < size; at++) {
		if (at >= known_from)
			first_bytes_expect(&message, total);
		assert_int_equal(add(&message, at, 1), 0);
		if (!first_bytes_is_due(&message))
			continue;
		first_bytes_read(&message);
		reads++;
	}
	if (total > 0 && size >= total)
		assert_false(first_bytes_has_news(&message)); /* the last byte was read */
	first_bytes_done(&message);
	return reads;
}

static void bytes_that_come_singly_are_read_rarely(void **state)
{
	(void)state;
	assert_int_equal(reads_of_bytes(517, 517, 0), 1);
	assert_int_equal(reads_of_bytes(517, 517, 5), 6); /* each of its header's bytes, then all */
	assert_int_equal(reads_of_bytes(516, 517, 0), 0);
	assert_in_range(reads_of_bytes(2000, 0, 0), 10, 80);
	assert_int_equal(reads_of_bytes(600, 600, 599),
			 reads_of_bytes(599, 0, 0) + 1); /* the budget was spent before */
}

static void a_usual_segment_is_always_worth_reading(void **state)
{
	struct first_bytes message = empty();

	(void)state;
	for (size_t at = 0; at < WHOLE_BYTES; at += 200) {
		assert_int_equal(add(&message, at, 200), 0);
		assert_true(first_bytes_is_due(&message));
		first_bytes_read(&message);
		assert_false(first_bytes_is_due(&message));
	}
	first_bytes_done(&message);
}

static void reading_costs_in_proportion(void **state)
{
	struct first_bytes message = empty();
	size_t total = 1;

	(void)state;
	for (size_t at = 0; at < WHOLE_BYTES; at++, total++) {
		first_bytes_expect(&message, total); /* a liar: complete with each byte */
		assert_int_equal(add(&message, at, 1), 0);
		if (first_bytes_is_due(&message))
			first_bytes_read(&message);
	}
	assert_in_range(message.read_sum, 1, 12 * WHOLE_BYTES + 2048);
	first_bytes_done(&message);
}

/* Any way of cutting, any order, some pieces twice: the same as the whole. */
static void any_cuts_in_any_order_give_the_whole(void **state)
{
	(void)state;
	srand(1);
	for (unsigned int round = 0; round < 300; round++) {
		struct first_bytes message = empty();
		size_t piece_max = 1 + (size_t)rand() % 400;

		while (message.pieces.prefix < WHOLE_BYTES) {
			size_t offset = (size_t)rand() % WHOLE_BYTES;
			size_t size = 1 + (size_t)rand() % piece_max;

			if (size > WHOLE_BYTES - offset)
				size = WHOLE_BYTES - offset;
			assert_int_equal(add(&message, offset, size), 0);
			assert_memory_equal(message.pieces.at, whole, message.pieces.prefix);
		}
		assert_whole(&message, WHOLE_BYTES);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_in_order_are_put_together),
		cmocka_unit_test(pieces_in_reverse_order_are_put_together),
		cmocka_unit_test(a_gap_ends_what_can_be_read),
		cmocka_unit_test(the_same_bytes_may_come_twice),
		cmocka_unit_test(other_bytes_at_the_same_place_are_an_overlap),
		cmocka_unit_test(what_lies_behind_the_limit_is_not_kept),
		cmocka_unit_test(what_is_given_up_is_wiped),
		cmocka_unit_test(growth_is_told_before),
		cmocka_unit_test(bytes_that_come_singly_are_read_rarely),
		cmocka_unit_test(a_usual_segment_is_always_worth_reading),
		cmocka_unit_test(reading_costs_in_proportion),
		cmocka_unit_test(any_cuts_in_any_order_give_the_whole),
	};

	for (size_t i = 0; i < WHOLE_BYTES; i++)
		whole[i] = (uint8_t)(i * 7 + i / 256);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

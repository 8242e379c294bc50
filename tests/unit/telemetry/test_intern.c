/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/intern.h"

#include "proto/telemetry.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#undef UNIT_TESTING /* cmocka's own malloc hides overreads from ASan */
#include <cmocka.h>

static void test_equal_bytes_share_a_reference(void **state)
{
	struct intern intern = { 0 };
	uint32_t reference = 0;

	(void)state;
	assert_int_equal(intern_add(&intern, "one", 3, &reference), 1);
	assert_int_equal(reference, 1);
	assert_int_equal(intern_add(&intern, "two", 3, &reference), 1);
	assert_int_equal(reference, 2);
	assert_int_equal(intern_add(&intern, "one", 3, &reference), 0);
	assert_int_equal(reference, 1);
	assert_int_equal(intern.count, 2);
	intern_done(&intern);
}

static void test_length_and_nul_count(void **state)
{
	struct intern intern = { 0 };
	uint32_t reference = 0;

	(void)state;
	assert_int_equal(intern_add(&intern, "a\0b", 3, &reference), 1);
	assert_int_equal(intern_add(&intern, "a\0c", 3, &reference), 1);
	assert_int_equal(intern_add(&intern, "a", 1, &reference), 1);
	assert_int_equal(intern_add(&intern, "a\0", 2, &reference), 1);
	assert_int_equal(intern_add(&intern, "a\0c", 3, &reference), 0);
	assert_int_equal(reference, 2);
	intern_done(&intern);
}

static void test_order_is_that_of_adding(void **state)
{
	struct intern intern = { 0 };
	uint32_t reference = 0;

	(void)state;
	for (uint32_t round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < 5000; i++) {
			assert_int_equal(intern_add(&intern, &i, sizeof(i), &reference), !round);
			assert_int_equal(reference, i + 1);
		}
	}
	for (uint32_t i = 0; i < 5000; i++) {
		struct text text = intern_text(&intern, i + 1);

		assert_int_equal(text.length, sizeof(i));
		assert_memory_equal(text.at, &i, sizeof(i));
	}
	intern_done(&intern);
}

static void test_clear_starts_over(void **state)
{
	struct intern intern = { 0 };
	uint32_t reference = 0;

	(void)state;
	assert_int_equal(intern_add(&intern, "x", 1, &reference), 1);
	intern_clear(&intern);
	assert_int_equal(intern.count, 0);
	assert_int_equal(intern_add(&intern, "y", 1, &reference), 1);
	assert_int_equal(reference, 1);
	assert_int_equal(intern_add(&intern, "x", 1, &reference), 1);
	assert_int_equal(reference, 2);
	intern_done(&intern);
}

static void test_equal_rows_share_a_reference(void **state)
{
	struct intern_rows rows = { 0 };
	uint32_t reference = 0;

	(void)state;
	columns_init(&rows.columns, &yagura__telemetry__marks__descriptor);
	for (uint64_t round = 0; round < 2; round++) {
		for (uint64_t i = 0; i < 1000; i++) {
			const uint64_t row[] = { i % 10, i };

			assert_int_equal(intern_row(&rows, row, &reference), !round);
			assert_int_equal(reference, i + 1);
		}
	}
	assert_int_equal(columns_row(&rows.columns, 999)[1], 999);
	intern_rows_clear(&rows);
	assert_int_equal(intern_row(&rows, (const uint64_t[]){ 9, 999 }, &reference), 1);
	assert_int_equal(reference, 1);
	intern_rows_done(&rows);
}

/* The step of common/hash.h undone: words whose hash is the same, as somebody would choose them
 * who wants the table slow. */
static uint64_t colliding(uint64_t n)
{
	return n << 32 | (uint32_t)(n * 2654435761u);
}

/* However the hashes fall, each is added in bounded time, and what is there is found or comes
 * twice; never one for another. */
static void test_many_of_any_kind(void **state)
{
	struct intern intern = { 0 };
	uint32_t reference = 0;

	(void)state;
	for (uint64_t i = 0; i < 200000; i++) {
		uint64_t word = colliding(i);
		struct text text;

		assert_in_range(intern_add(&intern, &word, sizeof(word), &reference), 0, 1);
		text = intern_text(&intern, reference);
		assert_memory_equal(text.at, &word, sizeof(word));
	}
	intern_done(&intern);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_bytes_share_a_reference),
		cmocka_unit_test(test_length_and_nul_count),
		cmocka_unit_test(test_order_is_that_of_adding),
		cmocka_unit_test(test_clear_starts_over),
		cmocka_unit_test(test_equal_rows_share_a_reference),
		cmocka_unit_test(test_many_of_any_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

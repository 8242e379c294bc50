/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/intern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

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
	intern_clear(&intern);
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
	intern_clear(&intern);
}

static void test_order_is_that_of_adding(void **state)
{
	struct intern intern = { 0 };
	uint32_t reference = 0;
	uint32_t i = 0;

	(void)state;
	for (i = 0; i < 5000; i++) {
		assert_int_equal(intern_add(&intern, &i, sizeof(i), &reference), 1);
		assert_int_equal(reference, i + 1);
	}
	i = 0;
	for (struct intern_entry *e = intern_first(&intern); e; e = intern_next(e), i++) {
		size_t length = 0;
		const uint8_t *bytes = intern_bytes(e, &length);

		assert_int_equal(length, sizeof(i));
		assert_memory_equal(bytes, &i, sizeof(i));
	}
	assert_int_equal(i, 5000);
	intern_clear(&intern);
}

static void test_clear_starts_over(void **state)
{
	struct intern intern = { 0 };
	uint32_t reference = 0;

	(void)state;
	assert_int_equal(intern_add(&intern, "x", 1, &reference), 1);
	intern_clear(&intern);
	assert_null(intern_first(&intern));
	assert_int_equal(intern_add(&intern, "y", 1, &reference), 1);
	assert_int_equal(reference, 1);
	intern_clear(&intern);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_bytes_share_a_reference),
		cmocka_unit_test(test_length_and_nul_count),
		cmocka_unit_test(test_order_is_that_of_adding),
		cmocka_unit_test(test_clear_starts_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

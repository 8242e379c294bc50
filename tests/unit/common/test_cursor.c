/* SPDX-License-Identifier: Apache-2.0 */
#include "common/cursor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/hex.h"

static void check_widths(void **state)
{
	uint8_t *bytes = NULL;
	size_t size = hex_decode("01 0203 04050607 08090a0b0c0d0e0f", &bytes);
	struct cursor c = cursor_of(bytes, size);

	(void)state;
	assert_int_equal(cursor_u8(&c), 0x01);
	assert_int_equal(cursor_u16(&c), 0x0203);
	assert_int_equal(cursor_u32(&c), 0x04050607);
	assert_false(cursor_done(&c));
	assert_true(cursor_u64(&c) == 0x08090a0b0c0d0e0full);
	assert_true(cursor_done(&c));
	free(bytes);
}

static void check_odd_width(void **state)
{
	const uint8_t bytes[] = { 0xff, 0xfe, 0xfd };
	struct cursor c = cursor_of(bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(cursor_be(&c, 3), 0xfffefd);
	assert_int_equal(cursor_be(&c, 0), 0);
	assert_true(cursor_done(&c));
}

/* A read that does not fit gives zero, and nothing after it succeeds, however small. */
static void check_fails_for_good(void **state)
{
	uint8_t *bytes = NULL;
	size_t size = hex_decode("ffffff", &bytes);

	(void)state;
	for (size_t width = size + 1; width < 10; width++) {
		struct cursor c = cursor_of(bytes, size);

		assert_true(cursor_be(&c, width) == 0);
		assert_false(cursor_ok(&c));
		assert_false(cursor_done(&c));
		assert_int_equal(cursor_u8(&c), 0);
		assert_int_equal(c.left, 0);
		assert_false(cursor_ok(&c));
	}
	free(bytes);
}

static void check_take(void **state)
{
	const uint8_t bytes[] = { 1, 2, 3 };
	struct cursor c = cursor_of(bytes, sizeof(bytes));
	struct cursor taken = cursor_take(&c, 2);

	(void)state;
	assert_int_equal(cursor_u16(&taken), 0x0102);
	assert_true(cursor_done(&taken));
	taken = cursor_take(&c, SIZE_MAX);
	assert_false(cursor_ok(&taken));
	assert_false(cursor_ok(&c));
}

static void check_empty(void **state)
{
	struct cursor c = cursor_of(NULL, 0);
	struct cursor taken = cursor_take(&c, 0);
	uint8_t byte = 7;

	(void)state;
	assert_true(cursor_done(&taken));
	assert_true(cursor_done(&c));
	assert_true(cursor_copy(&c, &byte, 0));
	assert_int_equal(byte, 7);
	assert_int_equal(cursor_u8(&c), 0);
	assert_false(cursor_ok(&c));
}

static void check_copy(void **state)
{
	const uint8_t bytes[] = { 1, 2, 3 };
	struct cursor c = cursor_of(bytes, sizeof(bytes));
	uint8_t copy[2] = { 9, 9 };

	(void)state;
	assert_true(cursor_copy(&c, copy, 2));
	assert_int_equal(copy[1], 2);
	assert_false(cursor_copy(&c, copy, 2));
	assert_int_equal(copy[0], 0);
	assert_int_equal(copy[1], 0);
}

/* A block and what follows it; one whose length is cut, or more than there is, fails both. */
static void check_block(void **state)
{
	uint8_t *bytes = NULL;
	size_t size = hex_decode("0002 aabb cc", &bytes);

	(void)state;
	for (size_t cut = 0; cut <= size; cut++) {
		struct cursor c = cursor_of(bytes, cut);
		struct cursor block = cursor_block(&c, 2);

		assert_int_equal(cursor_ok(&block), cut >= 4);
		assert_int_equal(cursor_ok(&c), cut >= 4);
		assert_int_equal(block.left, cut >= 4 ? 2 : 0);
	}
	free(bytes);
}

static void check_compare(void **state)
{
	struct cursor empty = cursor_of(NULL, 0), ab = cursor_of("ab", 2);

	(void)state;
	assert_int_equal(cursor_compare(empty, empty), 0);
	assert_int_equal(cursor_compare(ab, cursor_of("ab", 2)), 0);
	assert_true(cursor_compare(empty, ab) < 0);
	assert_true(cursor_compare(ab, cursor_of("a", 1)) > 0);
	assert_true(cursor_compare(ab, cursor_of("b", 1)) < 0);
	assert_true(cursor_compare(ab, cursor_of("aa\xff", 3)) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_widths),		cmocka_unit_test(check_odd_width),
		cmocka_unit_test(check_fails_for_good), cmocka_unit_test(check_take),
		cmocka_unit_test(check_empty),		cmocka_unit_test(check_copy),
		cmocka_unit_test(check_block),		cmocka_unit_test(check_compare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

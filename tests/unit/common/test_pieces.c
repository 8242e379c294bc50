/* SPDX-License-Identifier: Apache-2.0 */
#include "common/pieces.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/hex.h"

#define WHOLE "abcdefghij"

static int add(struct pieces *pieces, size_t offset, const char *text)
{
	uint8_t *copy = hex_copy(text, strlen(text));
	int r = pieces_add(pieces, offset, cursor_of(copy, strlen(text)));

	free(copy);
	return r;
}

static void expect(const struct pieces *pieces, const char *want)
{
	struct cursor bytes = pieces_bytes(pieces);

	assert_int_equal(bytes.left, strlen(want));
	if (bytes.left > 0)
		assert_memory_equal(bytes.at, want, bytes.left);
}

/* Ten bytes in every order of five pieces, each piece longer than its place: nothing is there
 * without a gap before all before it is. */
static void check_orders(void **state)
{
	(void)state;
	for (unsigned order = 0; order < 120; order++) {
		struct pieces pieces = { 0 };
		unsigned left[] = { 0, 1, 2, 3, 4 }, code = order;
		bool is_there[5] = { false };

		for (unsigned count = 5; count > 0; count--) {
			unsigned at = code % count, piece = left[at];
			unsigned whole = 0;
			char text[4] = "";

			code /= count;
			memmove(&left[at], &left[at + 1], (count - at - 1) * sizeof(left[0]));
			memcpy(text, &WHOLE[2 * piece], piece < 4 ? 3 : 2);
			assert_int_equal(add(&pieces, 2 * piece, text), 0);
			is_there[piece] = true;
			while (whole < 5 && is_there[whole])
				whole++;
			assert_true(pieces_bytes(&pieces).left >= 2 * whole);
			assert_true(pieces_bytes(&pieces).left <= 2 * whole + 1);
		}
		expect(&pieces, WHOLE);
		assert_int_equal(pieces.end, strlen(WHOLE));
		pieces_done(&pieces);
	}
}

static void check_overlap(void **state)
{
	struct pieces pieces = { 0 };

	(void)state;
	assert_int_equal(add(&pieces, 0, "abc"), 0);
	assert_int_equal(add(&pieces, 5, "fgh"), 0);
	assert_int_equal(add(&pieces, 2, "cdef"), 0);
	expect(&pieces, "abcdefgh");
	assert_int_equal(add(&pieces, 7, "X"), -EBADMSG);
	assert_int_equal(add(&pieces, 1, "bcX"), -EBADMSG);
	expect(&pieces, "abcdefgh");
	assert_int_equal(add(&pieces, 3, ""), 0);
	pieces_done(&pieces);
	expect(&pieces, "");
}

/* Every other byte from the last one on, then those between: each is an island first. */
static void check_islands(void **state)
{
	struct pieces pieces = { 0 };

	(void)state;
	for (size_t i = 2000; i > 0; i--) {
		size_t growth = pieces_growth(&pieces, 2 * i), heap = pieces_heap(&pieces);

		assert_int_equal(add(&pieces, 2 * i - 1, "b"), 0);
		assert_int_equal(pieces_heap(&pieces), heap + growth);
	}
	assert_int_equal(pieces.end, 4000);
	expect(&pieces, "");
	for (size_t i = 0; i < 2000; i++) {
		assert_int_equal(pieces_bytes(&pieces).left, 2 * i);
		assert_int_equal(add(&pieces, 2 * i, "a"), 0);
	}
	for (size_t i = 0; i < 4000; i++)
		assert_int_equal(pieces_bytes(&pieces).at[i], i % 2 ? 'b' : 'a');
	pieces_done(&pieces);
	assert_int_equal(pieces_heap(&pieces), 0);
}

/* A place far away costs what lies before it, and nothing more. */
static void check_heap(void **state)
{
	struct pieces pieces = { 0 };

	(void)state;
	assert_int_equal(add(&pieces, 5, ""), 0);
	assert_int_equal(pieces_heap(&pieces), 0);
	assert_int_equal(add(&pieces, 65535, "x"), 0);
	assert_int_equal(pieces_heap(&pieces), 65536 + 65536 / 8);
	pieces_done(&pieces);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_orders),
		cmocka_unit_test(check_overlap),
		cmocka_unit_test(check_islands),
		cmocka_unit_test(check_heap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

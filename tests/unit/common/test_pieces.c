/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/pieces.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/hex.h"

#define WHOLE "abcdefghij"

static enum pieces_result add(struct pieces *pieces, uint64_t offset, const char *text)
{
	uint8_t *copy = hex_copy(text, strlen(text));
	enum pieces_result result = pieces_add(pieces, offset, cursor_of(copy, strlen(text)), 1024);

	free(copy);
	return result;
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
			assert_int_equal(add(&pieces, 2 * piece, text), PIECES_OK);
			is_there[piece] = true;
			while (whole < 5 && is_there[whole])
				whole++;
			assert_true(pieces_bytes(&pieces).left >= 2 * whole);
			assert_true(pieces_bytes(&pieces).left <= 2 * whole + 1);
		}
		expect(&pieces, WHOLE);
		assert_int_equal(pieces.range_count, 1);
		pieces_done(&pieces);
	}
}

static void check_overlap(void **state)
{
	struct pieces pieces = { 0 };

	(void)state;
	assert_int_equal(add(&pieces, 0, "abc"), PIECES_OK);
	assert_int_equal(add(&pieces, 5, "fgh"), PIECES_OK);
	assert_int_equal(add(&pieces, 2, "cdef"), PIECES_OK);
	expect(&pieces, "abcdefgh");
	assert_int_equal(add(&pieces, 7, "X"), PIECES_OVERLAP);
	assert_int_equal(add(&pieces, 1, "bcX"), PIECES_OVERLAP);
	expect(&pieces, "abcdefgh");
	assert_int_equal(add(&pieces, 3, ""), PIECES_OK);
	pieces_done(&pieces);
	expect(&pieces, "");
}

static void check_limits(void **state)
{
	struct pieces pieces = { 0 };

	(void)state;
	assert_int_equal(add(&pieces, 1023, "ab"), PIECES_LIMIT);
	assert_int_equal(add(&pieces, 1025, ""), PIECES_LIMIT);
	assert_int_equal(add(&pieces, UINT64_MAX, "a"), PIECES_LIMIT);
	for (unsigned i = 0; i < PIECES_RANGES_MAX; i++)
		assert_int_equal(add(&pieces, 2 + 2 * i, "a"), PIECES_OK);
	assert_int_equal(add(&pieces, 0, "a"), PIECES_LIMIT);
	expect(&pieces, "");
	assert_int_equal(add(&pieces, 1, "ab"), PIECES_OVERLAP);
	assert_int_equal(add(&pieces, 1, "aa"), PIECES_OK);
	assert_int_equal(add(&pieces, 0, "a"), PIECES_OK);
	expect(&pieces, "aaa");
	pieces_done(&pieces);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_orders),
		cmocka_unit_test(check_overlap),
		cmocka_unit_test(check_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

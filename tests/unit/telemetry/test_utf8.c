/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/utf8.h"

#include "support/sample_records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#undef UNIT_TESTING /* cmocka's own malloc hides overreads from ASan */
#include <cmocka.h>

/* `shape`: a character a digit by its length, a bad byte 'x'. */
static struct utf8_case {
	const char *name;
	struct text text;
	const char *shape;
} cases[] = {
	{ "empty", { "", 0 }, "" },
	{ "ASCII with NUL", { "a\0~", 3 }, "111" },
	{ "two bytes, first and last", { "\xc2\x80\xdf\xbf", 4 }, "22" },
	{ "three bytes, first and last", { "\xe0\xa0\x80\xef\xbf\xbf", 6 }, "33" },
	{ "four bytes, first and last", { "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8 }, "44" },
	{ "around the surrogates", { "\xed\x9f\xbf\xee\x80\x80", 6 }, "33" },
	{ "overlong slash in two bytes", { "\xc0\xaf", 2 }, "xx" },
	{ "overlong NUL in two bytes", { "\xc0\x80", 2 }, "xx" },
	{ "highest overlong in two bytes", { "\xc1\xbf", 2 }, "xx" },
	{ "overlong in three bytes", { "\xe0\x9f\xbf", 3 }, "xxx" },
	{ "overlong in four bytes", { "\xf0\x8f\xbf\xbf", 4 }, "xxxx" },
	{ "first surrogate", { "\xed\xa0\x80", 3 }, "xxx" },
	{ "last surrogate", { "\xed\xbf\xbf", 3 }, "xxx" },
	{ "over U+10FFFF", { "\xf4\x90\x80\x80", 4 }, "xxxx" },
	{ "lead byte f5", { "\xf5\x80\x80\x80", 4 }, "xxxx" },
	{ "five-byte lead", { "\xf8\x88\x80\x80\x80", 5 }, "xxxxx" },
	{ "fe and ff", { "\xfe\xff", 2 }, "xx" },
	{ "stray continuation", { "a\x80z", 3 }, "1x1" },
	{ "tail of two cut", { "a\xc3", 2 }, "1x" },
	{ "tail of three cut", { "\xe2\x82", 2 }, "xx" },
	{ "tail of four cut", { "\xf0\x9f\x98", 3 }, "xxx" },
	{ "lead, then ASCII", { "\xe2\x82z", 3 }, "xx1" },
	{ "lead, then a whole character", { "\xf0\xc3\xa9", 3 }, "x2" },
};

static void check_case(void **state)
{
	const struct utf8_case *c = *state;
	char *bytes = malloc(c->text.length + 1);
	struct text rest = { .at = bytes, .length = c->text.length };
	size_t i = 0;

	assert_non_null(bytes);
	memcpy(bytes, c->text.at, c->text.length);
	bytes = realloc(bytes, c->text.length ? c->text.length : 1); /* exact: ASan sees one over */
	assert_non_null(bytes);
	rest.at = bytes;
	for (struct utf8_character u = utf8_take(&rest); u.length > 0; u = utf8_take(&rest), i++)
		assert_int_equal(u.is_valid ? '0' + (int)u.length : 'x', c->shape[i]);
	assert_int_equal(c->shape[i], '\0');
	free(bytes);
}

static void test_codepoints(void **state)
{
	struct text rest = TEXT("A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");

	(void)state;
	assert_int_equal(utf8_take(&rest).codepoint, 'A');
	assert_int_equal(utf8_take(&rest).codepoint, 0xe9);
	assert_int_equal(utf8_take(&rest).codepoint, 0x20ac);
	assert_int_equal(utf8_take(&rest).codepoint, 0x1f600);
	assert_int_equal(utf8_take(&rest).length, 0);
}

static bool is_printable(struct text text)
{
	struct utf8_character character = utf8_take(&text);

	return utf8_is_printable(&character);
}

static void test_what_a_terminal_may_get(void **state)
{
	(void)state;
	assert_true(is_printable(TEXT(" ")));
	assert_true(is_printable(TEXT("~")));
	assert_true(is_printable(TEXT("\xc2\xa0"))); /* U+00A0 */
	assert_true(is_printable(TEXT("\xf0\x9f\x98\x80")));
	assert_false(is_printable(TEXT("\0")));
	assert_false(is_printable(TEXT("\n")));
	assert_false(is_printable(TEXT("\x1b")));
	assert_false(is_printable(TEXT("\x7f")));
	assert_false(is_printable(TEXT("\xc2\x9b"))); /* U+009B, CSI */
	assert_false(is_printable(TEXT("\xe2\x80\xa8"))); /* U+2028 */
	assert_false(is_printable(TEXT("\xe2\x80\xae"))); /* U+202E */
	assert_false(is_printable(TEXT("\xe2\x81\xa6"))); /* U+2066 */
	assert_false(is_printable(TEXT("\xef\xbb\xbf"))); /* U+FEFF */
	assert_false(is_printable(TEXT("\xff")));
}

int main(void)
{
	struct CMUnitTest rows[sizeof(cases) / sizeof(cases[0])];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codepoints),
		cmocka_unit_test(test_what_a_terminal_may_get),
	};
	int failed;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		rows[i] = (struct CMUnitTest){ cases[i].name, check_case, NULL, NULL, &cases[i] };
	failed = cmocka_run_group_tests(rows, NULL, NULL);
	return failed + cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/marks.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct text text_of(const char *string)
{
	return (struct text){ string, strlen(string) };
}

static void expect(const struct marks *marks, size_t at, enum mark_kind kind, const char *want)
{
	assert_true(at < marks->count);
	assert_int_equal(marks->at[at].kind, kind);
	assert_string_equal(marks->at[at].value.at, want);
}

static void check_set_and_list(void **state)
{
	struct marks marks = { 0 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(marks_add_string(&marks, MARK_ALPN, "h2"), 0);
		assert_int_equal(marks_add_string(&marks, MARK_DNS_TYPE, "A"), 0);
	}
	assert_int_equal(marks.count, 3);
	assert_int_equal(marks.bytes, 4);
	assert_null(marks_find(&marks, MARK_JA3));
	assert_int_equal(marks_find(&marks, MARK_ALPN)->length, 2);
	marks_done(&marks);
	assert_int_equal(marks.count, 0);
}

/* All values of the kind give way to one, the others keep their order, and there is room again. */
static void check_replace(void **state)
{
	struct marks marks = { 0 };

	(void)state;
	assert_int_equal(marks_replace(&marks, MARK_TLS_VERSION, text_of("1.3")), 0);
	for (char name[] = "a"; name[0] < 'a' + 20; name[0]++) {
		assert_int_equal(marks_add_string(&marks, MARK_ALPN, name), 0);
		assert_int_equal(marks_add_string(&marks, MARK_DNS_NAME, name), 0);
	}
	assert_int_equal(marks_replace(&marks, MARK_ALPN, text_of("h3")), 0);
	assert_int_equal(marks_replace(&marks, MARK_TLS_VERSION, text_of("1.2")), 0);
	assert_int_equal(marks.count, 22);
	assert_int_equal(marks.bytes, 20 + 2 + 3);
	expect(&marks, 0, MARK_DNS_NAME, "a");
	expect(&marks, 19, MARK_DNS_NAME, "t");
	expect(&marks, 20, MARK_ALPN, "h3");
	expect(&marks, 21, MARK_TLS_VERSION, "1.2");
	for (int i = 0; i < 20; i++)
		assert_int_equal(marks_add_string(&marks, MARK_DNS_TYPE, "A"), 0);
	assert_int_equal(marks.count, 42);
	marks_done(&marks);
}

static void check_too_many(void **state)
{
	struct marks marks = { 0 };

	(void)state;
	for (int i = 0; i < MARKS_MAX - 1; i++)
		assert_int_equal(marks_add_string(&marks, MARK_DNS_TYPE, "A"), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(marks_add_string(&marks, MARK_DNS_TYPE, "A"), -ENOSPC);
	assert_int_equal(marks.count, MARKS_MAX);
	expect(&marks, MARKS_MAX - 1, MARK_TRUNCATED, "too_many");
	marks_done(&marks);
}

/* They lie in one place, which grows: all of them are where they are said to be. */
static void check_growth(void **state)
{
	static char value[5000];
	struct marks marks = { 0 };

	(void)state;
	memset(value, 'x', sizeof(value) - 1);
	for (size_t i = 0; i < 100; i++) {
		value[0] = (char)('A' + i % 26);
		assert_int_equal(marks_add(&marks, MARK_DNS_NAME, (struct text){ value, 17 * i }),
				 0);
		assert_int_equal(marks_replace(&marks, MARK_TLS_VERSION, text_of("1.3")), 0);
	}
	assert_int_equal(marks.count, 101);
	for (size_t i = 0, at = 0; i < 100; i++, at++) {
		const struct text *text = &marks.at[at].value;

		assert_int_equal(text->length, 17 * i);
		assert_int_equal(text->at[text->length], 0);
		if (i > 0) {
			assert_int_equal(text->at[0], 'A' + i % 26);
			assert_memory_equal(text->at + 1, value + 1, text->length - 1);
		}
	}
	assert_in_range(marks_heap_bytes(&marks), marks.bytes, 4 * marks.bytes);
	marks_done(&marks);
	assert_int_equal(marks_heap_bytes(&marks), 0);
}

static void check_clear(void **state)
{
	static char value[5000];
	struct marks marks = { 0 };
	const char *kept;

	(void)state;
	memset(value, 'x', sizeof(value));
	marks_clear(&marks);
	assert_int_equal(marks_add_string(&marks, MARK_SERVER_NAME, "secret.example"), 0);
	kept = marks.texts;
	marks_clear(&marks);
	assert_int_equal(marks.count, 0);
	assert_int_equal(marks.bytes, 0);
	assert_ptr_equal(marks.texts, kept); /* kept, but wiped */
	for (size_t i = 0; i < sizeof("secret.example"); i++)
		assert_int_equal(marks.texts[i], 0);
	assert_int_equal(marks_add(&marks, MARK_JA4_R, (struct text){ value, sizeof(value) }), 0);
	assert_int_equal(marks.at[0].value.length, sizeof(value));
	marks_clear(&marks);
	assert_int_equal(marks_heap_bytes(&marks), 0); /* too large to keep */
	marks_done(&marks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_set_and_list), cmocka_unit_test(check_replace),
		cmocka_unit_test(check_too_many),     cmocka_unit_test(check_growth),
		cmocka_unit_test(check_clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Paths open and close objects; whatever a text holds, the line is JSON. */
#include "telemetry/ndjson.h"

#include "common/cleanup.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#undef UNIT_TESTING /* cmocka's own malloc hides overreads from ASan */
#include <cmocka.h>
#include <jansson.h>

#define TEXT(literal) ((struct text){ .at = "" literal, .length = sizeof(literal) - 1 })

static void expect(struct ndjson *json, const char *want)
{
	assert_int_equal(ndjson_end(json), 0);
	assert_int_equal(json->length, strlen(want));
	assert_memory_equal(json->at, want, json->length);
	ndjson_done(json);
}

static void objects_open_and_close(void **state)
{
	struct ndjson json = { 0 };

	(void)state;
	ndjson_begin(&json);
	ndjson_string(&json, "a", "1");
	ndjson_within(&json, "b");
	ndjson_number(&json, "c", 2);
	ndjson_within(&json, "b.d.e");
	ndjson_number(&json, "f", 3);
	ndjson_within(&json, "b.de");
	ndjson_number(&json, "g", 4);
	ndjson_within(&json, "b");
	ndjson_number(&json, "h", 5);
	ndjson_within(&json, "be.x");
	ndjson_number(&json, "i", INT64_MAX);
	ndjson_within(&json, "");
	ndjson_number(&json, "j", 0);
	expect(&json, "{\"a\":\"1\",\"b\":{\"c\":2,\"d\":{\"e\":{\"f\":3}},\"de\":{\"g\":4},"
		      "\"h\":5},\"be\":{\"x\":{\"i\":9223372036854775807}},\"j\":0}\n");
}

static void what_is_not_known_is_left_out(void **state)
{
	struct ndjson json = { 0 };

	(void)state;
	ndjson_begin(&json);
	ndjson_within(&json, "a.b");
	ndjson_text(&json, "c", (struct text){ 0 });
	ndjson_string(&json, "d", "");
	ndjson_number(&json, "too large", 1ull << 63);
	ndjson_known(&json, "e", 0);
	ndjson_id(&json, "f", UINT32_MAX);
	ndjson_flag(&json, "g", false);
	ndjson_within(&json, "h");
	ndjson_known(&json, "i", 1);
	ndjson_id(&json, "j", 0);
	ndjson_flag(&json, "k", true);
	expect(&json, "{\"h\":{\"i\":1,\"j\":0,\"k\":true}}\n");
}

static void arrays(void **state)
{
	struct ndjson json = { 0 };

	(void)state;
	ndjson_begin(&json);
	ndjson_within(&json, "a");
	ndjson_key(&json, TEXT("b"));
	ndjson_open_array(&json);
	ndjson_put_number(&json, 10);
	ndjson_put_text(&json, TEXT(""));
	ndjson_put_bool(&json, false);
	ndjson_put_plain(&json, TEXT("7"));
	ndjson_close_array(&json);
	ndjson_key(&json, TEXT("c"));
	ndjson_open_array(&json);
	ndjson_close_array(&json);
	ndjson_number(&json, "d", 1);
	expect(&json, "{\"a\":{\"b\":[10,\"\",false,7],\"c\":[],\"d\":1}}\n");
}

static struct escape_case {
	const char *name;
	struct text text;
	const char *want;
} escapes[] = {
	{ "plain", TEXT("plain ~"), "plain ~" },
	{ "quote and backslash", TEXT("a\"b\\c"), "a\\\"b\\\\c" },
	{ "slash stays", TEXT("/"), "/" },
	{ "C0", TEXT("\x01\n\t\x1f"), "\\u0001\\u000a\\u0009\\u001f" },
	{ "DEL", TEXT("\x7f"), "\\u007f" },
	{ "C1: CSI", TEXT("\xc2\x9b"), "\\u009b" },
	{ "right-to-left override", TEXT("\xe2\x80\xae"), "\\u202e" },
	{ "tag: two surrogates", TEXT("\xf3\xa0\x81\x81"), "\\udb40\\udc41" },
	{ "NUL", TEXT("a\0b"),
	  "a\xef\xbf\xbd"
	  "b" },
	{ "letters of 2, 3, 4 bytes", TEXT("\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\xb3"),
	  "\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\xb3" },
	{ "stray continuation", TEXT("\x80"), "\xef\xbf\xbd" },
	{ "cut at the end", TEXT("a\xe2\x82"), "a\xef\xbf\xbd\xef\xbf\xbd" },
	{ "overlong slash", TEXT("\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd" },
	{ "surrogate", TEXT("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	{ "beyond Unicode", TEXT("\xf4\x90\x80\x80"),
	  "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
};

static void texts_are_escaped(void **state)
{
	const struct escape_case *c = *state;
	struct ndjson json = { 0 };
	char want[128];

	ndjson_begin(&json);
	ndjson_text(&json, "k", c->text);
	snprintf(want, sizeof(want), "{\"k\":\"%s\"}\n", c->want);
	expect(&json, want);
}

/* Each byte in front of each other one. */
static void any_two_bytes_are_json(void **state)
{
	struct ndjson json = { 0 };
	json_t *root;

	(void)state;
	for (int i = 0; i < 65536; i++) {
		const char bytes[] = { (char)(i >> 8), (char)i };

		json.length = 0;
		ndjson_begin(&json);
		ndjson_text(&json, "k", (struct text){ bytes, 2 });
		assert_int_equal(ndjson_end(&json), 0);
		root = json_loadb(json.at, json.length, JSON_REJECT_DUPLICATES, NULL);
		assert_non_null(root);
		json_decref(root);
	}
	ndjson_done(&json);
}

static void a_second_line_is_appended(void **state)
{
	struct ndjson json = { 0 };

	(void)state;
	ndjson_begin(&json);
	ndjson_within(&json, "a");
	ndjson_number(&json, "b", 1);
	assert_int_equal(ndjson_end(&json), 0);
	ndjson_begin(&json);
	ndjson_within(&json, "a");
	ndjson_number(&json, "b", 2);
	expect(&json, "{\"a\":{\"b\":1}}\n{\"a\":{\"b\":2}}\n");
}

static void it_grows(void **state)
{
	_cleanup_free_ char *long_one = malloc(100000);
	struct ndjson json = { 0 };

	(void)state;
	assert_non_null(long_one);
	memset(long_one, 'x', 100000);
	ndjson_begin(&json);
	ndjson_text(&json, "k", (struct text){ long_one, 100000 });
	assert_int_equal(ndjson_end(&json), 0);
	assert_int_equal(json.length, 100000 + strlen("{\"k\":\"\"}\n"));
	assert_memory_equal(json.at + 6, long_one, 100000);
	ndjson_done(&json);
}

#define ESCAPES (sizeof(escapes) / sizeof(escapes[0]))

int main(void)
{
	struct CMUnitTest rows[ESCAPES];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_open_and_close),
		cmocka_unit_test(what_is_not_known_is_left_out),
		cmocka_unit_test(arrays),
		cmocka_unit_test(any_two_bytes_are_json),
		cmocka_unit_test(a_second_line_is_appended),
		cmocka_unit_test(it_grows),
	};

	for (size_t i = 0; i < ESCAPES; i++)
		rows[i] = (struct CMUnitTest){ escapes[i].name, texts_are_escaped, NULL, NULL,
					       &escapes[i] };
	return cmocka_run_group_tests_name("texts", rows, NULL, NULL) |
	       cmocka_run_group_tests(tests, NULL, NULL);
}

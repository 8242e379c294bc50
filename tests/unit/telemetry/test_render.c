/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/render.h"

#include "support/sample_records.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#undef UNIT_TESTING /* the strings to free are not from cmocka's own malloc */
#include <cmocka.h>

static void test_entity_id(void **state)
{
	const struct record_process_key largest = { UINT64_MAX, UINT32_MAX, UINT32_MAX };
	const struct record_process_key key = { 0x1234abcd, 4711, 3 };
	const struct record_process_key none = { 0 };
	char id[RENDER_ID_BYTES];

	(void)state;
	render_entity_id(id, &sample_header, &key);
	assert_string_equal(id, "deadbeef-4711-1234abcd-3");
	render_entity_id(id, &sample_header, &largest);
	assert_string_equal(id, "deadbeef-4294967295-ffffffffffffffff-4294967295");
	render_entity_id(id, &sample_header, &none);
	assert_string_equal(id, "");
}

static void test_flow_id(void **state)
{
	const struct record_flow flow = { .cookie = 0xab01, .index = 12 };
	const struct record_flow largest = { .cookie = UINT64_MAX, .index = UINT32_MAX };
	const struct batch_header low = { .boot_id = { 0, 0, 0, 7 } };
	char id[RENDER_ID_BYTES];

	(void)state;
	render_flow_id(id, &low, &flow);
	assert_string_equal(id, "00000007-ab01-12");
	render_flow_id(id, &sample_header, &largest);
	assert_string_equal(id, "deadbeef-ffffffffffffffff-4294967295");
}

static struct addr_case {
	const char *name;
	const char *in6;
	const char *want;
} addr_cases[] = {
	{ "IPv4-mapped as dotted quad", "::ffff:192.0.2.1", "192.0.2.1" },
	{ "IPv4 any", "::ffff:0.0.0.0", "0.0.0.0" },
	{ "any", "::", "::" },
	{ "loopback", "::1", "::1" },
	{ "RFC 5952: lower case, no leading zeroes", "2001:0DB8::0001", "2001:db8::1" },
	{ "RFC 5952: a single zero group stays", "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
	{ "RFC 5952: the longest run is cut", "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" },
	{ "longest", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
};

static void check_addr(void **state)
{
	const struct addr_case *c = *state;
	char text[RENDER_ADDR_BYTES];
	uint8_t addr[16];

	assert_int_equal(inet_pton(AF_INET6, c->in6, addr), 1);
	render_addr(text, addr);
	assert_string_equal(text, c->want);
}

static void test_time(void **state)
{
	char text[32];

	(void)state;
	render_time(text, SAMPLE_TIME_NS);
	assert_string_equal(text, "2025-11-23T01:02:03.456Z");
	render_time(text, 0);
	assert_string_equal(text, "1970-01-01T00:00:00.000Z");
	render_time(text, 999999);
	assert_string_equal(text, "1970-01-01T00:00:00.000Z");
	render_time(text, 951782400ull * 1000000000 + 7000000);
	assert_string_equal(text, "2000-02-29T00:00:00.007Z");
	render_time(text, UINT64_MAX);
	assert_string_equal(text, "2554-07-21T23:34:33.709Z");
}

static struct text_case {
	const char *name;
	struct text text;
	const char *want;
} utf8_cases[] = {
	{ "empty", { NULL, 0 }, "" },
	{ "plain", { "/usr/bin/caf\xc3\xa9", 14 }, "/usr/bin/caf\xc3\xa9" },
	{ "NUL inside",
	  { "a\0b", 3 },
	  "a\xef\xbf\xbd"
	  "b" },
	{ "each bad byte", { "\xe2\x82", 2 }, "\xef\xbf\xbd\xef\xbf\xbd" },
	{ "all bad",
	  { "\xff\xfe\xfd\xfc", 4 },
	  "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
};

static void check_utf8(void **state)
{
	const struct text_case *c = *state;
	char *got = render_utf8(c->text);

	assert_non_null(got);
	assert_string_equal(got, c->want);
	free(got);
}

static struct text_case args_cases[] = {
	{ "no args", { NULL, 0 }, "[]" },
	{ "two", { "ls\0-l\0", 6 }, "[\"ls\",\"-l\"]" },
	{ "the last one cut", { "ls\0-lo", 6 }, "[\"ls\",\"-lo\"]" },
	{ "empty ones stay", { "a\0\0\0", 4 }, "[\"a\",\"\",\"\"]" },
	{ "one empty", { "\0", 1 }, "[\"\"]" },
	{ "quotes and backslashes", { "\"\\\0", 3 }, "[\"\\\"\\\\\"]" },
	{ "controls are escaped", { "\x1b[2J\n\0", 6 }, "[\"\\u001B[2J\\n\"]" },
	{ "UTF-8 stays", { "\xc3\xa9\xf0\x9f\x98\x80\0", 7 }, "[\"\xc3\xa9\xf0\x9f\x98\x80\"]" },
	{ "bad UTF-8 is replaced",
	  { "\xff\0\xc0\x80\0", 5 },
	  "[\"\xef\xbf\xbd\",\"\xef\xbf\xbd\xef\xbf\xbd\"]" },
};

static void check_args(void **state)
{
	const struct text_case *c = *state;
	char *got = render_args_json(c->text);

	assert_non_null(got);
	assert_string_equal(got, c->want);
	free(got);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int main(void)
{
	struct CMUnitTest rows[COUNT(addr_cases) + COUNT(utf8_cases) + COUNT(args_cases)];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entity_id),
		cmocka_unit_test(test_flow_id),
		cmocka_unit_test(test_time),
	};
	struct CMUnitTest *row = rows;
	int failed;

	for (size_t i = 0; i < COUNT(addr_cases); i++)
		*row++ = (struct CMUnitTest){ addr_cases[i].name, check_addr, NULL, NULL,
					      &addr_cases[i] };
	for (size_t i = 0; i < COUNT(utf8_cases); i++)
		*row++ = (struct CMUnitTest){ utf8_cases[i].name, check_utf8, NULL, NULL,
					      &utf8_cases[i] };
	for (size_t i = 0; i < COUNT(args_cases); i++)
		*row++ = (struct CMUnitTest){ args_cases[i].name, check_args, NULL, NULL,
					      &args_cases[i] };
	failed = cmocka_run_group_tests(rows, NULL, NULL);
	return failed + cmocka_run_group_tests(tests, NULL, NULL);
}

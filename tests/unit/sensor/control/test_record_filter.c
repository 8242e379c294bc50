/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/control/record_filter.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(string)                                                                               \
	{                                                                                          \
		string, sizeof(string) - 1                                                         \
	}

static const struct mark marks[] = { { MARK_SERVER_NAME, TEXT("www.example.org") },
				     { MARK_JA4, TEXT("t13d1516h2_8daaf6152771_02713d6af862") } };

static const struct record flow = {
	.class = RECORD_FLOW,
	.flow = { .process = { .key = { .pid = 7 },
			       .uid = 1000,
			       .executable = TEXT("/usr/bin/curl") },
		  .source = { .addr = { [10] = 0xff, 0xff, 192, 0, 2, 1 }, .port = 40000 },
		  .destination = { .addr = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 }, .port = 443 },
		  .destination_name = TEXT("dns.example"),
		  .marks = marks,
		  .mark_count = 2 },
};
static const struct record exec = {
	.class = RECORD_EXEC,
	.exec.process = { .key = { .pid = 8 }, .uid = 0, .executable = TEXT("/bin/sh") },
};
static const struct record ended = { .class = RECORD_EXIT, .exit.process.key.pid = 8 };
static const struct record update = { .class = RECORD_EXEC_UPDATE,
				      .exec_update.process.key.pid = 8 };
static const struct record gap = { .class = RECORD_GAP };

static const struct record *const records[] = { &flow, &exec, &ended, &update, &gap };

static struct filter_case {
	const char *name, *argument, *value;
	const char *takes; /* a digit for each record that is taken; NULL: no value of it */
} cases[] = {
	{ "one class", "class", "flow", "0" },
	{ "classes", "class", "exec,gap,exec_update", "134" },
	{ "no class", "class", "", NULL },
	{ "an unknown class", "class", "flow,foo", NULL },
	{ "half a name", "class", "exe", NULL },
	{ "a comma too many", "class", "flow,", NULL },
	{ "pid", "pid", "8", "123" },
	{ "nobody's pid", "pid", "9", "" },
	{ "pid 0", "pid", "0", NULL },
	{ "no number", "pid", "7x", NULL },
	{ "user", "uid", "1000", "0" },
	{ "root, or not known to be another", "uid", "0", "123" },
	{ "a user beyond numbers", "uid", "4294967295", NULL },
	{ "a program", "executable", "/usr/bin/curl", "0" },
	{ "programs", "executable", "*/[cs]*", "01" },
	{ "part of a path is not it", "executable", "curl", "" },
	{ "no program", "executable", "", NULL },
	{ "an address", "address", "192.0.2.1", "0" },
	{ "a network", "address", "192.0.0.0/22", "0" },
	{ "another network", "address", "192.0.4.0/22", "" },
	{ "all of IPv4", "address", "0.0.0.0/0", "0" },
	{ "an IPv6 address", "address", "2001:db8::1", "0" },
	{ "an odd length", "address", "2001:db8::/31", "0" },
	{ "another of an odd length", "address", "2001:dba::/31", "" },
	{ "too long a prefix", "address", "192.0.2.1/33", NULL },
	{ "no prefix", "address", "192.0.2.1/", NULL },
	{ "no address", "address", "example.org", NULL },
	{ "the source's port", "port", "40000", "0" },
	{ "the destination's port", "port", "443", "0" },
	{ "another port", "port", "444", "" },
	{ "port 0", "port", "0", NULL },
	{ "a port beyond", "port", "65536", NULL },
	{ "a server's name", "mark", "*.example.org", "0" },
	{ "a fingerprint", "mark", "t13d*", "0" },
	{ "a name from DNS", "mark", "dns.example", "0" },
	{ "another mark", "mark", "*.example.net", "" },
	{ "no argument of it", "colour", "red", NULL },
};

static void check_case(void **state)
{
	const struct filter_case *c = *state;
	struct record_filter filter = { 0 };
	const char *wanted = NULL;
	int r = record_filter_set(&filter, c->argument, c->value, &wanted);

	assert_int_equal(r, c->takes ? 0 : -EINVAL);
	if (!c->takes) {
		assert_non_null(wanted);
		return;
	}
	for (size_t i = 0; i < sizeof(records) / sizeof(*records); i++)
		assert_int_equal(record_filter_takes(&filter, records[i]),
				 strchr(c->takes, (int)('0' + i)) != NULL);
}

static void an_empty_filter_takes_all(void **state)
{
	const struct record_filter filter = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(records) / sizeof(*records); i++)
		assert_true(record_filter_takes(&filter, records[i]));
}

static void all_arguments_have_to_hold(void **state)
{
	struct record_filter filter = { 0 };
	const char *wanted;

	(void)state;
	assert_int_equal(record_filter_set(&filter, "port", "443", &wanted), 0);
	assert_int_equal(record_filter_set(&filter, "pid", "7", &wanted), 0);
	assert_true(record_filter_takes(&filter, &flow));
	assert_int_equal(record_filter_set(&filter, "uid", "1", &wanted), 0);
	assert_false(record_filter_takes(&filter, &flow));
}

static void long_texts_are_refused_or_do_not_match(void **state)
{
	static char longest[5000];
	struct record_filter filter = { 0 };
	struct record record = exec;
	const char *wanted;

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	assert_int_equal(record_filter_set(&filter, "executable", longest, &wanted), -EINVAL);
	assert_int_equal(record_filter_set(&filter, "executable", "x*", &wanted), 0);
	record.exec.process.executable = (struct text){ longest, 4095 };
	assert_true(record_filter_takes(&filter, &record));
	record.exec.process.executable.length = 4096;
	assert_false(record_filter_takes(&filter, &record));
}

int main(void)
{
	struct CMUnitTest tests[sizeof(cases) / sizeof(*cases) + 3] = {
		cmocka_unit_test(an_empty_filter_takes_all),
		cmocka_unit_test(all_arguments_have_to_hold),
		cmocka_unit_test(long_texts_are_refused_or_do_not_match),
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		tests[i + 3] = (struct CMUnitTest){ .name = cases[i].name,
						    .test_func = check_case,
						    .initial_state = &cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

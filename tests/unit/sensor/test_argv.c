/* SPDX-License-Identifier: Apache-2.0 */
/* What leaves in each mode, and that no mode lets a secret out. */
#include "sensor/argv.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define A(text) text, sizeof(text)
#define MYSQL "/usr/bin/mysql\0-u\0alice\0-phunter\0--code\0wonderland\0shop"

static const struct argv_case {
	const char *name;
	enum argv_mode mode;
	const char *args;
	size_t size;
	bool cut;
	const char *want; /* NULL: nothing leaves */
	size_t want_size;
	uint32_t count;
} cases[] = {
	{ "full", ARGV_FULL, A(MYSQL), false,
	  A("/usr/bin/mysql\0-u\0alice\0-p" REDACTED "\0--code\0" REDACTED "\0shop"), 2 },
	{ "full without secrets", ARGV_FULL, A("ls\0-la"), false, A("ls\0-la"), 0 },
	{ "full, cut", ARGV_FULL, "ls\0-l", 5, true, "ls\0-l", 5, 0 },
	{ "shape", ARGV_SHAPE, A("/bin/tar\0-xzf\0/tmp/a b"), false, A("tar\0-xzf\0</tmp>"), 0 },
	{ "shape keeps no word that a rule takes", ARGV_SHAPE, A(MYSQL), false,
	  A("mysql\0-u\0alice\0-p<secret>\0--code\0<text>\0shop"), 2 },
	{ "shape, cut", ARGV_SHAPE, "ls\0-l", 5, true, NULL, 0, 0 },
	{ "shape of nothing", ARGV_SHAPE, "", 0, false, NULL, 0, 0 },
	{ "none", ARGV_NONE, A(MYSQL), false, NULL, 0, 2 },
};

static void check_case(void **state)
{
	const struct argv_case *c = *state;
	char error[ARGV_RULE_ERROR_BYTES];
	struct argv_policy *policy;
	struct redacted left;

	assert_int_equal(argv_policy_new(c->mode, "option --code", &policy, error), 0);
	left = argv_leave(policy, (struct text){ c->args, c->size }, c->cut);
	assert_int_equal(left.args.length, c->want_size);
	if (c->want)
		assert_memory_equal(left.args.at, c->want, c->want_size);
	assert_int_equal(left.count, c->count);
	argv_policy_free(policy);
}

static void wrong_rules_are_refused(void **state)
{
	char error[ARGV_RULE_ERROR_BYTES] = "";
	struct argv_policy *policy = NULL;

	(void)state;
	assert_int_equal(argv_policy_new(ARGV_FULL, "match [", &policy, error), -EINVAL);
	assert_non_null(strstr(error, "at byte 2"));
	assert_null(policy);
}

static void modes_have_names(void **state)
{
	enum argv_mode mode = ARGV_FULL;

	(void)state;
	assert_int_equal(argv_mode_parse("none", &mode), 0);
	assert_int_equal(mode, ARGV_NONE);
	assert_int_equal(argv_mode_parse("shape", &mode), 0);
	assert_int_equal(mode, ARGV_SHAPE);
	assert_int_equal(argv_mode_parse("full", &mode), 0);
	assert_int_equal(mode, ARGV_FULL);
	assert_int_equal(argv_mode_parse("", &mode), -EINVAL);
	assert_int_equal(argv_mode_parse("fully", &mode), -EINVAL);
}

int main(void)
{
	enum { CASES = sizeof(cases) / sizeof(cases[0]) };
	struct CMUnitTest tests[CASES + 2];
	size_t count = 0;

	for (; count < CASES; count++)
		tests[count] = (struct CMUnitTest){ cases[count].name, check_case, NULL, NULL,
						    (void *)&cases[count] };
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(wrong_rules_are_refused);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(modes_have_names);
	return _cmocka_run_group_tests("argv", tests, count, NULL, NULL);
}

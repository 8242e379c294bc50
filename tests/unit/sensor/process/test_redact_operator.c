/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator may add, what is refused, and what hostile arguments may cost. */
#include "sensor/process/redact.h"

#include "sensor/process/redact_spans.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define MARK REDACTED
#define A(text) text, sizeof(text)

static const struct operator_case {
	const char *name;
	const char *rules;
	const char *args;
	size_t size;
	const char *want;
	size_t want_size;
	uint32_t count;
} cases[] = {
	{ "an option's next argument", "option --code", A("x\0--code\0a b\0y"),
	  A("x\0--code\0" MARK "\0y"), 1 },
	{ "an option's value", "option --code", A("x\0--code=a b\0y"), A("x\0--code=" MARK "\0y"),
	  1 },
	{ "a short option", "option -q", A("x\0-qabc\0-q\0-d"), A("x\0-q" MARK "\0-q\0" MARK), 2 },
	{ "another option", "option --code", A("x\0--codec=a\0--cod\0b"),
	  A("x\0--codec=a\0--cod\0b"), 0 },
	{ "a whole match", "match tk_[0-9]+", A("x\0a tk_1 tk_22,\0tk_3"),
	  A("x\0a " MARK " " MARK ",\0" MARK), 3 },
	{ "a group", "match code (\\w+)", A("x\0a code b c"), A("x\0a code " MARK " c"), 1 },
	{ "a group that took no part", "match abc(d)?", A("x\0abc"), A("x\0" MARK), 1 },
	{ "not across arguments", "match a.b", A("x\0a\0b"), A("x\0a\0b"), 0 },
	{ "an end is an argument's", "match ^a$", A("x\0a\0ab\0a"), A("x\0" MARK "\0ab\0" MARK),
	  2 },
	{ "an empty match is none", "match q*", A("x\0ab"), A("x\0ab"), 0 },
	{ "bytes that are no UTF-8", "match \\xff.",
	  A("x\0a\xff\xfe"
	    "b"),
	  A("x\0a" MARK "b"), 1 },
	{ "several rules", "match abc\n\noption -z\nmatch (?i)DEF", A("x\0abc\0-z\0q\0def"),
	  A("x\0" MARK "\0-z\0" MARK "\0" MARK), 3 },
	{ "with the built-in ones", "match abc", A("x\0--token=a\0abc"),
	  A("x\0--token=" MARK "\0" MARK), 2 },
	{ "those that meet are one", "match ab\nmatch bc", A("x\0abc"), A("x\0" MARK), 1 },
};

static void check_case(void **state)
{
	const struct operator_case *c = *state;
	char error[ARGV_RULE_ERROR_BYTES];
	struct redactor *redactor;
	struct redacted got;

	assert_int_equal(redactor_new(c->rules, &redactor, error), 0);
	got = redact(redactor, (struct text){ c->args, c->size });
	assert_int_equal(got.args.length, c->want_size);
	assert_memory_equal(got.args.at, c->want, c->want_size);
	assert_int_equal(got.count, c->count);
	assert_false(got.gave_up);
	redactor_free(redactor);
}

static const struct refused_case {
	const char *rules;
	const char *want; /* part of the error */
} refused[] = {
	{ "match a(b", "missing closing parenthesis at byte 4" },
	{ "match a\nmatch [z-a]", "range out of order in character class at byte 4" },
	{ "match a\\", "at byte 3" },
	{ "match (*UTF)a", "UTF" },
	{ "match \\C", "\\C" },
	{ "match ", "option NAME or match REGEX" },
	{ "match", "option NAME or match REGEX" },
	{ "regex a", "option NAME or match REGEX" },
	{ "option", "an option that begins with '-'" },
	{ "option -", "an option that begins with '-'" },
	{ "option code", "an option that begins with '-'" },
	{ "option --a=b", "blank or '='" },
	{ "option --a b", "without a blank" },
};

static void wrong_rules_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		char error[ARGV_RULE_ERROR_BYTES] = "";
		struct redactor *redactor = NULL;

		if (redactor_new(refused[i].rules, &redactor, error) != -EINVAL || redactor ||
		    !strstr(error, refused[i].want))
			fail_msg("'%s': '%s'", refused[i].rules, error);
	}
}

static void many_rules_are_refused(void **state)
{
	char rules[65 * 10 + 1] = "";
	char error[ARGV_RULE_ERROR_BYTES] = "";
	struct redactor *redactor = NULL;

	(void)state;
	for (int i = 0; i < 65; i++)
		strcat(rules, i % 2 ? "option -a\n" : "match aab\n");
	assert_int_equal(redactor_new(rules, &redactor, error), -EINVAL);
	assert_non_null(strstr(error, "at most 64"));
	rules[strlen(rules) - 10] = '\0';
	assert_int_equal(redactor_new(rules, &redactor, error), 0);
	redactor_free(redactor);
}

static double cpu_seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Expressions that backtrack for ever, on arguments made for them: all but the first goes. */
static void the_budget_holds(void **state)
{
	static const char *const rules[] = { "match (a+)+$",	     "match (a|aa)+$",
					     "match a*a*a*a*[bc]",   "match .*.*[=;]",
					     "match (.*?,){11}[PQ]", "match (?=(a+))a*[bc]\\1",
					     "match a*+[bc]",	     "match (?:a?){30}[bc]" };
	char args[32768];

	(void)state;
	memset(args, 'a', sizeof(args));
	memcpy(args, "x", 2);
	args[sizeof(args) - 2] = '!';
	args[sizeof(args) - 1] = '\0';
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		char error[ARGV_RULE_ERROR_BYTES];
		struct redactor *redactor;
		struct redacted got;
		double before = cpu_seconds();

		assert_int_equal(redactor_new(rules[i], &redactor, error), 0);
		got = redact(redactor, (struct text){ args, sizeof(args) });
		if (cpu_seconds() - before > 2)
			fail_msg("%s took %.3f s", rules[i], cpu_seconds() - before);
		if (got.gave_up) {
			assert_int_equal(got.args.length, sizeof("x\0" MARK));
			assert_memory_equal(got.args.at, "x\0" MARK, sizeof("x\0" MARK));
		}
		print_message("%s: %s in %.1f ms\n", rules[i], got.gave_up ? "gave up" : "done",
			      1e3 * (cpu_seconds() - before));
		redactor_free(redactor);
	}
}

static void too_many_secrets_give_up(void **state)
{
	char args[16 * (REDACT_SPANS_MAX + 1)] = "x";
	char error[ARGV_RULE_ERROR_BYTES];
	struct redactor *redactor;
	struct redacted got;
	size_t size = 2;

	(void)state;
	assert_int_equal(redactor_new(NULL, &redactor, error), 0);
	for (int i = 0; i < REDACT_SPANS_MAX; i++)
		size += (size_t)sprintf(args + size, "--token=a") + 1;
	got = redact(redactor, (struct text){ args, size });
	assert_int_equal(got.count, REDACT_SPANS_MAX);
	assert_false(got.gave_up);
	size += (size_t)sprintf(args + size, "--token=a") + 1;
	got = redact(redactor, (struct text){ args, size });
	assert_true(got.gave_up);
	assert_memory_equal(got.args.at, "x\0" MARK, sizeof("x\0" MARK));
	redactor_free(redactor);
}

static void nothing_and_too_much(void **state)
{
	char error[ARGV_RULE_ERROR_BYTES];
	char *args = calloc(1, REDACT_ARGS_BYTES_MAX + 1);
	struct redactor *redactor;
	struct redacted got;

	(void)state;
	assert_int_equal(redactor_new("match a", &redactor, error), 0);
	got = redact(redactor, (struct text){ 0 });
	assert_int_equal(got.args.length + got.count, 0);
	got = redact(redactor, (struct text){ args, REDACT_ARGS_BYTES_MAX });
	assert_ptr_equal(got.args.at, args);
	got = redact(redactor, (struct text){ args, REDACT_ARGS_BYTES_MAX + 1 });
	assert_true(got.gave_up);
	redactor_free(redactor);
	free(args);
}

int main(void)
{
	enum { CASES = sizeof(cases) / sizeof(cases[0]) };
	struct CMUnitTest tests[CASES + 5];
	size_t count = 0;

	for (; count < CASES; count++)
		tests[count] = (struct CMUnitTest){ cases[count].name, check_case, NULL, NULL,
						    (void *)&cases[count] };
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(wrong_rules_are_refused);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(many_rules_are_refused);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(the_budget_holds);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(too_many_secrets_give_up);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(nothing_and_too_much);
	return _cmocka_run_group_tests("operator", tests, count, NULL, NULL);
}

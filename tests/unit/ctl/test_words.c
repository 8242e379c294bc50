/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/words.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define WORDS_MAX 40

/* probes list; probes set NAME VALUE --check; watch --limit N */
static char u32[] = "u32", text[] = "text", flag[] = "flag", help[] = "helpful";
static char name[] = "name", value[] = "value", check[] = "check", limit[] = "limit";
static char probes_list[] = "probes list", probes_set[] = "probes set", probes[] = "probes";

#define ARGUMENT(n, t, is_positional)                                                              \
	{                                                                                          \
		.base = PROTOBUF_C_MESSAGE_INIT(&yagura__control__argument__descriptor),           \
		.name = n, .type = t, .help = help, .positional = is_positional                    \
	}

static Yagura__Control__Argument arguments[] = {
	ARGUMENT(name, text, 1),
	ARGUMENT(value, text, 1),
	ARGUMENT(check, flag, 0),
	ARGUMENT(limit, u32, 0),
};
static Yagura__Control__Argument *pointers[] = { &arguments[0], &arguments[1], &arguments[2],
						 &arguments[3] };

#define COMMAND(n, count)                                                                          \
	{                                                                                          \
		.base = PROTOBUF_C_MESSAGE_INIT(&yagura__control__command__descriptor), .name = n, \
		.n_arguments = count, .arguments = pointers                                        \
	}

static Yagura__Control__Command commands[] = { COMMAND(probes, 0), COMMAND(probes_set, 4),
					       COMMAND(probes_list, 0) };
static Yagura__Control__Command *list[] = { &commands[0], &commands[1], &commands[2] };
static const Yagura__Control__Welcome welcome = {
	.base = PROTOBUF_C_MESSAGE_INIT(&yagura__control__welcome__descriptor),
	.n_commands = 3,
	.commands = list,
};

static struct words_case {
	const char *name;
	const char *typed; /* words with blanks between; '_' stands for a blank within */
	const char *want; /* command and NAME<VALUE>…, or the beginning of the error */
	int result;
} cases[] = {
	{ "a command", "probes list", "probes list", 0 },
	{ "the shorter of two", "probes", "probes", 0 },
	{ "by place", "probes set a b", "probes set name<a> value<b>", 0 },
	{ "by name", "probes set value=b name=a", "probes set value<b> name<a>", 0 },
	{ "the place that is left", "probes set value=b a", "probes set value<b> name<a>", 0 },
	{ "as options", "probes set --name=a --value b --check",
	  "probes set name<a> value<b> check<yes>", 0 },
	{ "a flag with its value", "probes set --check=no a", "probes set check<no> name<a>", 0 },
	{ "an option before a place", "probes set --limit 3 a b",
	  "probes set limit<3> name<a> value<b>", 0 },
	{ "a value with = in it", "probes set name=a=b", "probes set name<a=b>", 0 },
	{ "a value that names no argument", "probes set x=y", "probes set name<x=y>", 0 },
	{ "an empty value", "probes set name=", "probes set name<>", 0 },
	{ "a value like an option", "probes set --name --check", "probes set name<--check>", 0 },
	{ "no command", "prob", "'prob' is no command", -ENOENT },
	{ "a longer name", "probeslist", "'probeslist' is no command", -ENOENT },
	{ "a word too many", "probes list x", "'probes list' takes no 'x'", -EINVAL },
	{ "no word of it", "probes x", "'probes' takes no 'x'", -EINVAL },
	{ "a place too many", "probes set a b c", "'probes set' takes no 'c'", -EINVAL },
	{ "an unknown option", "probes set --colour=red", "'probes set' takes no '--colour'",
	  -EINVAL },
	{ "no value", "probes set --limit", "'--limit' wants a value: helpful", -EINVAL },
};

static size_t split(char *typed, char *words[WORDS_MAX])
{
	size_t count = 0;

	for (char *word = strtok(typed, " "); word; word = strtok(NULL, " "))
		words[count++] = word;
	return count;
}

static void check_case(void **state)
{
	const struct words_case *c = *state;
	char typed[256], got[512], error[WORDS_ERROR_BYTES] = "";
	char *words[WORDS_MAX];
	struct words resolved;
	size_t used;
	int r;

	snprintf(typed, sizeof(typed), "%s", c->typed);
	r = words_resolve(&welcome, words, split(typed, words), &resolved, error);
	assert_int_equal(r, c->result);
	if (r < 0) {
		assert_memory_equal(error, c->want, strlen(c->want));
		return;
	}
	used = (size_t)snprintf(got, sizeof(got), "%s", resolved.command->name);
	for (size_t i = 0; i < resolved.argument_count; i++)
		used += (size_t)snprintf(got + used, sizeof(got) - used, " %s<%s>",
					 resolved.arguments[i].name, resolved.arguments[i].value);
	assert_string_equal(got, c->want);
}

static void more_than_there_is_room_for(void **state)
{
	char typed[] = "probes", set[] = "set", one[] = "--limit=1";
	char error[WORDS_ERROR_BYTES];
	char *words[WORDS_MAX] = { typed, set };
	struct words resolved;

	(void)state;
	for (size_t i = 2; i < WORDS_MAX; i++)
		words[i] = one;
	assert_int_equal(words_resolve(&welcome, words, 2 + WORDS_ARGUMENTS_MAX, &resolved, error),
			 0);
	assert_int_equal(words_resolve(&welcome, words, 3 + WORDS_ARGUMENTS_MAX, &resolved, error),
			 -EINVAL);
	assert_string_equal(error, "too many arguments");
}

int main(void)
{
	struct CMUnitTest tests[sizeof(cases) / sizeof(*cases) + 1] = {
		cmocka_unit_test(more_than_there_is_room_for),
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		tests[i + 1] = (struct CMUnitTest){ .name = cases[i].name,
						    .test_func = check_case,
						    .initial_state = &cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

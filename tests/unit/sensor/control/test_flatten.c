/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/control/flatten.h"

#include <errno.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LINE_BYTES 2048

static struct flatten_case {
	const char *name, *json;
	const char *want; /* lines for Prometheus */
} cases[] = {
	{ "nothing", "{}", "" },
	{ "numbers and flags", "{\"a\": 1, \"b\": {\"c\": true, \"d\": false}, \"e\": -0.5}",
	  "yagura_a 1\nyagura_b_c 1\nyagura_b_d 0\nyagura_e -0.5\n" },
	{ "a text is a state", "{\"ship\": {\"state\": \"connected\"}}",
	  "yagura_ship_state{value=\"connected\"} 1\n" },
	{ "null is not known", "{\"a\": null, \"b\": 2}", "yagura_b 2\n" },
	{ "named elements",
	  "{\"maps\": [{\"name\": \"x\", \"n\": 1}, {\"n\": 3, \"name\": \"y\"}]}",
	  "yagura_maps_n{name=\"x\"} 1\nyagura_maps_n{name=\"y\"} 3\n" },
	{ "elements without a name", "{\"a\": [1, \"x\", {\"b\": 1}], \"c\": 1}", "yagura_c 1\n" },
	{ "one object a class", "{\"conservation\": {\"exec\": {\"n\": 1}, \"flow\": {\"n\": 2}}}",
	  "yagura_conservation_n{class=\"exec\"} 1\nyagura_conservation_n{class=\"flow\"} 2\n" },
	{ "labels do not stay", "{\"lanes\": {\"a\": {\"n\": 1}}, \"z\": 2}",
	  "yagura_lanes_n{lane=\"a\"} 1\nyagura_z 2\n" },
	{ "what a label must escape", "{\"t\": \"a\\\"b\\\\c\\nd\"}",
	  "yagura_t{value=\"a\\\"b\\\\c\\nd\"} 1\n" },
	{ "what a name cannot hold", "{\"a-b c\": 1}", "yagura_a_b_c 1\n" },
	{ "the largest number", "{\"n\": 9223372036854775807}", "yagura_n 9223372036854775807\n" },
};

static int write_line(void *context, const struct flat_value *value)
{
	char line[LINE_BYTES];

	assert_int_equal(flatten_prometheus(value, line, sizeof(line)), 0);
	fprintf(context, "%s\n", line);
	return 0;
}

static void check_case(void **state)
{
	const struct flatten_case *c = *state;
	json_t *object = json_loads(c->json, 0, NULL);
	char got[LINE_BYTES] = "";
	FILE *to = fmemopen(got, sizeof(got), "w");

	assert_non_null(object);
	assert_int_equal(flatten(object, write_line, to), 0);
	fclose(to);
	assert_string_equal(got, c->want);
	json_decref(object);
}

static int stop(void *context, const struct flat_value *value)
{
	(void)value;
	return ++*(int *)context == 2 ? -ECANCELED : 0;
}

static void whoever_takes_may_stop(void **state)
{
	json_t *object = json_pack("{s:i, s:i, s:i}", "a", 1, "b", 2, "c", 3);
	int count = 0;

	(void)state;
	assert_int_equal(flatten(object, stop, &count), -ECANCELED);
	assert_int_equal(count, 2);
	json_decref(object);
}

static int ignore(void *context, const struct flat_value *value)
{
	(void)context, (void)value;
	return 0;
}

static void what_is_too_long_or_too_deep_is_refused(void **state)
{
	static char longest[FLATTEN_TEXT_BYTES + 1];
	json_t *object = json_object(), *deep = json_pack("{s:i}", "a", 1);
	struct flat_value value = { .path = "a" };
	char line[8];

	(void)state;
	memset(longest, 'x', FLATTEN_TEXT_BYTES);
	json_object_set_new(object, longest, json_integer(1));
	assert_int_equal(flatten(object, ignore, NULL), -E2BIG);
	for (int i = 0; i < 10; i++)
		deep = json_pack("{s:o}", "d", deep);
	assert_int_equal(flatten(deep, ignore, NULL), -E2BIG);
	value.value = json_object_get(object, longest);
	assert_int_equal(flatten_prometheus(&value, line, sizeof(line)), -E2BIG);
	json_decref(deep);
	json_decref(object);
}

int main(void)
{
	struct CMUnitTest tests[sizeof(cases) / sizeof(*cases) + 2] = {
		cmocka_unit_test(whoever_takes_may_stop),
		cmocka_unit_test(what_is_too_long_or_too_deep_is_refused),
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		tests[i + 2] = (struct CMUnitTest){ .name = cases[i].name,
						    .test_func = check_case,
						    .initial_state = &cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

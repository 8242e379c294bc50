/* SPDX-License-Identifier: Apache-2.0 */
/* Calls by table: roles, arguments, failures. */
#include "support/dispatch_case.h"

static struct call_case {
	const char *name;
	enum control_role role;
	const char *command;
	struct pair pairs[VALUES_MAX];
	uint32_t want_error;
	const char *want_text;
	int want_rows;
} cases[] = {
	{ "no argument", CONTROL_VIEWER, "count", { { 0 } }, 0, "", 1 },
	{ "two rows", CONTROL_VIEWER, "count", { { "rows", "2" } }, 0, "", 2 },
	{ "no row", CONTROL_VIEWER, "count", { { "rows", "0" }, { "loud", "no" } }, 0, "", 0 },
	{ "unknown", CONTROL_ADMIN, "reboot", { { 0 } }, 1, "'reboot'" },
	{ "empty name", CONTROL_ADMIN, "", { { 0 } }, 1, "no command" },
	{ "viewer may not tune", CONTROL_VIEWER, "tune", { { 0 } }, 2, "needs the role operator" },
	{ "operator may not enrol", CONTROL_OPERATOR, "enrol", { { 0 } }, 2, "yours is operator" },
	{ "nobody may nothing", CONTROL_NOBODY, "count", { { 0 } }, 2, "yours is nobody" },
	{ "operator may tune", CONTROL_OPERATOR, "tune", { { 0 } }, 0, "", 1 },
	{ "admin may all", CONTROL_ADMIN, "count", { { 0 } }, 0, "", 1 },
	{ "the role comes before the arguments",
	  CONTROL_VIEWER,
	  "tune",
	  { { "x", "y" } },
	  2,
	  "needs the role" },
	{ "unknown argument", CONTROL_VIEWER, "count", { { "row", "1" } }, 3, "'row'" },
	{ "argument of another command", CONTROL_ADMIN, "tune", { { "rows", "1" } }, 3, "'rows'" },
	{ "u32 as word", CONTROL_VIEWER, "count", { { "rows", "many" } }, 3, "number" },
	{ "u32 empty", CONTROL_VIEWER, "count", { { "rows", "" } }, 3, "number" },
	{ "u32 negative", CONTROL_VIEWER, "count", { { "rows", "-1" } }, 3, "number" },
	{ "u32 too large", CONTROL_VIEWER, "count", { { "rows", "4294967296" } }, 3, "number" },
	{ "flag as number", CONTROL_VIEWER, "count", { { "loud", "1" } }, 3, "yes or no" },
	{ "given twice",
	  CONTROL_VIEWER,
	  "count",
	  { { "text", "a" }, { "text", "b" } },
	  3,
	  "given twice" },
	{ "handler fails", CONTROL_VIEWER, "fail", { { 0 } }, 4, "no more room" },
	{ "handler gives only a number", CONTROL_VIEWER, "silent", { { 0 } }, 4, "No space" },
	{ "a value that makes no sense",
	  CONTROL_VIEWER,
	  "wrong",
	  { { "text", "red" } },
	  3,
	  "'text': 'red' is not any good" },
	{ "without what it needs",
	  CONTROL_VIEWER,
	  "wrong",
	  { { 0 } },
	  3,
	  "'text' is missing: what" },
	{ "row over 4 MiB", CONTROL_VIEWER, "huge", { { 0 } }, 4, "too long" },
};

static void check_case(void **state)
{
	const struct call_case *c = *state;
	struct dispatch dispatch = converse(c->role);

	/* Twice: an error of a call leaves the conversation as good as before. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(send_call(&dispatch, c->command, c->pairs, output), 0);
		for (int row = c->want_rows; row > 0; row--)
			expect_row(output, row == 2 ? "{\"left\":2,\"text\":\"\"}"
						    : "{\"left\":1,\"text\":\"\"}");
		expect_done(output, c->want_error, c->want_text);
	}
	if (c->want_error > 0)
		assert_int_equal(runs, 0);
}

int main(void)
{
	struct CMUnitTest tests[sizeof(cases) / sizeof(*cases)];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		tests[i] = (struct CMUnitTest){ cases[i].name, check_case, set_up, tear_down,
						&cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

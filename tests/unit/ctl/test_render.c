/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/render.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct row_case {
	const char *name;
	const char *json;
	const char *want; /* NULL: refused */
} cases[] = {
	{ "scalars are aligned", "{\"a\": 1, \"longer\": \"x y\", \"b\": true, \"c\": null}",
	  "a       1\nlonger  x y\nb       yes\nc       -\n" },
	{ "numbers", "{\"big\": 9223372036854775807, \"less\": -1, \"real\": 0.5}",
	  "big   9223372036854775807\nless  -1\nreal  0.5\n" },
	{ "an empty text is seen to be empty", "{\"reason\": \"\"}", "reason  -\n" },
	{ "an object inside", "{\"ship\": {\"tls\": {\"group\": \"x25519\"}, \"state\": \"off\"}}",
	  "ship\n  tls\n    group  x25519\n  state  off\n" },
	{ "an array of scalars", "{\"tiers\": [\"core\", 2], \"missing\": []}",
	  "tiers    core, 2\nmissing  none\n" },
	{ "an array of objects is a table",
	  "{\"probes\": [{\"name\": \"exec\", \"n\": 1}, {\"name\": \"x\", \"n\": 22}]}",
	  "probes\n  name  n\n  exec  1\n  x     22\n" },
	{ "a row without a column, and one with more", "{\"t\": [{\"a\": 1}, {\"b\": 2}]}",
	  "t\n  a\n  1\n  -\n" },
	{ "objects inside a table stay on their line", "{\"t\": [{\"a\": {\"b\": 1}}]}",
	  "t\n  a\n  {\"b\": 1}\n" },
	{ "empty object", "{}", "" },
	{ "terminal escapes", "{\"exe\": \"\\u001b]0;pwned\\u0007\\r\\n\\t\"}",
	  "exe  \\x1b]0;pwned\\x07\\x0d\\x0a\\x09\n" },
	{ "DEL and C1", "{\"exe\": \"\\u007f\\u009b31m\"}", "exe  \\x7f\\x9b31m\n" },
	{ "text turned round", "{\"exe\": \"\\u202egpj.exe\"}", "exe  \\u202egpj.exe\n" },
	{ "hostile key", "{\"\\u001bk\": 1}", "\\x1bk  1\n" },
	{ "other languages stay", "{\"host\": \"櫓-é-😀\"}", "host  櫓-é-😀\n" },
	{ "columns are counted, not bytes", "{\"t\": [{\"é\": \"é\", \"z\": 1}]}",
	  "t\n  é  z\n  é  1\n" },
	{ "escapes are counted in a table",
	  "{\"t\": [{\"a\": \"\\u001b\", \"b\": 1}, {\"a\": \"x\", \"b\": 2}]}",
	  "t\n  a     b\n  \\x1b  1\n  x     2\n" },
	{ "not an object", "[1]", NULL },
	{ "not JSON", "{\"a\": ", NULL },
	{ "a key twice", "{\"a\": 1, \"a\": 2}", NULL },
	{ "NUL in a text", "{\"a\": \"x\\u0000y\"}", NULL },
	{ "empty", "", NULL },
};

static void check_case(void **state)
{
	const struct row_case *c = *state;
	char shown[1024] = "";
	FILE *to = fmemopen(shown, sizeof(shown), "w");

	assert_non_null(to);
	assert_int_equal(render_row(to, c->json), c->want ? 0 : -EBADMSG);
	fclose(to);
	assert_string_equal(shown, c->want ? c->want : "");
}

/* As deep as a hostile daemon may nest: no crash, and the indentation has an end. */
static void test_deep(void **state)
{
	enum { DEPTH = 2000 };
	static char json[DEPTH * 6 + 2];
	static char shown[1 << 20];
	FILE *to = fmemopen(shown, sizeof(shown), "w");

	(void)state;
	assert_non_null(to);
	for (int i = 0; i < DEPTH; i++)
		strcpy(json + i * 5, "{\"a\":");
	strcpy(json + DEPTH * 5, "1");
	memset(json + DEPTH * 5 + 1, '}', DEPTH);
	assert_int_equal(render_row(to, json), 0);
	fclose(to);
	assert_null(strstr(shown, "                                                                "
				  "  a"));
	assert_non_null(strstr(shown, "\n  a\n    a\n"));
}

static void test_commands(void **state)
{
	Yagura__Control__Argument limit;
	Yagura__Control__Argument *arguments[] = { &limit };
	Yagura__Control__Command rows[2];
	Yagura__Control__Command *commands[] = { &rows[0], &rows[1] };
	Yagura__Control__Welcome welcome;
	char shown[256] = "";
	FILE *to = fmemopen(shown, sizeof(shown), "w");

	(void)state;
	assert_non_null(to);
	yagura__control__argument__init(&limit);
	limit.name = (char *)"limit";
	limit.type = (char *)"u32";
	limit.help = (char *)"at most so many";
	for (int i = 0; i < 2; i++)
		yagura__control__command__init(&rows[i]);
	rows[0].name = (char *)"flow list";
	rows[0].help = (char *)"Live flows";
	rows[0].role = (char *)"viewer";
	rows[0].n_arguments = 1;
	rows[0].arguments = arguments;
	rows[1].name = (char *)"x\033";
	rows[1].help = (char *)"";
	rows[1].role = (char *)"admin";
	yagura__control__welcome__init(&welcome);
	welcome.n_commands = 2;
	welcome.commands = commands;
	render_commands(to, &welcome);
	fclose(to);
	assert_string_equal(shown, "flow list  Live flows (viewer)\n"
				   "             limit=u32  at most so many\n"
				   "x\\x1b       (admin)\n");
}

int main(void)
{
	struct CMUnitTest tests[sizeof(cases) / sizeof(*cases) + 2];
	size_t count = 0;

	for (; count < sizeof(cases) / sizeof(*cases); count++)
		tests[count] = (struct CMUnitTest){ cases[count].name, check_case, NULL, NULL,
						    &cases[count] };
	tests[count++] = (struct CMUnitTest){ "deep", test_deep, NULL, NULL, NULL };
	tests[count++] = (struct CMUnitTest){ "commands", test_commands, NULL, NULL, NULL };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/unit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct unit_case {
	const char *name;
	const char *path;
	const char *unit; /* NULL: it names none */
	const char *slice, *user_unit, *session;
} cases[] = {
	{ "a service", "/system.slice/ssh.service", "ssh.service", "system.slice", "", "" },
	{ "an instance, escaped", "/system.slice/system-foo\\x2dbar.slice/foo\\x2dbar@1.service",
	  "foo\\x2dbar@1.service", "system-foo\\x2dbar.slice", "", "" },
	{ "a scope of the root slice", "/init.scope", "init.scope", "", "", "" },
	{ "a login session", "/user.slice/user-1000.slice/session-c12.scope", "session-c12.scope",
	  "user-1000.slice", "", "c12" },
	{ "no session outside a user's slice", "/system.slice/session-3.scope", "session-3.scope",
	  "system.slice", "", "" },
	{ "a session without id", "/user.slice/user-0.slice/session-.scope", "session-.scope",
	  "user-0.slice", "", "" },
	{ "a user's service", "/user.slice/user-7.slice/user@7.service/app.slice/a-b.service",
	  "user@7.service", "user-7.slice", "a-b.service", "" },
	{ "the user's manager itself", "/user.slice/user-7.slice/user@7.service/init.scope",
	  "user@7.service", "user-7.slice", "init.scope", "" },
	{ "the manager's group", "/user.slice/user-7.slice/user@7.service", "user@7.service",
	  "user-7.slice", "", "" },
	{ "below a unit anybody may name groups", "/system.slice/a.service/evil.slice/ssh.service",
	  "a.service", "system.slice", "", "" },
	{ "a container's own systemd", "/system.slice/docker-ab.scope/system.slice/ssh.service",
	  "docker-ab.scope", "system.slice", "", "" },
	{ "no unit on the way", "/docker/ab/system.slice/ssh.service", NULL, "", "", "" },
	{ "a name put out of the way", "/system.slice/_cpu.service", "cpu.service", "system.slice",
	  "", "" },
	{ "a mount", "/system.slice/dev-hugepages.mount", "dev-hugepages.mount", "system.slice", "",
	  "" },
	{ "only slices", "/user.slice/user-7.slice", NULL, "", "", "" },
	{ "a type without a name", "/system.slice/.service", NULL, "", "", "" },
	{ "the root", "/", NULL, "", "", "" },
	{ "nothing", "", NULL, "", "", "" },
	{ "cut: its beginning lacks", "stem.slice/ssh.service", NULL, "", "", "" },
	{ "more slashes than names", "//system.slice///ssh.service/", "ssh.service", "system.slice",
	  "", "" },
};

static void expect(struct text got, const char *want)
{
	assert_int_equal(got.length, strlen(want));
	assert_memory_equal(got.at, want, got.length);
}

static void check_case(void **state)
{
	const struct unit_case *c = *state;
	struct text path = { c->path, strlen(c->path) };
	struct unit unit;

	assert_int_equal(unit_of(path, &unit), c->unit != NULL);
	if (!c->unit)
		return;
	expect(unit.name, c->unit);
	expect(unit.slice, c->slice);
	expect(unit.user_unit, c->user_unit);
	expect(unit.session, c->session);
}

/* No beginning of a path passes for the whole. */
static void a_cut_unit_is_another(void **state)
{
	const char path[] = "/system.slice/ssh.service";
	struct unit unit;

	(void)state;
	for (size_t length = 0; length < strlen(path); length++)
		assert_false(unit_of((struct text){ path, length }, &unit));
}

int main(void)
{
	struct CMUnitTest rows[sizeof(cases) / sizeof(cases[0])];
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_cut_unit_is_another) };
	int failed;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		rows[i] = (struct CMUnitTest){ cases[i].name, check_case, NULL, NULL, &cases[i] };
	failed = cmocka_run_group_tests(rows, NULL, NULL);
	return failed + cmocka_run_group_tests(tests, NULL, NULL);
}

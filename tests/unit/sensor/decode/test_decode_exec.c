/* SPDX-License-Identifier: Apache-2.0 */
/* The four byte parts of an exec event, and the names of a control group. */
#include "sensor/decode/decode.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/event_build.h"

#define BYTES(literal) literal, sizeof(literal) - 1

static struct exec_case {
	const char *name;
	const char *bytes;
	uint32_t size;
	uint32_t path_bytes, cwd_bytes, script_bytes;
	uint32_t flags;
	const char *want_cwd; /* NULL: refused */
	const char *want_script;
} cases[] = {
	{ "all four parts", BYTES("ls\0bin\0tmp\0var\0./runls\0-l"), 7, 8, 5, 0, "/var/tmp",
	  "./run" },
	{ "no names: the root directory", BYTES("ls\0bin\0"), 7, 0, 0, 0, "/", "" },
	{ "unreadable: no directory, not the root", BYTES("ls\0bin\0"), 7, 0, 0,
	  EXEC_CWD_UNREADABLE, "", "" },
	{ "cut before the first name: not the root", BYTES("ls\0bin\0"), 7, 0, 0,
	  EXEC_CWD_TRUNCATED, "", "" },
	{ "cut: no leading slash", BYTES("ls\0bin\0tmp\0var\0"), 7, 8, 0, EXEC_CWD_TRUNCATED,
	  "var/tmp", "" },
	{ "unreadable, yet there", BYTES("ls\0bin\0tmp\0"), 7, 4, 0, EXEC_CWD_UNREADABLE, NULL,
	  NULL },
	{ "a directory's name with a slash", BYTES("ls\0bin\0a/b\0var\0"), 7, 8, 0, 0, NULL, NULL },
	{ "a directory without its last NUL", BYTES("ls\0bin\0tmp\0va"), 7, 6, 0, 0, NULL, NULL },
	{ "a script longer than the event", BYTES("ls\0bin\0./run"), 7, 0, 6, 0, NULL, NULL },
	{ "a directory over its limit", BYTES("ls\0bin\0"), 7, EVENT_PATH_BYTES_MAX + 1, 0, 0, NULL,
	  NULL },
	{ "a script over its limit", BYTES("ls\0bin\0"), 7, 0, EVENT_SCRIPT_BYTES_MAX + 1, 0, NULL,
	  NULL },
	{ "lengths that wrap round", BYTES("ls\0bin\0"), 7, UINT32_MAX, 1, 0, NULL, NULL },
	{ "an unknown flag", BYTES("ls\0bin\0"), 7, 0, 0, EXEC_ANCESTORS_CUT << 1, NULL, NULL },
};

/* Decodes an exact-size heap copy, so that the sanitizer sees one byte over. It stays until the
 * next call, as texts point into it. */
static int decode(const uint8_t *bytes, size_t size, struct decoded_event *ret_event)
{
	static uint8_t *copy;

	free(copy);
	copy = malloc(size);
	assert_non_null(copy);
	memcpy(copy, bytes, size);
	return decode_event(copy, size, ret_event);
}

static void check_parts(const struct exec_case *c, const struct decoded_event *decoded)
{
	const struct decoded_exec *exec = &decoded->exec;

	assert_string_equal(exec->path, "/bin/ls");
	assert_string_equal(exec->cwd, c->want_cwd);
	assert_int_equal(exec->cwd_length, strlen(c->want_cwd));
	assert_int_equal(exec->script.length, strlen(c->want_script));
	assert_memory_equal(exec->script.at, c->want_script, strlen(c->want_script));
	assert_int_equal(exec->args.length, exec->fixed.args_bytes);
}

static void check_exec(void **state)
{
	static struct decoded_event decoded;
	static struct built_event event;
	const struct exec_case *c = *state;
	struct event_exec fixed = build_exec(build_key(1, 2, 3), build_key(0, 1, 1), 5);
	uint32_t used = c->path_bytes + c->cwd_bytes + c->script_bytes;

	fixed.header.size_bytes = (uint32_t)sizeof(fixed) + c->size;
	fixed.flags = c->flags;
	fixed.path_bytes = c->path_bytes;
	fixed.cwd_bytes = c->cwd_bytes;
	fixed.script_bytes = c->script_bytes;
	fixed.args_bytes = used < c->size ? c->size - used : 0;
	build_from(&event, &fixed, sizeof(fixed));
	memcpy(event.bytes + sizeof(fixed), c->bytes, c->size);
	assert_int_equal(decode(event.bytes, sizeof(fixed) + c->size, &decoded),
			 c->want_cwd ? 0 : -EBADMSG);
	if (c->want_cwd)
		check_parts(c, &decoded);
}

static void check_cgroup(const char *bytes, uint32_t size, uint32_t flags, const char *want)
{
	static struct decoded_event decoded;
	static struct built_event event;
	struct event_cgroup fixed = { build_header(EVENT_CGROUP, sizeof(fixed) + size, 5), 4242,
				      flags, size };

	build_from(&event, &fixed, sizeof(fixed));
	memcpy(event.bytes + sizeof(fixed), bytes, size);
	assert_int_equal(decode(event.bytes, sizeof(fixed) + size, &decoded), want ? 0 : -EBADMSG);
	if (!want)
		return;
	assert_true(decoded.cgroup.id == 4242);
	assert_string_equal(decoded.cgroup.path, want);
	assert_int_equal(decoded.cgroup.path_length, strlen(want));
}

static void names_of_control_groups(void **state)
{
	(void)state;
	check_cgroup(BYTES("ssh.service\0system.slice\0"), 0, "/system.slice/ssh.service");
	check_cgroup(BYTES(""), 0, "/");
	check_cgroup(BYTES("b\0a\0"), CGROUP_PATH_TRUNCATED, "a/b");
	check_cgroup(BYTES("b\0a"), 0, NULL);
	check_cgroup(BYTES("b/c\0a\0"), 0, NULL);
	check_cgroup(BYTES("b\0\0"), 0, NULL);
	check_cgroup(BYTES("b\0"), 2, NULL);
}

#define CASES (sizeof(cases) / sizeof(*cases))

/* As the last part of the event; no beginning of it passes for the whole. */
static void ancestors_are_read(void **state)
{
	static struct decoded_event decoded;
	static struct built_event event;
	const struct process_key ancestors[] = { { 7, 70, 1 }, { UINT64_MAX, 1, UINT32_MAX } };
	struct event_exec fixed = build_exec(build_key(1, 2, 3), build_key(0, 1, 1), 5);
	uint32_t size = sizeof(fixed) + sizeof(ancestors);

	(void)state;
	fixed.flags = EXEC_PATH_UNREADABLE | EXEC_CWD_UNREADABLE | EXEC_ARGS_UNREADABLE;
	for (uint32_t count = 0; count <= 3; count++) {
		for (fixed.header.size_bytes = sizeof(fixed); fixed.header.size_bytes <= size;
		     fixed.header.size_bytes++) {
			size_t told = fixed.header.size_bytes - sizeof(fixed);

			fixed.ancestor_count = count;
			memcpy(event.bytes, &fixed, sizeof(fixed));
			memcpy(event.bytes + sizeof(fixed), ancestors, sizeof(ancestors));
			assert_int_equal(decode(event.bytes, fixed.header.size_bytes, &decoded),
					 told == count * sizeof(ancestors[0]) ? 0 : -EBADMSG);
		}
	}
	fixed.ancestor_count = 2;
	fixed.header.size_bytes = size;
	memcpy(event.bytes, &fixed, sizeof(fixed));
	assert_int_equal(decode(event.bytes, size, &decoded), 0);
	assert_memory_equal(decoded.exec.ancestors, ancestors, sizeof(ancestors));

	fixed.ancestor_count = EVENT_ANCESTORS_MAX + 1;
	fixed.header.size_bytes =
		(uint32_t)(sizeof(fixed) + fixed.ancestor_count * sizeof(ancestors[0]));
	memcpy(event.bytes, &fixed, sizeof(fixed));
	assert_int_equal(decode(event.bytes, fixed.header.size_bytes, &decoded), -EBADMSG);
}

int main(void)
{
	struct CMUnitTest tests[CASES + 2] = { cmocka_unit_test(names_of_control_groups),
					       cmocka_unit_test(ancestors_are_read) };

	for (size_t i = 0; i < CASES; i++)
		tests[i + 2] =
			(struct CMUnitTest){ cases[i].name, check_exec, NULL, NULL, &cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

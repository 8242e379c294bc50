/* SPDX-License-Identifier: Apache-2.0 */
/* Variables that make the dynamic linker load something, and places where anybody may put a
 * program. */
#include "bpf/process_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOKED_AT_BYTES 8192
#define ENVIRONMENT                                                                                \
	(EXEC_LD_PRELOAD | EXEC_LD_LIBRARY_PATH | EXEC_LD_AUDIT | EXEC_ENVIRONMENT_CUT |           \
	 EXEC_ENVIRONMENT_UNKNOWN)

/* Executes with that environment, and gives the flags that speak of it. */
static uint32_t flags_with(struct probe_fixture *fixture, char *const environment[])
{
	pid_t pid = fork();
	uint32_t flags;
	int status;

	if (pid == 0) {
		execle("/bin/true", "true", NULL, environment);
		_exit(126);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	flags = must_find_exec(fixture, pid)->fixed.flags & ENVIRONMENT;
	assert_int_equal(status, 0);
	return flags;
}

static struct name_case {
	const char *name;
	char *environment[5];
	uint32_t flags;
} cases[] = {
	{ "an empty environment", { NULL }, 0 },
	{ "LD_PRELOAD", { (char[]){ "LD_PRELOAD=" }, NULL }, EXEC_LD_PRELOAD },
	{ "LD_LIBRARY_PATH", { (char[]){ "LD_LIBRARY_PATH=/x" }, NULL }, EXEC_LD_LIBRARY_PATH },
	{ "LD_AUDIT", { (char[]){ "LD_AUDIT=" }, NULL }, EXEC_LD_AUDIT },
	{ "all, behind others",
	  { (char[]){ "HOME=/" }, (char[]){ "LD_AUDIT=" }, (char[]){ "LD_PRELOAD=" },
	    (char[]){ "LD_LIBRARY_PATH=" }, NULL },
	  EXEC_LD_PRELOAD | EXEC_LD_LIBRARY_PATH | EXEC_LD_AUDIT },
	{ "names that go on",
	  { (char[]){ "LD_PRELOADED=1" }, (char[]){ "LD_AUDITS=1" },
	    (char[]){ "LD_LIBRARY_PATHS=1" }, NULL },
	  0 },
	{ "names without a value", { (char[]){ "LD_PRELOAD" }, (char[]){ "LD_AUDIT" }, NULL }, 0 },
	{ "within other names",
	  { (char[]){ "XLD_PRELOAD=1" }, (char[]){ "LLD_AUDIT=" }, NULL },
	  0 },
	{ "within a value", { (char[]){ "X=LD_PRELOAD=1" }, NULL }, 0 },
	{ "another case", { (char[]){ "ld_preload=1" }, (char[]){ "Ld_AUDIT=1" }, NULL }, 0 },
	{ "an empty string before",
	  { (char[]){ "" }, (char[]){ "LD_AUDIT=" }, NULL },
	  EXEC_LD_AUDIT },
};

static struct probe_fixture *shared;

static void each_variable_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t flags = flags_with(shared, cases[i].environment);

		if (flags != cases[i].flags)
			fail_msg("%s: %#x", cases[i].name, flags);
	}
}

/* At every offset of a word, and where two blocks meet. */
static void each_place_is_looked_at(void **state)
{
	(void)state;
	for (size_t before = 1; before < 300; before += before < 40 ? 1 : 11) {
		char filler[512] = { 0 };
		char *environment[] = { filler, (char[]){ "LD_PRELOAD=" }, NULL };

		memset(filler, 'L', before);
		assert_int_equal(flags_with(shared, environment), EXEC_LD_PRELOAD);
	}
}

/* So many bytes, NULs counted, before a variable. */
static uint32_t flags_behind(size_t before)
{
	static char filler[2 * LOOKED_AT_BYTES];
	char *environment[] = { filler, (char[]){ "LD_AUDIT=" }, NULL };

	memset(filler, 'x', sizeof(filler));
	filler[before - 1] = '\0';
	return flags_with(shared, environment);
}

static void a_long_environment_is_cut_and_said_so(void **state)
{
	const size_t last = LOOKED_AT_BYTES - sizeof("LD_AUDIT=");

	(void)state;
	assert_int_equal(flags_behind(last), EXEC_LD_AUDIT);
	assert_int_equal(flags_behind(last + 1), EXEC_LD_AUDIT | EXEC_ENVIRONMENT_CUT);
	assert_int_equal(flags_behind(last + 2), EXEC_ENVIRONMENT_CUT); /* "LD_AUDIT" and no more */
	assert_int_equal(flags_behind(LOOKED_AT_BYTES), EXEC_ENVIRONMENT_CUT);
	assert_int_equal(flags_behind(LOOKED_AT_BYTES + 5), EXEC_ENVIRONMENT_CUT);
}

static void a_snapshot_does_not_know(void **state)
{
	(void)state;
	assert_int_equal(must_find_snapshot(shared, getpid())->fixed.flags & ENVIRONMENT,
			 EXEC_ENVIRONMENT_UNKNOWN);
}

/* --- places --- */

static uint32_t is_writable_in(mode_t mode)
{
	char path[96], directory[64];

	snprintf(directory, sizeof(directory), "%s", at_place("directory"));
	assert_int_equal(mkdir(directory, 0700), 0);
	assert_int_equal(chmod(directory, mode), 0);
	snprintf(path, sizeof(path), "%s/cat", directory);
	assert_int_equal(rename(place_program("cat", 0755), path), 0);
	run_program(shared, path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(directory), 0);
	return shared->event.exec.fixed.flags & EXEC_WRITABLE_DIRECTORY;
}

static void a_directory_anybody_may_write_to_is_told(void **state)
{
	(void)state;
	assert_int_equal(is_writable_in(0755), 0);
	assert_int_equal(is_writable_in(0775), 0);
	assert_int_equal(is_writable_in(01777), EXEC_WRITABLE_DIRECTORY);
	assert_int_equal(is_writable_in(0702), EXEC_WRITABLE_DIRECTORY);
}

static int set_up(void **state)
{
	int r = process_case_setup(state);

	shared = *state;
	return r;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_variable_is_told),
		cmocka_unit_test(each_place_is_looked_at),
		cmocka_unit_test(a_long_environment_is_cut_and_said_so),
		cmocka_unit_test(a_snapshot_does_not_know),
		cmocka_unit_test(a_directory_anybody_may_write_to_is_told),
	};

	return cmocka_run_group_tests(tests, set_up, process_case_teardown);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What was asked to be executed, and where: script beside interpreter, working directory. */
#include "bpf/process_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void go_to(const void *context)
{
	must(chdir(context) == 0, "chdir");
}

static void the_working_directory_is_told(void **state)
{
	struct probe_fixture *fixture = *state;
	struct start start = {
		.path = "/bin/cat",
		.prepare = go_to,
	};
	const char *directories[] = { "/", place, "/sys/kernel" };

	for (size_t i = 0; i < sizeof(directories) / sizeof(*directories); i++) {
		struct held held;

		start.context = directories[i];
		held = hold(&start);
		must_find_exec(fixture, held.pid);
		assert_string_equal(fixture->event.exec.cwd, proc_link(fixture, held.pid, "cwd"));
		must_find_snapshot(fixture, held.pid);
		assert_string_equal(fixture->event.exec.cwd, proc_link(fixture, held.pid, "cwd"));
		let_go(&held);
	}
}

static void assert_script(const struct decoded_exec *exec, const char *want)
{
	assert_int_equal(exec->script.length, strlen(want));
	assert_memory_equal(exec->script.at, want, strlen(want));
}

static void assert_args(const struct decoded_exec *exec, const char *want, size_t size)
{
	assert_int_equal(exec->args.length, size);
	assert_memory_equal(exec->args.at, want, size);
}

static void a_script_is_named_beside_its_interpreter(void **state)
{
	static const char want_args[] = "/bin/cat\0-\0./run";
	struct probe_fixture *fixture = *state;
	struct start start = { .path = "./run", .prepare = go_to, .context = place };
	struct held held;
	char real[PATH_MAX];

	place_file(at_place("run"), "#!/bin/cat -\n", 0755);
	held = hold(&start);
	must_find_exec(fixture, held.pid);
	let_go(&held);
	assert_non_null(realpath("/bin/cat", real));
	check_path(fixture, real);
	assert_script(&fixture->event.exec, "./run");
	assert_args(&fixture->event.exec, want_args, sizeof(want_args));
	assert_int_equal(fixture->event.exec.fixed.flags, 0);
	run_program(fixture, "/bin/cat");
	assert_script(&fixture->event.exec, "");
}

/* Whatever number of interpreters: the first and the last. */
static void a_script_s_interpreter_may_be_a_script(void **state)
{
	struct probe_fixture *fixture = *state;
	char text[PATH_MAX], real[PATH_MAX];
	const char *outer;

	place_file(at_place("inner"), "#!/bin/cat\n", 0755);
	snprintf(text, sizeof(text), "#!%s\n", at_place("inner"));
	outer = at_place("outer");
	place_file(outer, text, 0755);
	run_program(fixture, outer);
	assert_non_null(realpath("/bin/cat", real));
	check_path(fixture, real);
	assert_script(&fixture->event.exec, outer);
}

/* The kernel names it "/dev/fd/N/" and what it was given: longer than any path. */
static void a_script_s_name_may_be_cut(void **state)
{
	struct probe_fixture *fixture = *state;
	char name[PATH_MAX] = "";
	pid_t pid;
	int fd;

	place_file(at_place("run"), "#!/bin/true\n", 0755);
	fd = open(place, O_PATH | O_DIRECTORY);
	for (size_t i = 0; i + 8 < sizeof(name); i += 2)
		strcat(name, "./");
	strcat(name, "run");
	pid = fork();
	if (pid == 0) {
		syscall(SYS_execveat, fd, name, (char *[]){ "run", NULL }, NULL, 0);
		must(false, "execveat");
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(fd);
	must_find_exec(fixture, pid);
	assert_int_equal(fixture->event.exec.fixed.flags, EXEC_SCRIPT_TRUNCATED);
	assert_int_equal(fixture->event.exec.script.length, EVENT_SCRIPT_BYTES_MAX - 1);
	assert_memory_equal(fixture->event.exec.script.at, "/dev/fd/", 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_working_directory_is_told),
		cmocka_unit_test(a_script_is_named_beside_its_interpreter),
		cmocka_unit_test(a_script_s_interpreter_may_be_a_script),
		cmocka_unit_test(a_script_s_name_may_be_cut),
	};

	return cmocka_run_group_tests(tests, process_case_setup, process_case_teardown);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* bpf/probes/process.bpf.c on the running kernel: real processes, exact fields. */
#include "bpf/process_case.h"

#include "sensor/keeper/probe_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs argv[0] with exactly these arguments; the child's pid and how it ended. */
static pid_t run(char *const arguments[], int *ret_status)
{
	pid_t pid = fork();

	if (pid == 0) {
		execv(arguments[0], arguments);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, ret_status, 0), pid);
	return pid;
}

static void fork_exec_and_exit_of_one_process_agree(void **state)
{
	struct probe_fixture *fixture = *state;
	char *arguments[] = { "/bin/sh", "-c", "exit 7", "", "two words", NULL };
	static const char want_args[] = "/bin/sh\0-c\0exit 7\0\0two words";
	struct process_key forked, executed;
	char real[4096];
	int status;
	pid_t pid;

	probe_fixture_drain(fixture);
	pid = run(arguments, &status);
	must_find(fixture, EVENT_FORK, pid);
	forked = fixture->event.fork.process;
	assert_int_equal(fixture->event.fork.parent.pid, getpid());

	must_find(fixture, EVENT_EXEC, pid);
	executed = fixture->event.exec.fixed.process;
	assert_true(executed.start_ns == forked.start_ns);
	assert_int_equal(executed.exec_count, forked.exec_count + 1);
	assert_int_equal(fixture->event.exec.fixed.parent.pid, getpid());
	assert_int_equal(fixture->event.exec.fixed.uid, getuid());
	assert_int_equal(fixture->event.exec.fixed.egid, getegid());
	assert_int_equal(fixture->event.exec.fixed.flags, 0);
	assert_non_null(realpath("/bin/sh", real));
	assert_string_equal(fixture->event.exec.path, probe_fixture_path(fixture, real));
	assert_int_equal(fixture->event.exec.args.length, sizeof(want_args));
	assert_memory_equal(fixture->event.exec.args.at, want_args, sizeof(want_args));
	assert_int_equal(fixture->event.exec.fixed.args_total_bytes, sizeof(want_args));

	must_find(fixture, EVENT_EXIT, pid);
	assert_memory_equal(&fixture->event.exit.process, &executed, sizeof(executed));
	assert_int_equal(fixture->event.exit.status, status);
	assert_int_equal(WEXITSTATUS(status), 7);
}

static void a_signal_is_told_as_wait_tells_it(void **state)
{
	struct probe_fixture *fixture = *state;
	char *arguments[] = { "/bin/sh", "-c", "kill -TERM $$; sleep 5", NULL };
	int status;
	pid_t pid = run(arguments, &status);

	must_find(fixture, EVENT_EXIT, pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(fixture->event.exit.status, status);
}

static void long_argv_is_cut_and_said_so(void **state)
{
	struct probe_fixture *fixture = *state;
	size_t size = 100000;
	char *longest = calloc(1, size + 1);
	char *arguments[] = { "/bin/true", longest, NULL };
	int status;
	pid_t pid;

	memset(longest, 'x', size);
	pid = run(arguments, &status);
	must_find(fixture, EVENT_EXEC, pid);
	assert_int_equal(fixture->event.exec.fixed.flags, EXEC_ARGS_TRUNCATED);
	assert_int_equal(fixture->event.exec.args.length, EVENT_ARGS_BYTES_MAX);
	assert_int_equal(fixture->event.exec.fixed.args_total_bytes,
			 sizeof("/bin/true") + size + 1);
	free(longest);
}

static void a_memfd_has_its_name_and_is_deleted(void **state)
{
	struct probe_fixture *fixture = *state;
	int from = open("/bin/true", O_RDONLY | O_CLOEXEC);
	int memfd = memfd_create("ghost", MFD_CLOEXEC);
	char bytes[65536];
	ssize_t got;
	pid_t pid;

	while ((got = read(from, bytes, sizeof(bytes))) > 0)
		assert_int_equal(write(memfd, bytes, (size_t)got), got);
	close(from);
	pid = fork();
	if (pid == 0) {
		fexecve(memfd, (char *[]){ "ghost", NULL }, (char *[]){ NULL });
		_exit(127);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(memfd);
	must_find(fixture, EVENT_EXEC, pid);
	assert_string_equal(fixture->event.exec.path, "/memfd:ghost");
	assert_true(fixture->event.exec.fixed.flags & EXEC_DELETED);
}

static void paths_cross_mounts(void **state)
{
	struct probe_fixture *fixture = *state;
	char directory[] = "/tmp/yagura-mount-XXXXXX";
	char command[512], path[128];
	int status;
	pid_t pid;

	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/a/b/true", directory);
	snprintf(command, sizeof(command),
		 "mount -t tmpfs none %s && mkdir -p %s/a/b && cp /bin/true %s", directory,
		 directory, path);
	assert_int_equal(system(command), 0);
	pid = run((char *[]){ path, NULL }, &status);
	snprintf(command, sizeof(command), "umount %s && rmdir %s", directory, directory);
	assert_int_equal(system(command), 0);
	must_find(fixture, EVENT_EXEC, pid);
	assert_string_equal(fixture->event.exec.path, probe_fixture_path(fixture, path));
}

/* Its directory was moved out of the bind mount it was opened in: no walk leads up to the root. */
static void a_path_cut_off_from_the_root_says_so(void **state)
{
	struct probe_fixture *fixture = *state;
	char directory[] = "/tmp/yagura-bind-XXXXXX";
	char command[512], path[128];
	pid_t pid;
	int fd;

	assert_non_null(mkdtemp(directory));
	snprintf(command, sizeof(command),
		 "cd %s && mkdir -p a/b m && cp /bin/true a/b && mount --bind a m", directory);
	assert_int_equal(system(command), 0);
	snprintf(path, sizeof(path), "%s/m/b/true", directory);
	fd = open(path, O_PATH | O_CLOEXEC);
	snprintf(command, sizeof(command), "mv %s/a/b %s/c", directory, directory);
	assert_int_equal(system(command), 0);
	pid = fork();
	if (pid == 0) {
		fexecve(fd, (char *[]){ "true", NULL }, (char *[]){ NULL });
		_exit(127);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(fd);
	snprintf(command, sizeof(command), "umount %s/m && rm -r %s", directory, directory);
	assert_int_equal(system(command), 0);
	must_find(fixture, EVENT_EXEC, pid);
	assert_int_equal(fixture->event.exec.fixed.flags, EXEC_PATH_TRUNCATED);
	/* Only up to the root of the file system, which may be /tmp itself. */
	snprintf(path, sizeof(path), "%s/c/true", directory + strlen("/tmp/"));
	assert_non_null(strstr(fixture->event.exec.path, path));
	assert_int_not_equal(fixture->event.exec.path[0], '/');
}

static void *end_last(void *context)
{
	usleep(50000);
	syscall(SYS_exit, 9);
	return context;
}

/* The first thread ends before another: whose code wait(2) reports depends on the kernel. */
static void the_code_of_threads_is_what_wait_reports(void **state)
{
	struct probe_fixture *fixture = *state;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		pthread_t thread;

		pthread_create(&thread, NULL, end_last, NULL);
		syscall(SYS_exit, 4);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	must_find(fixture, EVENT_EXIT, pid);
	assert_int_equal(fixture->event.exit.status, status);
}

static void *linger(void *context)
{
	pause();
	return context;
}

static void *run_true(void *context)
{
	execl("/bin/true", "true", NULL);
	return context;
}

/* Threads make no event of their own; an execve from one keeps the process' pid and ends
 * it once. */
static void a_process_of_threads_is_one_process(void **state)
{
	struct probe_fixture *fixture = *state;
	struct process_key executed;
	pid_t pid = fork();

	if (pid == 0) {
		pthread_t thread;

		for (int i = 0; i < 8; i++)
			pthread_create(&thread, NULL, linger, NULL);
		pthread_create(&thread, NULL, run_true, NULL);
		pause();
		_exit(127);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	must_find(fixture, EVENT_FORK, pid);
	must_find(fixture, EVENT_EXEC, pid);
	executed = fixture->event.exec.fixed.process;
	must_find(fixture, EVENT_EXIT, pid);
	assert_memory_equal(&fixture->event.exit.process, &executed, sizeof(executed));
}

#define ROUNDS 500

struct census {
	pid_t pid[ROUNDS];
	int exits[ROUNDS];
};

/* Counts the exits of our own children; never satisfied, so that it sees all events. */
static bool count_exits(const struct decoded_event *event, const void *context)
{
	struct census *census = (struct census *)(uintptr_t)context;

	for (int i = 0; event->kind == EVENT_EXIT && i < ROUNDS; i++)
		census->exits[i] += event->exit.process.pid == (uint32_t)census->pid[i];
	return false;
}

/* Many threads ending at the same instant must still make one exit event: repeated, as it is a
 * race. */
static void threads_that_end_together_make_one_exit(void **state)
{
	struct probe_fixture *fixture = *state;
	struct census census = { 0 };

	for (int i = 0; i < ROUNDS; i++) {
		census.pid[i] = fork();
		if (census.pid[i] == 0) {
			pthread_t thread;

			for (int t = 0; t < 8; t++)
				pthread_create(&thread, NULL, linger, NULL);
			_exit(0); /* group exit: all nine at once */
		}
		assert_int_equal(waitpid(census.pid[i], NULL, 0), census.pid[i]);
		if (i % 50 == 0)
			probe_fixture_find(fixture, EVENT_RING_VALUABLE, count_exits, &census, 1);
	}
	probe_fixture_find(fixture, EVENT_RING_VALUABLE, count_exits, &census, 100);
	for (int i = 0; i < ROUNDS; i++)
		assert_int_equal(census.exits[i], 1);
}

static void a_snapshot_lists_this_process(void **state)
{
	struct probe_fixture *fixture = *state;
	char self[4096] = "";

	assert_int_equal(loader_iterate(fixture->loader, PROBE_PROCESS_SNAPSHOT), 0);
	must_find(fixture, EVENT_SNAPSHOT, getpid());
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	assert_string_equal(fixture->event.exec.path, probe_fixture_path(fixture, self));
	assert_int_equal(fixture->event.exec.fixed.parent.pid, getppid());
	assert_int_equal(fixture->event.exec.fixed.flags,
			 EXEC_ARGS_UNREADABLE | EXEC_ENVIRONMENT_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fork_exec_and_exit_of_one_process_agree),
		cmocka_unit_test(a_signal_is_told_as_wait_tells_it),
		cmocka_unit_test(long_argv_is_cut_and_said_so),
		cmocka_unit_test(a_memfd_has_its_name_and_is_deleted),
		cmocka_unit_test(paths_cross_mounts),
		cmocka_unit_test(a_path_cut_off_from_the_root_says_so),
		cmocka_unit_test(the_code_of_threads_is_what_wait_reports),
		cmocka_unit_test(a_process_of_threads_is_one_process),
		cmocka_unit_test(threads_that_end_together_make_one_exit),
		cmocka_unit_test(a_snapshot_lists_this_process),
	};

	return cmocka_run_group_tests(tests, probe_fixture_setup, probe_fixture_teardown);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Whose descendant a program is when it is executed, and a process when a snapshot finds it,
 * against what /proc says at that moment. */
#include "bpf/process_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PPID 4 /* field of /proc/PID/stat */

static uint32_t count_of(const struct decoded_exec *exec)
{
	return exec->fixed.ancestor_count;
}

/* The whole line, up to pid 1 as we see it. Above that, in a pid namespace, are the host's. */
static void check_line(const struct decoded_exec *exec, pid_t pid)
{
	int64_t parent = proc_stat(pid, PPID);
	uint32_t depth = 0;

	assert_int_equal(exec->fixed.parent.pid, parent);
	while (parent > 1) {
		parent = proc_stat((pid_t)parent, PPID);
		if (parent == 0)
			break;
		assert_true(depth < count_of(exec));
		assert_int_equal(exec->ancestors[depth].pid, parent);
		depth++;
	}
	assert_int_equal(depth, count_of(exec));
	assert_false(exec->fixed.flags & (EXEC_ANCESTORS_CUT | EXEC_KERNEL_ANCESTOR));
}

static void an_exec_tells_all_ancestors(void **state)
{
	struct held held = hold(&(struct start){ .path = "/bin/cat" });
	const struct decoded_exec *exec = must_find_exec(*state, held.pid);

	check_line(exec, held.pid);
	assert_int_equal(exec->fixed.parent.pid, getpid());
	assert_int_equal(exec->ancestors[0].pid, getppid());
	check_line(must_find_snapshot(*state, held.pid), held.pid);
	let_go(&held);
}

/* Identities agree: the parent that a fork told is the one an exec tells, with its start. */
static void ancestors_are_told_by_identity(void **state)
{
	struct probe_fixture *fixture = *state;
	struct process_key own;
	struct held held;

	own = must_find_snapshot(fixture, getpid())->fixed.process;
	held = hold(&(struct start){ .path = "/bin/cat" });
	must_find(fixture, EVENT_FORK, held.pid);
	assert_memory_equal(&fixture->event.fork.parent, &own, sizeof(own));
	assert_memory_equal(&must_find_exec(fixture, held.pid)->fixed.parent, &own, sizeof(own));
	let_go(&held);
}

/* --- ends between fork and exec --- */

static bool is_below(const struct decoded_event *event, const void *context)
{
	const pid_t *ancestor = context;

	for (uint32_t i = 0; event->kind == EVENT_EXEC && i < count_of(&event->exec); i++)
		if (event->exec.ancestors[i].pid == (uint32_t)*ancestor)
			return true;
	return false;
}

static bool is_cut(const struct decoded_event *event, const void *context)
{
	(void)context;
	return event->kind == EVENT_EXEC && event->exec.fixed.flags & EXEC_ANCESTORS_CUT;
}

/* Runs in the last of `depth` processes; the others wait for their child. */
static void go_down(int depth)
{
	int status;

	for (; depth > 0; depth--) {
		pid_t child = fork();

		must(child >= 0, "fork");
		if (child == 0)
			continue;
		must(waitpid(child, &status, 0) == child, "waitpid");
		_exit(status == 0 ? 0 : 126);
	}
}

static void forks_without_exec_are_ancestors(void **state)
{
	struct probe_fixture *fixture = *state;
	const struct decoded_exec *exec;
	int own_depth, status;
	pid_t first;

	own_depth = (int)count_of(must_find_snapshot(fixture, getpid()));
	first = fork();
	if (first == 0) {
		go_down(5);
		execl("/bin/true", "true", NULL);
		_exit(126);
	}
	assert_int_equal(waitpid(first, &status, 0), first);
	assert_int_equal(status, 0);
	assert_true(probe_fixture_find(fixture, EVENT_RING_VALUABLE, is_below, &first, 2000));
	exec = &fixture->event.exec;
	/* The parent, three more of ours, the first, this process; then its own. */
	assert_int_equal(count_of(exec), 4 + 1 + 1 + own_depth);
	assert_int_equal(exec->ancestors[3].pid, first);
	assert_int_equal(exec->ancestors[4].pid, getpid());
	assert_int_equal(exec->ancestors[5].pid, getppid());
}

/* One of many is deep: 64 are told, and that there are more. */
static void a_line_too_long_is_cut_and_said_so(void **state)
{
	struct probe_fixture *fixture = *state;
	pid_t first = fork();
	int status;

	if (first == 0) {
		go_down(EVENT_ANCESTORS_MAX + 8);
		execl("/bin/true", "true", NULL);
		_exit(126);
	}
	assert_int_equal(waitpid(first, &status, 0), first);
	assert_int_equal(status, 0);
	assert_true(probe_fixture_find(fixture, EVENT_RING_VALUABLE, is_cut, NULL, 2000));
	assert_int_equal(count_of(&fixture->event.exec), EVENT_ANCESTORS_MAX);
}

/* A daemon as of old: its creator ends at once, and somebody else takes it over. */
static void become_orphan(const void *context)
{
	pid_t parent = getpid();
	pid_t child = fork();

	(void)context;
	must(child >= 0, "fork");
	if (child > 0)
		_exit(0);
	must(setsid() > 0, "setsid");
	while (getppid() == parent)
		sched_yield();
}

/* Executes cat in such a daemon. This process takes it over when it is a subreaper. */
static const struct decoded_exec *orphan(struct probe_fixture *fixture,
					 struct process_key *ret_forked)
{
	int input[2], told[2], status;
	pid_t first, daemon;

	assert_int_equal(pipe2(input, O_CLOEXEC), 0);
	assert_int_equal(pipe2(told, O_CLOEXEC), 0);
	first = fork();
	if (first == 0) {
		dup2(input[0], STDIN_FILENO);
		become_orphan(NULL);
		daemon = getpid();
		must(write(told[1], &daemon, sizeof(daemon)) == sizeof(daemon), "write");
		execl("/bin/cat", "cat", NULL);
		_exit(126);
	}
	close(input[0]);
	assert_int_equal(read(told[0], &daemon, sizeof(daemon)), sizeof(daemon));
	assert_int_equal(waitpid(first, &status, 0), first);
	must_find(fixture, EVENT_FORK, daemon);
	*ret_forked = fixture->event.fork.parent;
	assert_int_equal(ret_forked->pid, first);
	must_find_exec(fixture, daemon);
	check_line(&fixture->event.exec, daemon);
	close(told[0]);
	close(told[1]);
	close(input[1]);
	return &fixture->event.exec;
}

static void a_subreaper_takes_over(void **state)
{
	struct process_key forked;

	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(orphan(*state, &forked)->fixed.parent.pid, getpid());
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static void init_takes_over_else(void **state)
{
	struct process_key forked;
	const struct decoded_exec *exec = orphan(*state, &forked);

	assert_int_not_equal(exec->fixed.parent.pid, getpid());
	assert_int_not_equal(exec->fixed.parent.pid, forked.pid);
}

/* --- threads --- */

static void *fork_and_execute(void *context)
{
	pid_t *ret_pid = context;

	*ret_pid = fork();
	if (*ret_pid == 0) {
		execl("/bin/true", "true", NULL);
		_exit(126);
	}
	return NULL;
}

/* real_parent is the thread: its process is told. */
static void the_parent_of_a_thread_s_child_is_the_process(void **state)
{
	pthread_t thread;
	pid_t pid;

	assert_int_equal(pthread_create(&thread, NULL, fork_and_execute, &pid), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(pid > 0);
	must_find_exec(*state, pid);
	assert_int_equal(((struct probe_fixture *)*state)->event.exec.fixed.parent.pid, getpid());
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* --- namespaces --- */

static void the_first_of_a_namespace_is_told_as_such(void **state)
{
	struct probe_fixture *fixture = *state;
	const struct start start = { .path = "/bin/cat", .clone_flags = CLONE_NEWPID };
	const struct event_exec *fixed;
	struct held held = hold(&start);

	must_find(fixture, EVENT_FORK, held.pid);
	assert_int_equal(fixture->event.fork.flags, FORK_NAMESPACE_INIT);
	fixed = &must_find_exec(fixture, held.pid)->fixed;
	assert_true(fixed->flags & EXEC_NAMESPACE_INIT);
	assert_true(fixed->flags & EXEC_ENTERED_PIDNS);
	let_go(&held);

	held = hold(&(struct start){ .path = "/bin/cat" });
	must_find(fixture, EVENT_FORK, held.pid);
	assert_int_equal(fixture->event.fork.flags, 0);
	assert_false(must_find_exec(fixture, held.pid)->fixed.flags & EXEC_NAMESPACE_INIT);
	let_go(&held);
}

static void each_namespace_entered_is_told(void **state)
{
	static const struct {
		int clone;
		uint32_t flag;
	} kinds[] = {
		{ CLONE_NEWCGROUP, EXEC_ENTERED_CGROUPNS }, { CLONE_NEWIPC, EXEC_ENTERED_IPCNS },
		{ CLONE_NEWNS, EXEC_ENTERED_MNTNS },	    { CLONE_NEWNET, EXEC_ENTERED_NETNS },
		{ CLONE_NEWPID, EXEC_ENTERED_PIDNS },	    { CLONE_NEWUSER, EXEC_ENTERED_USERNS },
		{ CLONE_NEWUTS, EXEC_ENTERED_UTSNS },
	};
	const uint32_t all = EXEC_ENTERED_UTSNS * 2 - EXEC_ENTERED_CGROUPNS;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct start start = { .path = "/bin/cat", .clone_flags = kinds[i].clone };
		struct held held = hold(&start);

		assert_int_equal(must_find_exec(*state, held.pid)->fixed.flags & all,
				 kinds[i].flag);
		let_go(&held);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exec_tells_all_ancestors),
		cmocka_unit_test(ancestors_are_told_by_identity),
		cmocka_unit_test(forks_without_exec_are_ancestors),
		cmocka_unit_test(a_line_too_long_is_cut_and_said_so),
		cmocka_unit_test(a_subreaper_takes_over),
		cmocka_unit_test(init_takes_over_else),
		cmocka_unit_test(the_parent_of_a_thread_s_child_is_the_process),
		cmocka_unit_test(the_first_of_a_namespace_is_told_as_such),
		cmocka_unit_test(each_namespace_entered_is_told),
	};

	return cmocka_run_group_tests(tests, process_case_setup, process_case_teardown);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Where a process stands when it executes: namespaces, session, terminal, login, threads; against
 * what /proc/PID says. */
#include "bpf/process_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pty.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define NONE 4294967295u

static void check_namespaces(const struct process_namespaces *namespaces, pid_t pid)
{
	assert_int_equal(namespaces->cgroup, proc_namespace(pid, "cgroup"));
	assert_int_equal(namespaces->ipc, proc_namespace(pid, "ipc"));
	assert_int_equal(namespaces->mnt, proc_namespace(pid, "mnt"));
	assert_int_equal(namespaces->net, proc_namespace(pid, "net"));
	assert_int_equal(namespaces->pid, proc_namespace(pid, "pid"));
	assert_int_equal(namespaces->user, proc_namespace(pid, "user"));
	assert_int_equal(namespaces->uts, proc_namespace(pid, "uts"));
}

/* proc(5), tty_nr: the minor number's low byte, the major number, the rest of the minor number. */
static uint32_t proc_terminal(pid_t pid)
{
	uint32_t number = (uint32_t)proc_stat(pid, 7);

	return (number >> 8 & 0xfff) << 20 | (number >> 12 & 0xfff00) | (number & 0xff);
}

/* Without CONFIG_AUDIT there is no such file, and nobody is ever logged in. */
static uint32_t proc_login(pid_t pid, const char *file)
{
	char path[64];
	unsigned long value = NONE;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	if (access(path, F_OK) == 0)
		assert_int_equal(sscanf(proc_read(pid, file), "%lu", &value), 1);
	return (uint32_t)value;
}

static void check_context(const struct event_exec *fixed, pid_t pid)
{
	check_namespaces(&fixed->namespaces, pid);
	assert_int_equal(fixed->session_pid, proc_stat(pid, 6));
	assert_int_equal(fixed->tty, proc_terminal(pid));
	assert_int_equal(fixed->loginuid, proc_login(pid, "loginuid"));
	assert_int_equal(fixed->audit_session, proc_login(pid, "sessionid"));
	assert_int_equal(fixed->parent.pid, proc_stat(pid, 4));
}

/* Runs it, compares both events with /proc, and leaves what the execve said. */
static struct event_exec run_and_check(struct probe_fixture *fixture, const struct start *start)
{
	struct held held = hold(start);
	struct event_exec fixed = must_find_exec(fixture, held.pid)->fixed;

	check_context(&fixed, held.pid);
	check_context(&must_find_snapshot(fixture, held.pid)->fixed, held.pid);
	assert_int_equal(fixture->event.exec.fixed.namespace_pid, fixed.namespace_pid);
	let_go(&held);
	return fixed;
}

static void a_child_shares_its_parent_s_namespaces(void **state)
{
	struct event_exec fixed = run_and_check(*state, &(struct start){ .path = "/bin/cat" });

	check_namespaces(&fixed.namespaces, getpid());
	assert_int_equal(fixed.session_pid, getsid(0));
	assert_int_equal(fixed.namespace_pid, fixed.process.pid);
}

static void a_container_has_namespaces_of_its_own(void **state)
{
	const int flags = CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNS | CLONE_NEWNET |
			  CLONE_NEWPID | CLONE_NEWUSER | CLONE_NEWUTS;
	struct start start = { .path = "/bin/cat", .clone_flags = flags };
	struct event_exec fixed = run_and_check(*state, &start);

	assert_int_not_equal(fixed.namespaces.cgroup, proc_namespace(getpid(), "cgroup"));
	assert_int_not_equal(fixed.namespaces.ipc, proc_namespace(getpid(), "ipc"));
	assert_int_not_equal(fixed.namespaces.mnt, proc_namespace(getpid(), "mnt"));
	assert_int_not_equal(fixed.namespaces.net, proc_namespace(getpid(), "net"));
	assert_int_not_equal(fixed.namespaces.pid, proc_namespace(getpid(), "pid"));
	assert_int_not_equal(fixed.namespaces.user, proc_namespace(getpid(), "user"));
	assert_int_not_equal(fixed.namespaces.uts, proc_namespace(getpid(), "uts"));
	assert_int_equal(fixed.namespace_pid, 1); /* its first process */
	assert_int_not_equal(fixed.process.pid, 1);
	assert_int_equal(fixed.uid, getuid()); /* as the initial user namespace sees it */
}

static void begin_session(const void *context)
{
	(void)context;
	must(setsid() > 0, "setsid");
}

static void a_session_without_a_terminal(void **state)
{
	struct start start = { .path = "/bin/cat", .prepare = begin_session };
	struct event_exec fixed = run_and_check(*state, &start);

	assert_int_equal(fixed.session_pid, fixed.process.pid);
	assert_int_equal(fixed.tty, 0);
}

static void begin_session_at_terminal(const void *context)
{
	const int *terminal = context;

	begin_session(NULL);
	must(ioctl(*terminal, TIOCSCTTY, 0) == 0, "TIOCSCTTY");
}

static void a_session_at_a_terminal(void **state)
{
	struct start start = { .path = "/bin/cat", .prepare = begin_session_at_terminal };
	struct event_exec fixed;
	int first[2], master, terminal;

	/* The second of two: its minor number is not 0. */
	assert_int_equal(openpty(&first[0], &first[1], NULL, NULL, NULL), 0);
	assert_int_equal(openpty(&master, &terminal, NULL, NULL, NULL), 0);
	start.context = &terminal;
	fixed = run_and_check(*state, &start);
	assert_int_equal(fixed.tty >> 20, 136); /* /dev/pts, Documentation/admin-guide/devices */
	assert_int_not_equal(fixed.tty & 0xfffff, 0);
	close(terminal);
	close(master);
	close(first[0]);
	close(first[1]);
}

static void log_in(const void *context)
{
	const char *uid = context;
	int fd = open("/proc/self/loginuid", O_WRONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT) /* a kernel without audit */
		return;
	must(fd >= 0 && write(fd, uid, strlen(uid)) > 0, "loginuid");
	close(fd);
}

static void who_logged_in_is_told(void **state)
{
	struct start start = { .path = "/bin/cat", .prepare = log_in, .context = "4242" };
	struct event_exec fixed = run_and_check(*state, &start);

	if (access("/proc/self/loginuid", F_OK) == 0) {
		assert_int_equal(fixed.loginuid, 4242);
		assert_int_not_equal(fixed.audit_session, NONE);
	} else {
		assert_int_equal(fixed.loginuid, NONE);
		assert_int_equal(fixed.audit_session, NONE);
	}
}

/* --- threads --- */

static void *execute(void *context)
{
	(void)context;
	execl("/bin/true", "true", NULL);
	must(false, "/bin/true");
	return NULL;
}

static void *linger(void *context)
{
	pause();
	return context;
}

static void execute_from_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, linger, NULL);
	pthread_create(&thread, NULL, execute, NULL);
	pause();
	_exit(126);
}

/* The calling thread takes the leader's place, and its identity with it. */
static void an_execve_from_a_thread_keeps_the_identity(void **state)
{
	struct probe_fixture *fixture = *state;
	struct process_key forked, executed;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		execute_from_thread();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	must_find(fixture, EVENT_FORK, pid);
	forked = fixture->event.fork.process;
	executed = must_find_exec(fixture, pid)->fixed.process;
	assert_true(fixture->event.exec.fixed.flags & EXEC_FROM_THREAD);
	assert_true(executed.start_ns == forked.start_ns);
	assert_int_equal(executed.exec_count, forked.exec_count + 1);
	assert_int_equal(fixture->event.exec.fixed.namespace_pid, pid);
	must_find(fixture, EVENT_EXIT, pid);
	assert_memory_equal(&fixture->event.exit.process, &executed, sizeof(executed));
	assert_int_equal(fixture->event.exit.status, 0);
}

static void an_execve_from_the_leader_is_no_thread_s(void **state)
{
	struct event_exec fixed = run_and_check(*state, &(struct start){ .path = "/bin/cat" });

	assert_int_equal(fixed.flags, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_child_shares_its_parent_s_namespaces),
		cmocka_unit_test(a_container_has_namespaces_of_its_own),
		cmocka_unit_test(a_session_without_a_terminal),
		cmocka_unit_test(a_session_at_a_terminal),
		cmocka_unit_test(who_logged_in_is_told),
		cmocka_unit_test(an_execve_from_a_thread_keeps_the_identity),
		cmocka_unit_test(an_execve_from_the_leader_is_no_thread_s),
	};

	return cmocka_run_group_tests(tests, process_case_setup, process_case_teardown);
}

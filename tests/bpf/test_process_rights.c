/* SPDX-License-Identifier: Apache-2.0 */
/* With which rights a program runs, as the exec event and a later snapshot tell it, against what
 * /proc/PID says of the same process. */
#include "bpf/process_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define NOBODY 65534

/* AT_SECURE of the auxiliary vector: the kernel's own word to the program. */
static bool is_secure(pid_t pid)
{
	Elf64_auxv_t entry;
	const char *at = proc_read(pid, "auxv");

	for (; memcpy(&entry, at, sizeof(entry)), entry.a_type != AT_NULL; at += sizeof(entry))
		if (entry.a_type == AT_SECURE)
			return entry.a_un.a_val != 0;
	fail_msg("no AT_SECURE");
	return false;
}

static void check_rights(const struct event_exec *fixed, pid_t pid)
{
	assert_int_equal(fixed->uid, proc_status(pid, "Uid", 0, 10));
	assert_int_equal(fixed->euid, proc_status(pid, "Uid", 1, 10));
	assert_int_equal(fixed->suid, proc_status(pid, "Uid", 2, 10));
	assert_int_equal(fixed->gid, proc_status(pid, "Gid", 0, 10));
	assert_int_equal(fixed->egid, proc_status(pid, "Gid", 1, 10));
	assert_true(fixed->cap_effective == proc_status(pid, "CapEff", 0, 16));
	assert_true(fixed->cap_permitted == proc_status(pid, "CapPrm", 0, 16));
	assert_true(fixed->cap_ambient == proc_status(pid, "CapAmb", 0, 16));
	assert_int_equal((fixed->flags & EXEC_NO_NEW_PRIVS) != 0,
			 proc_status(pid, "NoNewPrivs", 0, 10));
}

/* Runs it, compares both events with /proc, and leaves what the execve said. */
static struct event_exec run_and_check(struct probe_fixture *fixture, const struct start *start)
{
	struct held held = hold(start);
	struct event_exec fixed = must_find_exec(fixture, held.pid)->fixed;

	check_rights(&fixed, held.pid);
	assert_int_equal((fixed.flags & EXEC_PRIVILEGED) != 0, is_secure(held.pid));
	check_rights(&must_find_snapshot(fixture, held.pid)->fixed, held.pid);
	let_go(&held);
	return fixed;
}

static void become_nobody(const void *context)
{
	(void)context;
	must(setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
		     setresuid(NOBODY, NOBODY, NOBODY) == 0,
	     "become nobody");
}

static void an_ordinary_program_gains_nothing(void **state)
{
	struct start start = { .path = place_program("plain", 0755), .prepare = become_nobody };
	struct event_exec fixed = run_and_check(*state, &start);

	assert_int_equal(fixed.uid, NOBODY);
	assert_int_equal(fixed.suid, NOBODY);
	assert_true(fixed.cap_effective == 0 && fixed.cap_permitted == 0);
	assert_false(fixed.flags & (EXEC_PRIVILEGED | EXEC_NO_NEW_PRIVS));
}

static void a_setuid_program_is_privileged(void **state)
{
	struct start start = { .path = place_program("setuid", 04755), .prepare = become_nobody };
	struct event_exec fixed = run_and_check(*state, &start);

	assert_int_equal(fixed.uid, NOBODY);
	assert_int_equal(fixed.euid, 0);
	assert_int_equal(fixed.suid, 0);
	assert_int_equal(fixed.mode & 07777, 04755);
	assert_true(fixed.cap_effective != 0);
	assert_true(fixed.flags & EXEC_PRIVILEGED);
}

static void a_setgid_program_is_privileged(void **state)
{
	struct start start = { .path = place_program("setgid", 02755), .prepare = become_nobody };
	struct event_exec fixed = run_and_check(*state, &start);

	assert_int_equal(fixed.gid, NOBODY);
	assert_int_equal(fixed.egid, 0);
	assert_true(fixed.flags & EXEC_PRIVILEGED);
}

static void become_nobody_for_good(const void *context)
{
	become_nobody(context);
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "PR_SET_NO_NEW_PRIVS");
}

static void no_new_privileges_are_said_and_kept(void **state)
{
	struct start start = { .path = place_program("setuid", 04755),
			       .prepare = become_nobody_for_good };
	struct event_exec fixed = run_and_check(*state, &start);

	assert_int_equal(fixed.euid, NOBODY);
	assert_true(fixed.flags & EXEC_NO_NEW_PRIVS);
	assert_false(fixed.flags & EXEC_PRIVILEGED);
}

/* Capabilities that the file grants, without "effective": permitted only. */
static void capabilities_of_the_file_are_permitted(void **state)
{
	struct vfs_cap_data granted = { .magic_etc = VFS_CAP_REVISION_2 };
	struct start start = { .path = place_program("filecaps", 0755), .prepare = become_nobody };
	struct event_exec fixed;

	granted.data[0].permitted = 1u << CAP_NET_RAW;
	granted.data[1].permitted = 1u << (CAP_BPF - 32); /* the upper half */
	assert_int_equal(setxattr(start.path, "security.capability", &granted, sizeof(granted), 0),
			 0);
	fixed = run_and_check(*state, &start);
	assert_true(fixed.cap_permitted == (1ull << CAP_NET_RAW | 1ull << CAP_BPF));
	assert_true(fixed.cap_effective == 0);
	assert_true(fixed.flags & EXEC_PRIVILEGED);
}

/* As a container's runtime does it: another user that keeps some capabilities. */
static void become_nobody_with_capabilities(const void *context)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	must(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0, "PR_SET_KEEPCAPS");
	become_nobody(context);
	data[0].permitted = data[0].effective = 1u << CAP_NET_RAW | 1u << CAP_CHOWN;
	data[0].inheritable = 1u << CAP_NET_RAW;
	must(syscall(SYS_capset, &header, data) == 0, "capset");
	must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0) == 0, "ambient");
}

static void ambient_capabilities_are_told(void **state)
{
	struct start start = { .path = place_program("plain", 0755),
			       .prepare = become_nobody_with_capabilities };
	struct event_exec fixed = run_and_check(*state, &start);

	assert_true(fixed.cap_ambient == 1ull << CAP_NET_RAW);
	assert_true(fixed.cap_effective == 1ull << CAP_NET_RAW);
	assert_false(fixed.flags & EXEC_PRIVILEGED);
}

/* After an execve the saved id is the effective one: only a snapshot finds all three differ. */
static void a_snapshot_tells_the_three_ids_apart(void **state)
{
	const struct event_exec *fixed;
	int ready[2], status;
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		must(setresgid(11, 12, 13) == 0 && setresuid(1, 2, 3) == 0, "ids");
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* reset by the change of ids */
		close(ready[1]);
		close(ready[0]);
		pause();
		_exit(126);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 0);
	close(ready[0]);
	fixed = &must_find_snapshot(*state, pid)->fixed;
	check_rights(fixed, pid);
	assert_int_equal(fixed->suid, 3);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ordinary_program_gains_nothing),
		cmocka_unit_test(a_setuid_program_is_privileged),
		cmocka_unit_test(a_setgid_program_is_privileged),
		cmocka_unit_test(no_new_privileges_are_said_and_kept),
		cmocka_unit_test(capabilities_of_the_file_are_permitted),
		cmocka_unit_test(ambient_capabilities_are_told),
		cmocka_unit_test(a_snapshot_tells_the_three_ids_apart),
	};

	return cmocka_run_group_tests(tests, process_case_setup, process_case_teardown);
}

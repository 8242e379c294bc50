/* SPDX-License-Identifier: Apache-2.0 */
/* What serves each probe on this kernel, and what a fallback tells: told by version and lockdown,
 * which the sensor itself does not look at. */
#include "bpf/abi/arena.h"
#include "bpf/flow_case.h"
#include "bpf/kernel_case.h"
#include "bpf/lib/dissect.h"
#include "bpf/process_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct served {
	const char *probe;
	const char *best;
	const char *old; /* on 5.10 */
	const char *locked; /* under lockdown=confidentiality */
} served[] = {
	{ "process-fork", "yagura_fork", "yagura_fork_old", "yagura_fork" },
	{ "process-exec", "yagura_exec", "yagura_exec_old", "yagura_exec_locked" },
	{ "process-exit", "yagura_exit", "yagura_exit_old", "yagura_exit" },
	{ "process-snapshot", "yagura_snapshot", "yagura_snapshot_old", "yagura_snapshot_locked" },
	{ "cgroup-name", "yagura_cgroup_mkdir", "yagura_cgroup_mkdir_old",
	  "yagura_cgroup_mkdir_locked" },
	{ "tcp-life", "yagura_sockops", "yagura_sockops_old", "yagura_sockops" },
	{ "tcp-release", "yagura_release", "yagura_release_old", "yagura_release" },
	{ "tcp-reset", "yagura_reset", "yagura_sockops_old", "yagura_reset" },
	{ "tcp-end", "yagura_destroy", "yagura_sockops_old", "yagura_destroy" },
	{ "tcp-sweep", "yagura_sweep", "yagura_sweep_old", "yagura_sweep" },
	/* With first bytes: no supported kernel refuses them. */
	{ "datagram-in", "yagura_datagram_in", "yagura_datagram_in_old", "yagura_datagram_in" },
	{ "datagram-out", "yagura_datagram_out", "yagura_datagram_out_old", "yagura_datagram_out" },
};

static struct probe_fixture *shared;

static void is_served_by_the_right_program(void **state)
{
	const struct served *row = *state;
	const char *want = is_old_kernel() ? row->old : is_confidential() ? row->locked : row->best;
	struct keeper_probes probes;
	uint32_t i = 0;

	loader_probes(shared->loader, &probes);
	while (i < probes.count && strcmp(probes.probe[i].name, row->probe) != 0)
		i++;
	assert_true(i < probes.count);
	assert_int_equal(probes.probe[i].state, KEEPER_PROBE_ATTACHED);
	assert_string_equal(probes.probe[i].program, want);
	/* Whoever asks learns what the best program lacks here. */
	assert_int_equal(strncmp(probes.probe[i].reason, "no ", 3) == 0, want != row->best);
}

/* A connection that is ended before anybody accepts it was used by nobody. */
static void nobody_accepts(void **state)
{
	int listener = listening(AF_INET);
	in_port_t port = local_port(listener);
	int client = connected(AF_INET, port);
	const struct event_flow *flow;

	(void)state;
	assert_int_equal(poll(&(struct pollfd){ .fd = listener, .events = POLLIN }, 1, 5000), 1);
	probe_fixture_drain(shared);
	close(listener);
	close(client);
	flow = flow_must_come(shared, (struct wanted_flow){ FLOW_INGRESS, port, 0 });
	assert_int_equal(flow->listener.pid, getpid());
	assert_int_equal(flow->owner_quality, reads_are_seen() ? OWNER_INHERITED : OWNER_UNKNOWN);
	assert_int_equal(flow->owner.pid, reads_are_seen() ? getpid() : 0);
}

/* What is told of the execution of `path` with one argument. */
static const struct decoded_exec *execution_of(const char *path)
{
	pid_t pid;

	probe_fixture_drain(shared);
	pid = fork();
	if (pid == 0) {
		execl(path, "true", "argument", NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	return must_find_exec(shared, pid);
}

/* Lockdown hides argv, environment and what a mount lies on, and the record says so; the rest is
 * there. */
static void an_execution_says_what_is_hidden(void **state)
{
	const struct decoded_exec *exec = execution_of("/bin/true");
	const uint32_t hidden =
		is_confidential() ? EXEC_ARGS_UNREADABLE | EXEC_ENVIRONMENT_UNKNOWN : 0;
	char real[4096];

	(void)state;
	assert_non_null(realpath("/bin/true", real));
	assert_string_equal(exec->path, probe_fixture_path(shared, real));
	assert_int_equal(exec->fixed.flags, hidden);
	assert_int_equal(exec->args.length, hidden ? 0 : sizeof("true\0argument"));
	assert_int_equal(exec->fixed.args_total_bytes, sizeof("true\0argument"));
	assert_int_equal(exec->fixed.uid, getuid());
	assert_int_equal(exec->fixed.parent.pid, getpid());
	assert_string_equal(exec->fixed.comm, "true");
}

static void a_path_in_another_mount_says_it_is_cut(void **state)
{
	char directory[] = "/tmp/yagura-mount-XXXXXX", command[256], path[64];
	const struct decoded_exec *exec;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/a/true", directory);
	snprintf(command, sizeof(command),
		 "mount -t tmpfs none %s && mkdir %s/a && cp /bin/true %s", directory, directory,
		 path);
	assert_int_equal(system(command), 0);
	exec = execution_of(path);
	snprintf(command, sizeof(command), "umount %s && rmdir %s", directory, directory);
	assert_int_equal(system(command), 0);
	assert_int_equal((exec->fixed.flags & EXEC_PATH_TRUNCATED) != 0, is_confidential());
	assert_string_equal(exec->path,
			    is_confidential() ? "a/true" : probe_fixture_path(shared, path));
}

#define PROBES (sizeof(served) / sizeof(*served))

int main(void)
{
	struct CMUnitTest tests[PROBES + 3];
	void *fixture = NULL;
	int failed;

	for (size_t i = 0; i < PROBES; i++)
		tests[i] = (struct CMUnitTest){ served[i].probe, is_served_by_the_right_program,
						NULL, NULL, &served[i] };
	tests[PROBES] = (struct CMUnitTest)cmocka_unit_test(nobody_accepts);
	tests[PROBES + 1] = (struct CMUnitTest)cmocka_unit_test(an_execution_says_what_is_hidden);
	tests[PROBES + 2] =
		(struct CMUnitTest)cmocka_unit_test(a_path_in_another_mount_says_it_is_cut);
	/* As the sensor loads them unless told otherwise: what is left out is verified by nobody.
	 */
	probe_fixture_options.looks_at_tcp = PROBE_LOOK_SYN | PROBE_LOOK_LENGTHS | PROBE_LOOK_BYTES;
	probe_fixture_options.first_bytes = DISSECT_ALL;
	probe_fixture_options.arena_bytes = 512 * ARENA_SLOT_BYTES;
	if (probe_fixture_setup(&fixture) < 0)
		return 1;
	shared = fixture;
	failed = _cmocka_run_group_tests("fallbacks", tests, PROBES + 3, NULL, NULL);
	probe_fixture_teardown(&fixture);
	return failed;
}

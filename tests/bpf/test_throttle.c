/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control groups over their budget: what is left out is counted to the last one, told with a
 * beginning and an end, and hides neither half a process nor what must be seen.
 */
#include "bpf/flow_case.h"
#include "bpf/group_case.h"
#include "bpf/kernel_case.h"

#include "common/clock.h"
#include "sensor/keeper/probe_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN 200
#define PER_S 1 /* a storm on the slowest of hosts is over it */
#define BURST 45
#define CONNECTIONS 60
#define REPEATS 10
#define PATIENCE_NS (60 * NS_PER_S)

static struct probe_fixture *fixture;
static struct group group;

/* What came of the group's processes and flows, and what was told to be left out. */
struct census {
	uint32_t parent; /* whose children count */
	uint32_t forks, execs, exits, flows;
	uint32_t untold_forks, untold_execs, untold_exits, untold_flows;
	uint32_t started, stopped;
	uint32_t specials; /* execs of the program that may be exempt */
	uint32_t half_lives; /* exits of processes whose fork was not told */
	bool told[1 << 22]; /* by pid: its fork was */
};

static void count_throttle(struct census *census, const struct event_throttle *event)
{
	if (event->cgroup_id != group.id)
		return;
	census->untold_forks += (uint32_t)event->forks;
	census->untold_execs += (uint32_t)event->execs;
	census->untold_exits += (uint32_t)event->exits;
	census->untold_flows += (uint32_t)event->flows;
	census->started += event->state == THROTTLE_STARTED;
	census->stopped += event->state == THROTTLE_STOPPED;
	assert_true(event->first_ns > 0 || event->forks + event->execs + event->exits == 0);
}

/* Never satisfied but by the end of the throttling, so that it sees all. */
static bool count_event(const struct decoded_event *event, const void *context)
{
	struct census *census = (struct census *)(uintptr_t)context;
	bool is_child;

	if (event->kind == EVENT_THROTTLE)
		count_throttle(census, &event->throttle);
	else if (event->kind == EVENT_FORK && event->fork.parent.pid == census->parent) {
		census->forks++;
		census->told[event->fork.process.pid] = true;
	} else if (event->kind == EVENT_EXEC && event->exec.fixed.parent.pid == census->parent) {
		census->execs++;
		census->specials += strcmp(event->exec.fixed.comm, "special") == 0;
	} else if (event->kind == EVENT_EXIT && event->exit.process.pid != census->parent) {
		is_child = census->told[event->exit.process.pid];
		census->exits += is_child;
		census->half_lives += !is_child && strncmp(event->exit.comm, "throttled", 9) == 0;
	}
	return census->started > 0 && census->stopped == census->started;
}

static bool count_flow(const struct decoded_event *event, const void *context)
{
	struct census *census = (struct census *)(uintptr_t)context;

	if (event->kind == EVENT_FLOW && event->flow.direction == FLOW_EGRESS &&
	    event->flow.owner.pid == census->parent)
		census->flows++;
	return false;
}

/* Reads while the keeper's part is played, until the group is within its budget again. */
static void take_census(struct census *census)
{
	uint64_t deadline_ns = clock_boottime_ns() + PATIENCE_NS;
	bool over = false;

	while (!over && clock_boottime_ns() < deadline_ns) {
		assert_int_equal(loader_iterate(fixture->loader, PROBE_THROTTLE), 0);
		over = probe_fixture_find(fixture, EVENT_RING_VALUABLE, count_event, census, 200);
	}
	assert_true(over);
	probe_fixture_find(fixture, EVENT_RING_BULK, count_flow, census, 1);
}

static void budget(uint32_t per_s, uint32_t burst, uint32_t flows_per_s, uint32_t flow_burst)
{
	policy_set(fixture, (struct policy){ .process_events_per_s = per_s,
					     .process_burst = burst,
					     .flows_per_s = flows_per_s,
					     .flow_burst = flow_burst });
}

/* A program of its own name, in a place of its own. */
static void copy_true(const char *path, mode_t mode)
{
	char command[256];

	snprintf(command, sizeof(command), "cp /bin/true %s && chmod %o %s", path, mode, path);
	assert_int_equal(system(command), 0);
}

static void run(const char *path, uid_t uid)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (uid && setuid(uid) < 0)
			_exit(98);
		execl(path, "throttled", NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

static pid_t storm(const char *path)
{
	pid_t pid = group_fork(&group);

	if (pid == 0) {
		for (int i = 0; i < CHILDREN; i++)
			run(path, 0);
		_exit(0);
	}
	return pid;
}

/* Told and left out make up all, class for class; what is told is whole. */
static void a_storm_is_counted_to_the_last(void **state)
{
	char directory[] = "/tmp/yagura-storm-XXXXXX";
	char path[64];
	struct census *census = calloc(1, sizeof(*census));
	struct counters before, after;
	uint64_t began_ns, took_ns;
	int status;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/throttled", directory); /* what its comm will be */
	copy_true(path, 0755);
	budget(PER_S, BURST, 0, 1);
	probe_fixture_drain(fixture);
	loader_counters(fixture->loader, &before);
	began_ns = clock_boottime_ns();
	census->parent = (uint32_t)storm(path);
	assert_int_equal(waitpid((pid_t)census->parent, &status, 0), census->parent);
	assert_int_equal(status, 0);
	took_ns = clock_boottime_ns() - began_ns;
	take_census(census);
	loader_counters(fixture->loader, &after);
	assert_int_equal(census->forks + census->untold_forks, CHILDREN);
	assert_int_equal(census->execs + census->untold_execs, CHILDREN);
	assert_int_equal(census->exits + census->untold_exits, CHILDREN);
	assert_int_equal(census->half_lives, 0);
	assert_int_equal(census->execs, census->forks);
	/* Three events a life, over all CPUs together; the burst may be used twice by execs. */
	assert_in_range(census->forks, BURST / 3,
			2 * BURST / 3 + took_ns * PER_S / (3 * NS_PER_S) + 2);
	assert_int_equal(census->started, 1);
	assert_true(after.value[COUNTER_THROTTLED_EXEC] - before.value[COUNTER_THROTTLED_EXEC] >=
		    census->untold_execs);
	unlink(path);
	rmdir(directory);
	free(census);
}

/* Once a second the bucket has one for somebody: what is left out of it may have to be run more
 * than once until it is. */
static void expect_told(const char *path, uid_t uid, bool is_told)
{
	const int times = is_told ? 1 : REPEATS;
	struct census *census = calloc(1, sizeof(*census));
	pid_t pid = group_fork(&group);

	if (pid == 0) {
		for (int i = 0; i < CHILDREN / 4; i++) /* the bucket is empty now */
			run("/bin/true", 0);
		for (int i = 0; i < times; i++)
			run(path, uid);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	census->parent = (uint32_t)pid;
	take_census(census);
	assert_true(census->untold_execs > 0);
	if (is_told ? census->specials != 1 : census->specials == REPEATS)
		fail_msg("%s by user %u was told %u times", path, uid, census->specials);
	free(census);
}

static void what_must_be_seen_is_told(void **state)
{
	char directory[] = "/tmp/yagura-throttle-XXXXXX";
	char path[64];

	(void)state;
	assert_non_null(mkdtemp(directory));
	assert_int_equal(chmod(directory, 0755), 0);
	snprintf(path, sizeof(path), "%s/special", directory);
	copy_true(path, 0755);
	budget(1, 2, 0, 1); /* /bin/true may be new, too */
	expect_told(path, 0, true); /* a binary not seen in this group */
	expect_told(path, 0, false); /* but now it was: left out as any other */
	copy_true(path, 04755);
	expect_told(path, 65534, true); /* it raises its privileges */
	unlink(path);
	rmdir(directory);
}

static void flows_are_counted_too(void **state)
{
	struct census *census = calloc(1, sizeof(*census));
	int listener = listening(AF_INET);
	uint64_t began_ns, took_ns;
	pid_t pid;

	(void)state;
	budget(0, 1, PER_S, 10);
	probe_fixture_drain(fixture);
	began_ns = clock_boottime_ns();
	pid = group_fork(&group);
	if (pid == 0) {
		for (int i = 0; i < CONNECTIONS; i++)
			close(connected(AF_INET, local_port(listener)));
		_exit(0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	took_ns = clock_boottime_ns() - began_ns;
	close(listener);
	census->parent = (uint32_t)pid;
	take_census(census);
	assert_int_equal(census->flows + census->untold_flows, CONNECTIONS);
	assert_true(census->untold_flows > 0);
	assert_in_range(census->flows, 10, 10 + took_ns * PER_S / NS_PER_S + 1);
	free(census);
}

static bool is_listed(const struct decoded_event *event, const void *context)
{
	return event->kind == EVENT_SNAPSHOT &&
	       event->exec.fixed.process.pid == (uint32_t) * (const pid_t *)context;
}

static bool has_exited(const struct decoded_event *event, const void *context)
{
	return event->kind == EVENT_EXIT &&
	       event->exit.process.pid == (uint32_t) * (const pid_t *)context;
}

/* One that was left out and still lives is told by a snapshot, and then its end is, too. */
static void a_snapshot_heals(void **state)
{
	int report[2];
	pid_t pid, lasting;

	(void)state;
	budget(1, 1, 0, 1);
	assert_int_equal(pipe2(report, O_CLOEXEC), 0);
	pid = group_fork(&group);
	if (pid == 0) {
		for (int i = 0; i < 10; i++)
			run("/bin/true", 0);
		lasting = fork();
		if (lasting == 0) {
			pause();
			_exit(0);
		}
		(void)!write(report[1], &lasting, sizeof(lasting));
		_exit(0);
	}
	assert_int_equal(read(report[0], &lasting, sizeof(lasting)), sizeof(lasting));
	waitpid(pid, NULL, 0);
	probe_fixture_drain(fixture);
	assert_int_equal(loader_iterate(fixture->loader, PROBE_PROCESS_SNAPSHOT), 0);
	assert_true(probe_fixture_find(fixture, EVENT_RING_VALUABLE, is_listed, &lasting, 2000));
	kill(lasting, SIGKILL);
	assert_true(probe_fixture_find(fixture, EVENT_RING_VALUABLE, has_exited, &lasting, 2000));
	close(report[0]);
	close(report[1]);
}

static int set_up(void **state)
{
	int r = probe_fixture_setup(state);

	fixture = *state;
	if (r == 0)
		group_make(&group, "throttle");
	return r;
}

static int tear_down(void **state)
{
	group_remove(&group);
	*state = fixture;
	return probe_fixture_teardown(state);
}

/* Without compare-and-swap there are no buckets: nothing is left out, and the probe is missing. */
static void old_kernels_do_not_throttle(void **state)
{
	(void)state;
	assert_int_equal(loader_iterate(fixture->loader, PROBE_THROTTLE), -EOPNOTSUPP);
}

int main(void)
{
	const struct CMUnitTest tests_of_old[] = {
		cmocka_unit_test(old_kernels_do_not_throttle),
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_storm_is_counted_to_the_last),
		cmocka_unit_test(what_must_be_seen_is_told),
		cmocka_unit_test(flows_are_counted_too),
		cmocka_unit_test(a_snapshot_heals),
	};

	if (!budgets_count())
		return cmocka_run_group_tests(tests_of_old, set_up, tear_down);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}

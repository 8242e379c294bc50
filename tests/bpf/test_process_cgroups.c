/* SPDX-License-Identifier: Apache-2.0 */
/* Names of control groups: told when they are made, and again by a snapshot. */
#include "bpf/process_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_BYTES 64

static char group[NAME_BYTES]; /* of all this test makes */

/* The unified hierarchy at place/unified: where the host has it, if anywhere, is no matter. */
static int set_up(void **state)
{
	snprintf(group, sizeof(group), "yagura-probes-%d", getpid());
	if (process_case_setup(state) < 0 || mkdir(at_place("unified"), 0755) < 0 ||
	    mount("none", at_place("unified"), "cgroup2", 0, NULL) < 0) {
		perror("cgroup2");
		return -1;
	}
	return 0;
}

/* Below place/unified, or where `hierarchy` says. */
static const char *group_path(const char *hierarchy, const char *below)
{
	char name[PATH_MAX];

	snprintf(name, sizeof(name), "%s/%s%s", hierarchy, group, below);
	return at_place(name);
}

static uint64_t make_group(const char *path)
{
	struct stat facts;

	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(stat(path, &facts), 0);
	return facts.st_ino; /* is the id, for cgroup2 */
}

static void remove_group(const char *path)
{
	/* Until the last of its processes is gone altogether, which is a moment after its end. */
	for (int i = 0; rmdir(path) < 0; i++) {
		assert_int_equal(errno, EBUSY);
		assert_true(i < 1000);
		usleep(1000);
	}
}

static bool is_cgroup(const struct decoded_event *event, const void *context)
{
	const uint64_t *id = context;

	return event->kind == EVENT_CGROUP && event->cgroup.id == *id;
}

static const struct decoded_cgroup *must_find_cgroup(struct probe_fixture *fixture, uint64_t id)
{
	assert_true(probe_fixture_find(fixture, EVENT_RING_VALUABLE, is_cgroup, &id, 2000));
	return &fixture->event.cgroup;
}

static void a_group_is_told_when_it_is_made(void **state)
{
	char want[2 * NAME_BYTES];
	uint64_t outer = make_group(group_path("unified", ""));
	uint64_t inner = make_group(group_path("unified", "/in ner"));

	snprintf(want, sizeof(want), "/%s", group);
	assert_string_equal(must_find_cgroup(*state, outer)->path, want);
	snprintf(want, sizeof(want), "/%s/in ner", group);
	assert_string_equal(must_find_cgroup(*state, inner)->path, want);
	remove_group(group_path("unified", "/in ner"));
	remove_group(group_path("unified", ""));
}

static void join(const void *context)
{
	int fd = open(context, O_WRONLY | O_CLOEXEC);

	must(fd >= 0 && write(fd, "0", 1) == 1, context);
	close(fd);
}

/* Its own event is forgotten first: only the snapshot can tell. */
static void a_snapshot_tells_the_groups_of_processes(void **state)
{
	struct probe_fixture *fixture = *state;
	uint64_t id = make_group(group_path("unified", ""));
	struct start start = { .path = "/bin/cat",
			       .prepare = join,
			       .context = group_path("unified", "/cgroup.procs") };
	struct held held = hold(&start);
	char want[2 * NAME_BYTES];

	assert_true(must_find_exec(fixture, held.pid)->fixed.cgroup_id == id);
	probe_fixture_drain(fixture);
	assert_int_equal(loader_iterate(fixture->loader, "process-snapshot"), 0);
	snprintf(want, sizeof(want), "/%s", group);
	assert_string_equal(must_find_cgroup(fixture, id)->path, want);
	must_find(fixture, EVENT_SNAPSHOT, held.pid); /* after its group's name */
	assert_true(fixture->event.exec.fixed.cgroup_id == id);
	let_go(&held);
	remove_group(group_path("unified", ""));
}

static void a_snapshot_tells_our_own_group(void **state)
{
	struct probe_fixture *fixture = *state;
	struct held held = hold(&(struct start){ .path = "/bin/cat" });
	uint64_t id = must_find_exec(fixture, held.pid)->fixed.cgroup_id;
	const char *line = strstr(proc_read(held.pid, "cgroup"), "0::");
	char want[PATH_MAX];

	assert_non_null(line);
	snprintf(want, sizeof(want), "%.*s", (int)strcspn(line + 3, "\n"), line + 3);
	probe_fixture_drain(fixture);
	assert_int_equal(loader_iterate(fixture->loader, "process-snapshot"), 0);
	assert_string_equal(must_find_cgroup(fixture, id)->path, want);
	let_go(&held);
}

struct wanted_name {
	const char *name;
	int seen; /* how many groups were told whose path ends in it */
};

static bool count_name(const struct decoded_event *event, const void *context)
{
	struct wanted_name *wanted = (struct wanted_name *)(uintptr_t)context;
	size_t length = strlen(wanted->name);

	if (event->kind == EVENT_CGROUP && event->cgroup.path_length > length &&
	    strcmp(event->cgroup.path + event->cgroup.path_length - length, wanted->name) == 0)
		wanted->seen++;
	return false;
}

/* Ids of the old hierarchies are counted apart and mean other groups. A kernel without them has
 * none to tell. */
static void groups_of_old_hierarchies_are_not_told(void **state)
{
	struct wanted_name wanted = { group, 0 };
	char options[2 * NAME_BYTES];

	assert_int_equal(mkdir(at_place("old"), 0755), 0);
	snprintf(options, sizeof(options), "none,name=%s", group);
	if (mount("none", at_place("old"), "cgroup", 0, options) == 0) {
		make_group(group_path("old", ""));
		remove_group(group_path("old", ""));
		umount(at_place("old"));
	}
	probe_fixture_find(*state, EVENT_RING_VALUABLE, count_name, &wanted, 50);
	assert_int_equal(wanted.seen, 0);
	make_group(group_path("unified", "")); /* one that is told, under the same name */
	remove_group(group_path("unified", ""));
	probe_fixture_find(*state, EVENT_RING_VALUABLE, count_name, &wanted, 50);
	assert_int_equal(wanted.seen, 1);
}

/* Makes groups in groups, `levels` deep, each called `name`; ret_path is the deepest. */
static uint64_t make_nested(const char *name, int levels, char *ret_path)
{
	uint64_t id = make_group(group_path("unified", ""));

	strcpy(ret_path, group_path("unified", ""));
	for (int i = 0; i < levels; i++) {
		strcat(ret_path, "/");
		strcat(ret_path, name);
		id = make_group(ret_path);
	}
	return id;
}

static void remove_nested(char *path)
{
	const char *top = group_path("unified", "");

	while (strcmp(path, top) != 0) {
		remove_group(path);
		*strrchr(path, '/') = '\0';
	}
	remove_group(path);
}

static void a_group_too_deep_is_cut_and_said_so(void **state)
{
	char path[PATH_MAX];
	uint64_t id = make_nested("d", 40, path);
	const struct decoded_cgroup *cgroup = must_find_cgroup(*state, id);

	assert_memory_equal(cgroup->path, "d/d/", 4); /* no slash: not the whole path */
	assert_int_equal(cgroup->path_length, 2 * 32 - 1);
	remove_nested(path);
}

static void a_name_too_long_is_cut_and_said_so(void **state)
{
	char path[PATH_MAX], name[201] = "";
	const struct decoded_cgroup *cgroup;
	uint64_t id;

	memset(name, 'n', sizeof(name) - 1);
	id = make_nested(name, 6, path);
	cgroup = must_find_cgroup(*state, id);
	assert_int_equal(cgroup->path[0], 'n');
	assert_in_range(cgroup->path_length, EVENT_CGROUP_BYTES_MAX - 2 * 256,
			EVENT_CGROUP_BYTES_MAX);
	remove_nested(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_group_is_told_when_it_is_made),
		cmocka_unit_test(a_snapshot_tells_the_groups_of_processes),
		cmocka_unit_test(a_snapshot_tells_our_own_group),
		cmocka_unit_test(groups_of_old_hierarchies_are_not_told),
		cmocka_unit_test(a_group_too_deep_is_cut_and_said_so),
		cmocka_unit_test(a_name_too_long_is_cut_and_said_so),
	};

	return cmocka_run_group_tests(tests, set_up, process_case_teardown);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Executions and exits; flows have test_record_flow.c. */
#include "support/record_case.h"

#define EXEC_FLAGS                                                                                 \
	(EXEC_ARGS_TRUNCATED | EXEC_DELETED | EXEC_MEMFD | EXEC_UPPER_LAYER | EXEC_PRIVILEGED |    \
	 EXEC_NO_NEW_PRIVS | EXEC_FROM_THREAD | EXEC_LD_AUDIT)

static const struct process_key ls = { 3, 30, 4 };

static struct decoded_exec *example_exec(void)
{
	static struct decoded_exec exec = {
		.path = "/bin/ls", .path_length = 7, .cwd = "/tmp", .cwd_length = 4
	};

	exec.fixed = build_exec(ls, curl, 500);
	exec.fixed.ancestor_count = 2;
	exec.ancestors[0] = shell;
	exec.ancestors[1] = stranger;
	exec.fixed.flags = EXEC_FLAGS;
	exec.script = (struct text){ "./run.sh", 8 };
	exec.args = (struct text){ "ls\0-l", 6 };
	return &exec;
}

static const struct record_process ls_ancestors[] = {
	{ .key = { 1000, 10, 1 }, .uid = 5, .gid = 6, .executable = { "/bin/sh", 7 } },
	{ .key = { 9, 9, 9 }, .uid = UINT32_MAX, .gid = UINT32_MAX },
};

static const struct record ls_record = {
	.class = RECORD_EXEC,
	.exec = {
		.time_ns = EPOCH + 500,
		.process = { .key = { 3, 30, 4 },
			     .uid = 1000,
			     .gid = 1001,
			     .executable = { "/bin/ls", 7 },
			     .args = { "ls\0-l", 6 },
			     .args_truncated = true },
		.parent = { .key = { 2000, 20, 2 },
			    .uid = 1000,
			    .gid = 1001,
			    .executable = { "/bin/curl", 9 },
			    .args = { "curl\0-s", 8 },
			    .args_truncated = true },
		.creator = { .key = { 1000, 10, 1 },
			     .uid = 5,
			     .gid = 6,
			     .executable = { "/bin/sh", 7 } },
		.ancestors = ls_ancestors,
		.ancestor_count = 2,
		.facts = FACT_LD_AUDIT,
		.former_euid = 1002 - 1,
		.file = { .inode = 4, .bytes = 5, .ctime_ns = 7, .mtime_ns = 8,
			  .device_major = 9, .device_minor = 10, .nlink = 11,
			  .mode = 0100755, .deleted = true, .memfd = true,
			  .upper_layer = true },
		.namespaces = { 16, 17, 18, 19, 20, 21, 22 },
		.cwd = { "/tmp", 4 },
		.script = { "./run.sh", 8 },
		.cgroup = { "/a.slice", 8 },
		.cgroup_id = 77,
		.cap_effective = 1ull << 40 | 1,
		.cap_permitted = 1ull << 40 | 2,
		.cap_ambient = 3,
		.euid = 1002,
		.egid = 1003,
		.suid = 1004,
		.loginuid = 1005,
		.audit_session = 12,
		.tty_major = 136,
		.tty_minor = 13,
		.session_pid = 14,
		.namespace_pid = 15,
		.args_total_bytes = 6,
		.privileged = true,
		.no_new_privs = true,
		.from_thread = true,
	},
};

/* The shell forks, its child runs as another user, is taken over by curl, and executes ls. */
static void become_ls(const struct record_sources *sources, const struct decoded_exec *exec,
		      struct record *ret_record)
{
	struct process_table *table = (struct process_table *)sources->processes;
	struct process_key before = { ls.start_ns, ls.pid, ls.exec_count - 1 };
	struct event_fork fork = build_fork(before, shell, 300);
	struct event_exec first = build_exec(before, shell, 400);
	struct text none = { 0 };

	first.euid--;
	assert_int_equal(process_table_fork(table, &fork), 0);
	assert_int_equal(process_table_exec(table, &first, NULL, none, none), 0);
	assert_int_equal(process_table_exec(table, &exec->fixed, exec->ancestors, none, none), 0);
	record_from_exec(sources, exec, ret_record);
}

/* Compared as a whole: what is not said here must be 0, and nothing is. */
static void an_exec_has_every_field(void **state)
{
	const struct record full = full_record(RECORD_EXEC, FULL_DISTINCT);
	const struct decoded_exec *exec = example_exec();
	struct record record;

	become_ls(*state, exec, &record);
	assert_same_record(&record, &ls_record);
	/* All but what files hold, what it is called and what of it may leave: no event tells. */
	record.exec.file.hash = full.exec.file.hash;
	record.exec.script_hash = full.exec.script_hash;
	record.exec.first_seen = true;
	record.exec.px1 = full.exec.px1;
	record.exec.args_redacted = 1;
	record.exec.args_shape = true;
	record.exec.args_gave_up = true;
	assert_null(full_record_lacks(&record));
}

static void each_flag_of_an_exec_is_its_own(void **state)
{
	struct decoded_exec *exec = example_exec();
	struct record record;

	for (size_t i = 0; i < 3; i++) {
		static const __u32 flags[] = { EXEC_DELETED, EXEC_MEMFD, EXEC_UPPER_LAYER };

		exec->fixed.flags = flags[i];
		record_from_exec(*state, exec, &record);
		assert_int_equal(record.exec.file.deleted, i == 0);
		assert_int_equal(record.exec.file.memfd, i == 1);
		assert_int_equal(record.exec.file.upper_layer, i == 2);
		assert_false(record.exec.privileged);
	}
	for (size_t i = 0; i < 3; i++) {
		static const __u32 flags[] = { EXEC_PRIVILEGED, EXEC_NO_NEW_PRIVS,
					       EXEC_FROM_THREAD };

		exec->fixed.flags = flags[i];
		record_from_exec(*state, exec, &record);
		assert_int_equal(record.exec.privileged, i == 0);
		assert_int_equal(record.exec.no_new_privs, i == 1);
		assert_int_equal(record.exec.from_thread, i == 2);
		assert_false(record.exec.process.args_truncated);
	}
}

static void a_group_without_name_keeps_its_id(void **state)
{
	const struct record_sources *sources = *state;
	struct decoded_exec *exec = example_exec();
	struct record record;

	exec->fixed.cgroup_id = 79;
	record_from_exec(sources, exec, &record);
	assert_int_equal(record.exec.cgroup_id, 79);
	assert_int_equal(record.exec.cgroup.length, 0);
	assert_true(cgroup_names_ask(sources->cgroups));
}

static void an_exec_without_known_parent_keeps_its_key(void **state)
{
	static struct decoded_exec exec;
	struct record record;

	exec.fixed = build_exec(curl, stranger, 500);
	exec.fixed.flags = EXEC_ARGS_TRUNCATED;
	record_from_exec(*state, &exec, &record);
	assert_only_key(&record.exec.parent, &stranger);
	assert_false(record.exec.file.deleted);
	assert_true(record.exec.process.args_truncated);
}

static void an_exit_names_its_process(void **state)
{
	struct event_exit event = build_exit(curl, 700);
	struct record record;

	record_from_exit(*state, &event, &record);
	assert_int_equal(record.class, RECORD_EXIT);
	assert_int_equal(record.exit.time_ns, EPOCH + 700);
	assert_int_equal(record.exit.status, 3 << 8);
	assert_int_equal(record.exit.run_ns, 0); /* never negative */
	assert_curl(&record.exit.process);

	event.header.time_ns = 5000;
	record_from_exit(*state, &event, &record);
	assert_int_equal(record.exit.run_ns, 3000);

	event.process = stranger;
	event.uid = 12;
	record_from_exit(*state, &event, &record);
	assert_key(&record.exit.process.key, &stranger);
	assert_int_equal(record.exit.process.uid, 12);
	assert_int_equal(record.exit.process.gid, UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RECORD_TEST(an_exec_has_every_field),
		RECORD_TEST(each_flag_of_an_exec_is_its_own),
		RECORD_TEST(a_group_without_name_keeps_its_id),
		RECORD_TEST(an_exec_without_known_parent_keeps_its_key),
		RECORD_TEST(an_exit_names_its_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

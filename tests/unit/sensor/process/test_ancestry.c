/* SPDX-License-Identifier: Apache-2.0 */
/* Whose child a process is: over forks, execs, ends, takings-over, and pids that come again. */
#include "sensor/process/ancestry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/event_build.h"

#define CHAIN_MAX 8

static const struct process_key nobody = { 0, 0, 0 };
static const struct process_key init = { 1, 1, 1 };
static const struct process_key daemon_ = { 10, 100, 1 };
static const struct process_key shell = { 20, 200, 2 };

static struct process_table *table_new(void)
{
	return process_table_new(
		&(struct process_table_options){ .exited_max = 20, .live_max = 20 });
}

static void tell_fork(struct process_table *table, struct process_key process,
		      struct process_key parent)
{
	struct event_fork event = build_fork(process, parent, process.start_ns);

	assert_int_equal(process_table_fork(table, &event), 0);
}

static void tell_exit(struct process_table *table, struct process_key process)
{
	struct event_exit event = build_exit(process, 1000);

	assert_int_equal(process_table_exit(table, &event), 0);
}

/* `line` is the process, its parent and so on; ends before a key of zeros. */
static void tell(struct process_table *table, const char *path, uint32_t flags,
		 const struct process_key *line)
{
	struct event_exec event = build_exec(line[0], line[1], 900);
	struct text executable = { path, strlen(path) };

	event.flags = flags;
	while (line[1].pid != 0 && line[2 + event.ancestor_count].pid != 0)
		event.ancestor_count++;
	if (flags & EXEC_ARGS_UNREADABLE)
		assert_int_equal(process_table_snapshot(table, &event, line + 2, executable,
							(struct text){ 0 }),
				 0);
	else
		assert_int_equal(
			process_table_exec(table, &event, line + 2, executable, (struct text){ 0 }),
			0);
}

#define LINE(...) ((const struct process_key[]){ __VA_ARGS__, { 0 }, { 0 } })
#define SNAPSHOT EXEC_ARGS_UNREADABLE

static int set_up(void **state)
{
	struct process_table *table = table_new();

	tell(table, "/sbin/init", SNAPSHOT | EXEC_NAMESPACE_INIT, LINE(init));
	tell(table, "/usr/sbin/sshd", SNAPSHOT, LINE(daemon_, init));
	tell(table, "/bin/bash", SNAPSHOT, LINE(shell, daemon_, init));
	*state = table;
	return 0;
}

static int tear_down(void **state)
{
	process_table_free(*state);
	return 0;
}

/* "bash sshd init", nearest first; "?" is one that is not known, "-" a kernel thread. */
static void expect_chain(const struct process_table *table, struct process_key key,
			 const char *want)
{
	struct process_ancestor chain[CHAIN_MAX];
	size_t count = process_chain(table, &key, chain, CHAIN_MAX);
	char got[256] = "";

	for (size_t i = 0; i < count; i++) {
		struct text path = chain[i].executable;
		const char *slash = path.length ? memrchr(path.at, '/', path.length) : NULL;

		strcat(got, i ? " " : "");
		if (slash)
			strncat(got, slash + 1, path.length - (size_t)(slash + 1 - path.at));
		else
			strcat(got, chain[i].is_known ? "-" : "?");
	}
	assert_string_equal(got, want);
}

static void older_than_the_sensor(void **state)
{
	expect_chain(*state, shell, "sshd init");
	expect_chain(*state, daemon_, "init");
	expect_chain(*state, init, "");
}

static void a_fork_without_exec_has_its_creator_s_line(void **state)
{
	const struct process_key child = { 30, 300, 2 }, grandchild = { 31, 301, 2 };

	tell_fork(*state, child, shell);
	tell_fork(*state, grandchild, child);
	expect_chain(*state, grandchild, "bash bash sshd init");
}

static void an_exec_keeps_its_parent(void **state)
{
	const struct process_key forked = { 30, 300, 2 }, ls = { 30, 300, 3 };

	tell_fork(*state, forked, shell);
	tell(*state, "/bin/ls", 0, LINE(ls, shell, daemon_, init));
	expect_chain(*state, ls, "bash sshd init");
	assert_memory_equal(&process_table_find(*state, &ls)->creator, &shell, sizeof(shell));
}

/* fork, fork, the middle one ends: the kernel gives the child to init. */
static void a_double_fork_has_a_creator_beside_its_parent(void **state)
{
	const struct process_key middle = { 30, 300, 2 }, child = { 31, 301, 2 },
				 served = { 31, 301, 3 };

	tell_fork(*state, middle, shell);
	tell_fork(*state, child, middle);
	tell_exit(*state, middle);
	tell(*state, "/usr/bin/served", 0, LINE(served, init));
	expect_chain(*state, served, "init");
	assert_memory_equal(&process_table_find(*state, &served)->creator, &middle, sizeof(middle));
}

/* The link of an ancestor, of which nothing was told itself, is corrected as well. */
static void an_exec_corrects_the_links_above_it(void **state)
{
	const struct process_key forked = { 30, 300, 2 }, ls = { 30, 300, 3 };

	tell_fork(*state, forked, shell);
	tell_exit(*state, daemon_);
	expect_chain(*state, shell, "sshd init");
	tell(*state, "/bin/ls", 0, LINE(ls, shell, init));
	expect_chain(*state, ls, "bash init");
	expect_chain(*state, shell, "init");
}

/* An ancestor has executed since: it is told as what it is now. */
static void ancestors_are_what_they_run_now(void **state)
{
	const struct process_key forked = { 30, 300, 2 }, ls = { 30, 300, 3 }, vim = { 20, 200, 3 };

	tell_fork(*state, forked, shell);
	tell(*state, "/usr/bin/vim", 0, LINE(vim, daemon_, init));
	tell(*state, "/bin/ls", 0, LINE(ls, vim, daemon_, init));
	expect_chain(*state, ls, "vim sshd init");
	assert_memory_equal(&process_table_find(*state, &ls)->creator, &shell, sizeof(shell));
}

static void a_pid_that_comes_again_is_another(void **state)
{
	const struct process_key ls = { 30, 300, 3 }, again = { 60, 200, 1 }, last = { 61, 301, 1 };

	tell(*state, "/bin/ls", 0, LINE(ls, shell, daemon_, init));
	tell_exit(*state, shell);
	tell_fork(*state, again, daemon_);
	tell_fork(*state, last, again);
	expect_chain(*state, last, "sshd sshd init");
	expect_chain(*state, ls, "bash sshd init");
}

static void a_container_s_init_ends_it(void **state)
{
	const struct process_key inside = { 30, 300, 3 }, below = { 31, 301, 3 },
				 forked = { 32, 302, 2 };
	struct event_fork event = build_fork(forked, shell, 32);

	tell(*state, "/sbin/tini", EXEC_NAMESPACE_INIT, LINE(inside, shell, daemon_, init));
	tell(*state, "/bin/ls", 0, LINE(below, inside, shell, daemon_, init));
	expect_chain(*state, below, "tini");
	expect_chain(*state, inside, "bash sshd init");

	/* One that never executed anything. */
	event.flags = FORK_NAMESPACE_INIT;
	assert_int_equal(process_table_fork(*state, &event), 0);
	tell_fork(*state, (struct process_key){ 33, 303, 2 }, forked);
	expect_chain(*state, (struct process_key){ 33, 303, 2 }, "bash");
}

static void a_kernel_thread_ends_it(void **state)
{
	const struct process_key helper = { 30, 300, 1 }, below = { 31, 301, 2 },
				 worker = { 2, 5, 0 };

	tell(*state, "/sbin/modprobe", EXEC_KERNEL_ANCESTOR, LINE(helper, worker));
	tell(*state, "/bin/sh", EXEC_KERNEL_ANCESTOR, LINE(below, helper, worker));
	expect_chain(*state, helper, "-");
	expect_chain(*state, below, "modprobe -");
}

static void who_is_not_known_ends_it(void **state)
{
	const struct process_key ls = { 30, 300, 3 }, lost = { 29, 299, 1 };

	tell(*state, "/bin/ls", 0, LINE(ls, lost, shell, daemon_, init));
	expect_chain(*state, ls, "?");
	expect_chain(*state, lost, "");
	expect_chain(*state, nobody, "");
}

/* Hostile or mistaken: a process that is its own ancestor. */
static void a_circle_comes_to_an_end(void **state)
{
	const struct process_key a = { 30, 300, 3 }, b = { 31, 301, 3 };

	tell(*state, "/bin/a", 0, LINE(a, b));
	tell(*state, "/bin/b", 0, LINE(b, a));
	expect_chain(*state, a, "b a b a b a b a");
}

static void a_snapshot_told_again_corrects_links(void **state)
{
	tell(*state, "/bin/bash", SNAPSHOT, LINE(shell, init));
	expect_chain(*state, shell, "init");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(older_than_the_sensor),
		TEST(a_fork_without_exec_has_its_creator_s_line),
		TEST(an_exec_keeps_its_parent),
		TEST(a_double_fork_has_a_creator_beside_its_parent),
		TEST(an_exec_corrects_the_links_above_it),
		TEST(ancestors_are_what_they_run_now),
		TEST(a_pid_that_comes_again_is_another),
		TEST(a_container_s_init_ends_it),
		TEST(a_kernel_thread_ends_it),
		TEST(who_is_not_known_ends_it),
		TEST(a_circle_comes_to_an_end),
		TEST(a_snapshot_told_again_corrects_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

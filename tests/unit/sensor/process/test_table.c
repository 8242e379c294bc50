/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/event_build.h"

#define KEPT PROCESS_KEEP_NS

static const struct process_key shell = { 1000, 10, 1 };
static const struct process_key child = { 2000, 20, 1 };
static const struct process_key child_ls = { 2000, 20, 2 };

static struct text text_of(const char *at)
{
	return (struct text){ at, strlen(at) };
}

static void tell_fork(struct process_table *table, struct process_key process,
		      struct process_key parent, uint64_t time_ns)
{
	struct event_fork event = build_fork(process, parent, time_ns);

	assert_int_equal(process_table_fork(table, &event), 0);
}

static void tell_exec(struct process_table *table, struct process_key process, const char *path,
		      uint64_t time_ns)
{
	struct event_exec event = build_exec(process, shell, time_ns);
	struct text args = { "ls\0-l", 6 };

	assert_int_equal(process_table_exec(table, &event, NULL, text_of(path), args), 0);
}

static void tell_snapshot(struct process_table *table, struct process_key process, const char *path,
			  uint64_t time_ns)
{
	struct event_exec event = build_exec(process, build_key(0, 0, 0), time_ns);
	struct text none = { NULL, 0 };

	event.uid = 7;
	assert_int_equal(process_table_snapshot(table, &event, NULL, text_of(path), none), 0);
}

static void tell_exit(struct process_table *table, struct process_key process, uint64_t time_ns)
{
	struct event_exit event = build_exit(process, time_ns);

	assert_int_equal(process_table_exit(table, &event), 0);
}

static void assert_executable(const struct process_table *table, struct process_key key,
			      const char *want)
{
	const struct process *process = process_table_find(table, &key);

	assert_non_null(process);
	assert_memory_equal(&process->key, &key, sizeof(key));
	assert_int_equal(process->executable.length, strlen(want));
	if (*want)
		assert_memory_equal(process->executable.at, want, strlen(want));
}

static bool is_exited(const struct process_table *table, struct process_key key)
{
	const struct process *process = process_table_find(table, &key);

	assert_non_null(process);
	return process->exited;
}

static struct process_table_stats stats_of(const struct process_table *table)
{
	struct process_table_stats stats;

	process_table_stats(table, &stats);
	return stats;
}

static void assert_counts(const struct process_table *table, uint32_t live, uint32_t exited)
{
	assert_int_equal(stats_of(table).live, live);
	assert_int_equal(stats_of(table).exited, exited);
}

static int set_up(void **state)
{
	*state = process_table_new(
		&(struct process_table_options){ .exited_max = 1000, .live_max = 1000 });
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	process_table_free(*state);
	return 0;
}

static void a_fork_copies_what_is_known(void **state)
{
	struct process_table *table = *state;
	const struct process *process;

	tell_exec(table, shell, "/bin/sh", 1);
	tell_fork(table, child, shell, 2);
	assert_executable(table, child, "/bin/sh");
	process = process_table_find(table, &child);
	assert_memory_equal(&process->parent, &shell, sizeof(shell));
	assert_int_equal(process->uid, 1000);
	assert_int_equal(process->gid, 1001);
	assert_int_equal(process->args.length, 6);
	assert_memory_equal(process->args.at, "ls\0-l", 6);
	assert_false(process->exited);
	assert_int_equal(stats_of(table).unknown_parent, 0);
}

static void a_fork_of_nobody_known_is_counted_once(void **state)
{
	struct process_table *table = *state;

	tell_fork(table, child, shell, 2);
	tell_fork(table, child, shell, 2);
	assert_executable(table, child, "");
	assert_int_equal(process_table_find(table, &child)->uid, UINT32_MAX);
	assert_int_equal(process_table_find(table, &child)->gid, UINT32_MAX);
	assert_int_equal(stats_of(table).unknown_parent, 1);
	tell_fork(table, shell, build_key(0, 0, 0), 2); /* the kernel's own: nobody is missing */
	assert_int_equal(stats_of(table).unknown_parent, 1);
	assert_counts(table, 2, 0);
}

static void an_exec_retires_the_image_before(void **state)
{
	struct process_table *table = *state;

	tell_exec(table, shell, "/bin/sh", 1);
	tell_fork(table, child, shell, 2);
	tell_exec(table, child_ls, "/bin/ls", 3);
	assert_executable(table, child, "/bin/sh");
	assert_executable(table, child_ls, "/bin/ls");
	assert_true(is_exited(table, child));
	assert_false(is_exited(table, child_ls));
	assert_counts(table, 2, 1);
}

/* An exec from a thread other than the leader keeps the pid; events in between may be lost. */
static void an_exec_retires_even_when_execs_were_lost(void **state)
{
	struct process_table *table = *state;

	tell_exec(table, build_key(5, 50, 1), "/bin/one", 1);
	tell_exec(table, build_key(5, 50, 40), "/bin/forty", 2);
	assert_true(is_exited(table, build_key(5, 50, 1)));
	assert_false(is_exited(table, build_key(5, 50, 40)));
	assert_counts(table, 1, 1);
	/* told late: has no say in who lives */
	tell_exec(table, build_key(5, 50, 20), "/bin/twenty", 3);
	assert_executable(table, build_key(5, 50, 20), "/bin/twenty");
	assert_true(is_exited(table, build_key(5, 50, 20)));
	assert_false(is_exited(table, build_key(5, 50, 40)));
	assert_counts(table, 1, 2);
}

static void a_reused_pid_is_another_process(void **state)
{
	struct process_table *table = *state;

	tell_exec(table, build_key(5, 50, 1), "/bin/first", 1);
	tell_exec(table, build_key(6, 50, 1), "/bin/second", 2);
	assert_false(is_exited(table, build_key(5, 50, 1)));
	assert_executable(table, build_key(6, 50, 1), "/bin/second");
}

static void an_exit_ends_every_image(void **state)
{
	struct process_table *table = *state;

	tell_exec(table, build_key(5, 50, 1), "/bin/one", 1);
	tell_exit(table, build_key(5, 50, 3), 2); /* both execs between were lost */
	assert_true(is_exited(table, build_key(5, 50, 1)));
	assert_true(is_exited(table, build_key(5, 50, 3)));
	assert_executable(table, build_key(5, 50, 3), "");
	assert_int_equal(process_table_find(table, &(struct process_key){ 5, 50, 3 })->uid, 1000);
	assert_counts(table, 0, 2);
}

/* The iterator saw the process, then its end was told, then what the iterator saw. */
static void a_snapshot_told_late_raises_no_dead(void **state)
{
	struct process_table *table = *state;

	tell_exit(table, shell, 2);
	tell_snapshot(table, shell, "/bin/sh", 1);
	assert_executable(table, shell, "/bin/sh");
	assert_true(is_exited(table, shell));
	tell_snapshot(table, build_key(shell.start_ns, shell.pid, 0), "/bin/older", 1);
	tell_snapshot(table, build_key(shell.start_ns, shell.pid, 9), "/bin/newer", 1);
	assert_counts(table, 0, 3);
}

static void a_snapshot_only_adds(void **state)
{
	struct process_table *table = *state;

	tell_exec(table, child_ls, "/bin/ls", 1);
	tell_snapshot(table, child_ls, "/bin/other", 2);
	assert_executable(table, child_ls, "/bin/ls");
	assert_int_equal(process_table_find(table, &child_ls)->args.length, 6);

	tell_fork(table, child, shell, 3);
	tell_snapshot(table, shell, "/bin/sh", 4);
	assert_executable(table, shell, "/bin/sh");
	assert_int_equal(process_table_find(table, &shell)->uid, 7);
	tell_snapshot(table, child, "/bin/sh", 5);
	assert_executable(table, child, "/bin/sh");
}

static void an_exec_replaces_what_a_snapshot_said(void **state)
{
	struct process_table *table = *state;

	tell_snapshot(table, child_ls, "/bin/l", 1);
	tell_exec(table, child_ls, "/bin/ls", 2);
	assert_executable(table, child_ls, "/bin/ls");
	assert_int_equal(process_table_find(table, &child_ls)->uid, 1000);
	assert_counts(table, 1, 0);
}

static void tell_a_life(struct process_table *table)
{
	tell_exec(table, shell, "/bin/sh", 1);
	tell_fork(table, child, shell, 2);
	tell_exec(table, child_ls, "/bin/ls", 3);
	tell_exit(table, child_ls, 4);
}

static void events_may_come_twice(void **state)
{
	struct process_table *table = *state;

	tell_a_life(table);
	assert_counts(table, 1, 2);
	tell_a_life(table);
	assert_counts(table, 1, 2);
	assert_executable(table, child, "/bin/sh");
	assert_executable(table, child_ls, "/bin/ls");
	assert_true(is_exited(table, child_ls));
	assert_false(is_exited(table, shell));
}

static void texts_are_copies(void **state)
{
	struct process_table *table = *state;
	struct event_exec event = build_exec(shell, shell, 1);
	char path[] = "/bin/sh";
	char args[] = "sh";

	assert_int_equal(process_table_exec(table, &event, NULL, text_of(path), text_of(args)), 0);
	memset(path, 'x', sizeof(path));
	memset(args, 'x', sizeof(args));
	assert_executable(table, shell, "/bin/sh");
	assert_memory_equal(process_table_find(table, &shell)->args.at, "sh", 2);
}

static void args_are_kept_up_to_the_limit(void **state)
{
	struct process_table *table = *state;
	struct event_exec event = build_exec(shell, shell, 1);
	static char long_args[PROCESS_ARGS_BYTES_MAX + 1];
	struct text args = { long_args, PROCESS_ARGS_BYTES_MAX };

	assert_int_equal(process_table_exec(table, &event, NULL, text_of("/x"), args), 0);
	assert_int_equal(process_table_find(table, &shell)->args.length, PROCESS_ARGS_BYTES_MAX);
	assert_false(process_table_find(table, &shell)->args_truncated);
	args.length++;
	assert_int_equal(process_table_exec(table, &event, NULL, text_of("/x"), args), 0);
	assert_int_equal(process_table_find(table, &shell)->args.length, PROCESS_ARGS_BYTES_MAX);
	assert_true(process_table_find(table, &shell)->args_truncated);
	event.flags = EXEC_ARGS_TRUNCATED; /* cut by the kernel side already */
	args.length = 1;
	assert_int_equal(process_table_exec(table, &event, NULL, text_of("/x"), args), 0);
	assert_true(process_table_find(table, &shell)->args_truncated);
}

static void the_exited_are_kept_for_a_while(void **state)
{
	struct process_table *table = *state;

	tell_exec(table, shell, "/bin/sh", 1);
	tell_exec(table, child, "/bin/x", 2);
	tell_exit(table, shell, 10);
	tell_exit(table, child, 20);
	process_table_expire(table, 5); /* a clock behind the events */
	process_table_expire(table, KEPT + 9);
	assert_counts(table, 0, 2);
	process_table_expire(table, KEPT + 10);
	assert_null(process_table_find(table, &shell));
	assert_executable(table, child, "/bin/x");
	process_table_expire(table, KEPT + 20);
	assert_counts(table, 0, 0);
	assert_int_equal(stats_of(table).evicted_early, 0);
}

static void too_many_exited_drop_the_oldest(void **state)
{
	struct process_table_options options = { .exited_max = 2, .live_max = 10 };
	struct process_table *table = process_table_new(&options);

	(void)state;
	for (uint32_t pid = 1; pid <= 3; pid++)
		tell_exit(table, build_key(pid, pid, 1), pid);
	assert_null(process_table_find(table, &(struct process_key){ 1, 1, 1 }));
	assert_counts(table, 0, 2);
	assert_int_equal(stats_of(table).evicted_early, 1);
	tell_exit(table, build_key(4, 4, 1), 2 + KEPT); /* the next to go was due anyhow */
	assert_int_equal(stats_of(table).evicted_early, 1);
	process_table_free(table);
}

static void too_many_live_drop_the_oldest(void **state)
{
	struct process_table_options options = { .exited_max = 10, .live_max = 2 };
	struct process_table *table = process_table_new(&options);

	(void)state;
	tell_exec(table, shell, "/bin/sh", 1);
	for (uint32_t pid = 100; pid < 103; pid++)
		tell_fork(table, build_key(pid, pid, 1), shell, pid);
	assert_null(process_table_find(table, &shell));
	assert_executable(table, build_key(101, 101, 1), "/bin/sh"); /* the image outlives it */
	assert_counts(table, 2, 0);
	assert_int_equal(stats_of(table).evicted_live, 2);
	assert_int_equal(stats_of(table).unknown_parent, 1);
	process_table_free(table);
}

static void limits_of_nothing_keep_nothing(void **state)
{
	struct process_table_options options = { 0 };
	struct process_table *table = process_table_new(&options);

	(void)state;
	tell_a_life(table);
	tell_snapshot(table, shell, "/bin/sh", 5);
	assert_counts(table, 0, 0);
	process_table_free(table);
}

static void nobody_is_not_found(void **state)
{
	assert_null(process_table_find(*state, &(struct process_key){ 0 }));
	process_table_free(NULL);
}

#define TABLE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TABLE_TEST(a_fork_copies_what_is_known),
		TABLE_TEST(a_fork_of_nobody_known_is_counted_once),
		TABLE_TEST(an_exec_retires_the_image_before),
		TABLE_TEST(an_exec_retires_even_when_execs_were_lost),
		TABLE_TEST(a_reused_pid_is_another_process),
		TABLE_TEST(an_exit_ends_every_image),
		TABLE_TEST(a_snapshot_told_late_raises_no_dead),
		TABLE_TEST(a_snapshot_only_adds),
		TABLE_TEST(an_exec_replaces_what_a_snapshot_said),
		TABLE_TEST(events_may_come_twice),
		TABLE_TEST(texts_are_copies),
		TABLE_TEST(args_are_kept_up_to_the_limit),
		TABLE_TEST(the_exited_are_kept_for_a_while),
		TABLE_TEST(nobody_is_not_found),
		cmocka_unit_test(too_many_exited_drop_the_oldest),
		cmocka_unit_test(too_many_live_drop_the_oldest),
		cmocka_unit_test(limits_of_nothing_keep_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

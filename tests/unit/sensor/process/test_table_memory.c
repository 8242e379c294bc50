/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/table.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/event_build.h"

#define SECOND 1000000000ull

static const struct process_key shell = { 1000, 10, 1 };

static void tell_exec(struct process_table *table, struct process_key process, const char *path,
		      uint64_t time_ns)
{
	struct event_exec event = build_exec(process, shell, time_ns);
	struct text executable = { path, strlen(path) };
	struct text args = { "ls\0-l", 6 };

	assert_int_equal(process_table_exec(table, &event, NULL, executable, args), 0);
}

/* Forked by the shell as `forked`, executes, ends. */
static void tell_program(struct process_table *table, struct process_key forked, uint64_t time_ns)
{
	struct process_key executed = build_key(forked.start_ns, forked.pid, forked.exec_count + 1);
	struct event_fork fork = build_fork(forked, shell, time_ns);
	struct event_exit event = build_exit(executed, time_ns);

	assert_int_equal(process_table_fork(table, &fork), 0);
	tell_exec(table, executed, "/usr/bin/true", time_ns);
	assert_int_equal(process_table_exit(table, &event), 0);
}

/* The i-th program of a busy host: 100 a second, pids come round again. */
static struct process_key key_of(uint32_t i, uint32_t exec_count)
{
	return build_key(i * (SECOND / 100), 100 + i % 30000, exec_count);
}

static void assert_executable(const struct process_table *table, struct process_key key,
			      const char *want)
{
	const struct process *process = process_table_find(table, &key);

	assert_non_null(process);
	assert_int_equal(process->executable.length, strlen(want));
	assert_memory_equal(process->executable.at, want, strlen(want));
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

/* A busy host for a long time: 1,000,000 programs, 100 a second, forked by one shell. */
static void a_million_programs_take_no_more_memory(void **state)
{
	struct process_table_options options = { .exited_max = 20000, .live_max = 1000 };
	struct process_table *table = process_table_new(&options);
	size_t after_a_while = 0;

	(void)state;
	tell_exec(table, shell, "/bin/sh", 1);
	for (uint32_t i = 1; i <= 1000000; i++) {
		uint64_t now_ns = i * SECOND / 100;

		tell_program(table, key_of(i, 1), now_ns);
		process_table_expire(table, now_ns);
		if (i == 100000)
			after_a_while = mallinfo2().uordblks;
	}
	assert_counts(table, 1, 20000);
	assert_int_equal(stats_of(table).evicted_live, 0);
	/* the last 10,000 programs are still there, the one before is not */
	assert_executable(table, key_of(1000000, 2), "/usr/bin/true");
	assert_executable(table, key_of(990001, 1), "/bin/sh");
	assert_null(process_table_find(table, &(struct process_key[]){ key_of(990000, 2) }[0]));
	/* 0 == 0 under the sanitizer, which has its own allocator */
	assert_true(mallinfo2().uordblks <= after_a_while);
	process_table_free(table);
}

/* Two entries and an image of its own: what one fork, exec and exit leave behind. */
static void a_short_program_costs_less_than_700_bytes(void **state)
{
	struct process_table_options options = { .exited_max = 1000, .live_max = 1000 };
	struct process_table *table = process_table_new(&options);
	size_t before;

	(void)state;
	tell_exec(table, shell, "/bin/sh", 1);
	before = mallinfo2().uordblks;
	for (uint32_t i = 1; i <= 400; i++)
		tell_program(table, build_key(i, 100 + i, 1), i);
	assert_counts(table, 1, 800);
	assert_true(mallinfo2().uordblks - before <= 400 * 700);
	process_table_free(table);
}

/* A storm of programs with the longest arguments, as anybody may start one. */
static void long_arguments_do_not_add_up(void **state)
{
	struct process_table_options options = { .exited_max = 65536,
						 .live_max = 65536,
						 .texts_bytes_max = 1 << 20 };
	struct process_table *table = process_table_new(&options);
	static const char longest[PROCESS_ARGS_BYTES_MAX];
	struct process_table_stats stats;

	(void)state;
	for (uint32_t i = 1; i <= 5000; i++) {
		struct event_exec event = build_exec(key_of(i, 1), shell, i);
		struct event_exit ended = build_exit(key_of(i, 1), i);
		struct text path = { "/usr/bin/true", 13 };
		struct text args = { longest, sizeof(longest) };

		assert_int_equal(process_table_exec(table, &event, NULL, path, args), 0);
		assert_int_equal(process_table_exit(table, &ended), 0);
		assert_true(stats_of(table).texts_bytes <=
			    options.texts_bytes_max + sizeof(longest) + 100);
	}
	stats = stats_of(table);
	assert_in_range(stats.exited, 200, 260); /* so many fit, and the newest are they */
	assert_int_equal(stats.evicted_early, 5000 - stats.exited);
	assert_executable(table, key_of(5000, 1), "/usr/bin/true");
	process_table_expire(table, UINT64_MAX);
	assert_int_equal(stats_of(table).texts_bytes, 0);
	process_table_free(table);
}

/* What lives is not given up for what it says; it is once it has ended. */
static void the_living_keep_their_arguments(void **state)
{
	struct process_table_options options = { .exited_max = 10,
						 .live_max = 10,
						 .texts_bytes_max = 1 };
	struct process_table *table = process_table_new(&options);
	struct event_exit ended = build_exit(key_of(1, 1), 5);

	(void)state;
	tell_exec(table, key_of(1, 1), "/usr/bin/one", 1);
	tell_exec(table, key_of(2, 1), "/usr/bin/two", 2);
	assert_counts(table, 2, 0);
	assert_int_equal(process_table_exit(table, &ended), 0);
	assert_counts(table, 1, 0);
	assert_executable(table, key_of(2, 1), "/usr/bin/two");
	process_table_free(table);
}

/* --- for the sake of a flow --- */

static void hold(struct process_table *table, struct process_key key, uint64_t now_ns)
{
	process_table_hold(table, &key, now_ns);
}

/* It ended, its connection did not: storms of others, and hours, do not push it out. */
static void whose_flow_goes_on_is_kept(void **state)
{
	struct process_table_options options = { .exited_max = 100, .live_max = 100 };
	struct process_table *table = process_table_new(&options);
	const uint64_t day = 24 * 3600;

	(void)state;
	tell_program(table, key_of(1, 1), 1);
	for (uint64_t second = 1; second < day; second++) {
		uint64_t now_ns = second * SECOND;

		if (second % 3600 == 1) /* the flow says once an hour that it goes on */
			hold(table, key_of(1, 2), now_ns);
		tell_program(table, key_of(100 + (uint32_t)second, 1), now_ns);
		process_table_expire(table, now_ns);
		assert_true(stats_of(table).exited <= 100);
	}
	assert_executable(table, key_of(1, 2), "/usr/bin/true");
	assert_int_equal(stats_of(table).held, 1);

	/* The last that was heard of the flow is long ago. */
	process_table_expire(table, (day + 4 * 3600) * SECOND);
	assert_counts(table, 0, 0);
	assert_int_equal(stats_of(table).held, 0);
	process_table_free(table);
}

/* A storm of processes that leave connections behind: a quarter is held, the others go as ever. */
static void the_held_ones_are_bounded(void **state)
{
	struct process_table_options options = { .exited_max = 100, .live_max = 100 };
	struct process_table *table = process_table_new(&options);

	(void)state;
	for (uint32_t i = 1; i <= 20000; i++) {
		tell_program(table, key_of(i, 1), i * 1000);
		hold(table, key_of(i, 2), i * 1000);
		assert_true(stats_of(table).exited <= 100);
		assert_true(stats_of(table).held <= 25);
	}
	assert_int_equal(stats_of(table).held, 25);
	assert_executable(table, key_of(20000, 2), "/usr/bin/true");
	process_table_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_million_programs_take_no_more_memory),
		cmocka_unit_test(a_short_program_costs_less_than_700_bytes),
		cmocka_unit_test(long_arguments_do_not_add_up),
		cmocka_unit_test(the_living_keep_their_arguments),
		cmocka_unit_test(whose_flow_goes_on_is_kept),
		cmocka_unit_test(the_held_ones_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of sensor/record make records from. Include it from one file of a program. */
#ifndef YAGURA_TESTS_SUPPORT_RECORD_CASE_H
#define YAGURA_TESTS_SUPPORT_RECORD_CASE_H

#include "sensor/record/record_build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/event_build.h"
#include "support/full_records.h"
#include "support/sample_records.h"

#define EPOCH 1000000000000ull

static const struct process_key curl = { 2000, 20, 2 };
static const struct process_key shell = { 1000, 10, 1 };
static const struct process_key stranger = { 9, 9, 9 };
static const struct process_key nobody;

/* Where records are made from: the table knows curl and the shell, and two control groups. */
static inline struct record_sources *sources_new(struct process_table *table)
{
	struct record_sources *sources = calloc(1, sizeof(*sources));

	*sources = (struct record_sources){
		.processes = table,
		.cgroups = cgroup_names_new(10),
		.ancestors = calloc(RECORD_ANCESTORS_MAX, sizeof(*sources->ancestors)),
		.boot_epoch_ns = EPOCH,
	};
	cgroup_names_learn(sources->cgroups, 77, (struct text){ "/a.slice", 8 });
	cgroup_names_learn(sources->cgroups, 78, (struct text){ "/b.slice", 8 });
	return sources;
}

static inline int set_up(void **state)
{
	struct process_table_options options = { .exited_max = 10, .live_max = 10 };
	struct process_table *table = process_table_new(&options);
	struct event_exec exec_curl = build_exec(curl, shell, 1);
	struct event_exec exec_shell = build_exec(shell, nobody, 1);
	struct text args = { "curl\0-s", 8 };

	exec_curl.flags = exec_shell.flags = EXEC_ARGS_TRUNCATED;
	exec_shell.uid = 5;
	exec_shell.gid = 6;
	*state = sources_new(table);
	return process_table_exec(table, &exec_curl, NULL, (struct text){ "/bin/curl", 9 }, args) |
	       process_table_exec(table, &exec_shell, NULL, (struct text){ "/bin/sh", 7 },
				  (struct text){ "sh", 3 });
}

static inline int tear_down(void **state)
{
	struct record_sources *sources = *state;

	process_table_free((struct process_table *)sources->processes);
	cgroup_names_free(sources->cgroups);
	free(sources->ancestors);
	free(sources);
	return 0;
}

static inline void assert_key(const struct record_process_key *key, const struct process_key *want)
{
	assert_int_equal(key->start_ns, want->start_ns);
	assert_int_equal(key->pid, want->pid);
	assert_int_equal(key->exec_count, want->exec_count);
}

static inline void assert_text(struct text text, const char *want, size_t length)
{
	assert_int_equal(text.length, length);
	assert_memory_equal(text.at, want, length);
}

static inline void assert_only_key(const struct record_process *process,
				   const struct process_key *want)
{
	assert_key(&process->key, want);
	assert_int_equal(process->uid, UINT32_MAX);
	assert_int_equal(process->gid, UINT32_MAX);
	assert_int_equal(process->executable.length, 0);
	assert_int_equal(process->args.length, 0);
	assert_false(process->args_truncated);
}

static inline void assert_curl(const struct record_process *process)
{
	assert_key(&process->key, &curl);
	assert_int_equal(process->uid, 1000);
	assert_int_equal(process->gid, 1001);
	assert_text(process->executable, "/bin/curl", 9);
	assert_text(process->args, "curl\0-s", 8);
	assert_true(process->args_truncated);
}

#define RECORD_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

#endif

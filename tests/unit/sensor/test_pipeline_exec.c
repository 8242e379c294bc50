/* SPDX-License-Identifier: Apache-2.0 */
/* An exec on its way: what of its arguments is kept, and what it is called. */
#include "sensor/pipeline_exec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/event_build.h"

#define PATH "lqsym/nib/" /* from the end, as the kernel finds it */
#define ARGS "mysql\0-u\0root\0-phunter\0shop\0"
#define LEFT "mysql\0-u\0root\0-p[REDACTED]\0shop\0"
#define SHAPE "mysql\0-u\0root\0-p<secret>\0shop\0"
/* As px1.py has it of ARGS, 5 of them, by user 1002 on a terminal below sh and init. */
#define PX1 "eutx05_------------_25495c1791c2_"

static const struct process_key init = { 1, 1, 1 };
static const struct process_key shell = { 1000, 10, 1 };
static const struct process_key mysql = { 2000, 20, 2 };

struct fixture {
	struct pipeline pipeline;
	struct decoded_event event;
	struct built_event bytes;
};

static void set_mode(struct fixture *f, enum argv_mode mode)
{
	char error[ARGV_RULE_ERROR_BYTES];

	argv_policy_free(f->pipeline.argv);
	assert_int_equal(argv_policy_new(mode, "", &f->pipeline.argv, error), 0);
}

static void exec_of(struct fixture *f, struct event_exec event, const char *args, size_t size)
{
	build_exec_with(&f->bytes, EVENT_EXEC, event, PATH, sizeof(PATH), args, size);
}

static int set_up(void **state)
{
	const struct process_table_options processes = { .exited_max = 10, .live_max = 10 };
	struct event_exec event = build_exec(init, (struct process_key){ 0 }, 1);
	struct fixture *f = calloc(1, sizeof(*f));

	set_mode(f, ARGV_FULL);
	f->pipeline.processes = process_table_new(&processes);
	f->pipeline.digester = digester_new();
	f->pipeline.event = &f->event;
	process_table_exec(f->pipeline.processes, &event, NULL, (struct text){ "/sbin/init", 10 },
			   (struct text){ 0 });
	event = build_exec(shell, init, 2);
	process_table_exec(f->pipeline.processes, &event, NULL, (struct text){ "/bin/sh", 7 },
			   (struct text){ 0 });
	event = build_exec(mysql, shell, 3);
	event.namespaces.pid = 0;
	exec_of(f, event, ARGS, sizeof(ARGS) - 1);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	argv_policy_free(f->pipeline.argv);
	digester_free(f->pipeline.digester);
	process_table_free(f->pipeline.processes);
	free(f);
	return 0;
}

static struct record_exec take(struct fixture *f)
{
	struct record_exec record = { 0 };
	struct decoded_exec *exec = &f->event.exec;

	assert_int_equal(decode_event(f->bytes.bytes, f->bytes.size, &f->event), 0);
	assert_int_equal(pipeline_take_exec(&f->pipeline, exec), 0);
	pipeline_fill_exec(&f->pipeline, exec, &record);
	record.process.args = exec->args;
	return record;
}

static void assert_args(struct text args, const char *want, size_t size)
{
	assert_int_equal(args.length, size);
	if (size > 0)
		assert_memory_equal(args.at, want, size);
}

static struct text kept(struct fixture *f)
{
	const struct process *process = process_table_find(f->pipeline.processes, &mysql);

	assert_non_null(process);
	return process->args;
}

static void expect(struct fixture *f, enum argv_mode mode, const char *want, size_t size)
{
	struct record_exec record;

	set_mode(f, mode);
	record = take(f);
	assert_args(record.process.args, want, size);
	assert_args(kept(f), want, size);
	assert_int_equal(record.args_redacted, 1);
	assert_int_equal(record.args_shape, mode == ARGV_SHAPE);
	assert_false(record.args_gave_up);
	assert_int_equal(record.px1.length, RECORD_PX1_BYTES);
	assert_memory_equal(record.px1.at, PX1, strlen(PX1));
}

static void secrets_are_kept_nowhere(void **state)
{
	expect(*state, ARGV_FULL, LEFT, sizeof(LEFT) - 1);
}

static void a_shape_is_kept_instead(void **state)
{
	expect(*state, ARGV_SHAPE, SHAPE, sizeof(SHAPE) - 1);
}

static void nothing_is_kept(void **state)
{
	expect(*state, ARGV_NONE, "", 0);
}

static void read_again_it_is_the_same(void **state)
{
	struct fixture *f = *state;
	char before[PX1_LENGTH + 1];

	take(f);
	memcpy(before, f->pipeline.px1, sizeof(before));
	expect(f, ARGV_FULL, LEFT, sizeof(LEFT) - 1);
	assert_string_equal(f->pipeline.px1, before);
}

static void what_the_journal_gives_is_redacted(void **state)
{
	struct fixture *f = *state;

	pipeline_replay(&f->pipeline, f->bytes.bytes, f->bytes.size);
	assert_int_equal(f->pipeline.counters.replayed_events, 1);
	assert_args(kept(f), LEFT, sizeof(LEFT) - 1);
}

static void a_hash_is_part_b_then_or_later(void **state)
{
	struct fixture *f = *state;
	const struct record_hash hash = { .status = HASH_OK, .sha256 = { 0xba, 0x78, 0x16, 0xbf } };
	struct record_exec_update update = { .hash = { .status = HASH_VANISHED } };
	char without[PX1_LENGTH];
	char with[PX1_LENGTH];

	memcpy(without, take(f).px1.at, PX1_LENGTH);
	f->pipeline.facts.hash = hash;
	memcpy(with, take(f).px1.at, PX1_LENGTH);
	assert_memory_equal(with, "eutx05_ba7816bf0000_25495c1791c2_", strlen(PX1));
	assert_memory_equal(with + strlen(PX1), without + strlen(PX1), PX1_LENGTH - strlen(PX1));

	update.px1 = (struct text){ without, PX1_LENGTH };
	pipeline_complete_px1(&f->pipeline, &update);
	assert_memory_equal(update.px1.at, without, PX1_LENGTH);
	update.hash = hash;
	pipeline_complete_px1(&f->pipeline, &update);
	assert_memory_equal(update.px1.at, with, PX1_LENGTH);
	assert_int_equal(update.px1.length, PX1_LENGTH);
}

static void expect_part(struct fixture *f, struct event_exec event, size_t at, const char *want)
{
	exec_of(f, event, ARGS, sizeof(ARGS) - 1);
	assert_memory_equal(take(f).px1.at + at, want, strlen(want));
}

static void each_fact_is_told(void **state)
{
	const struct event_exec plain = build_exec(mysql, shell, 3);
	struct event_exec event = plain;

	event.flags = EXEC_DELETED;
	expect_part(*state, event, 0, "d");
	event.flags |= EXEC_MEMFD;
	expect_part(*state, event, 0, "m");
	event = plain;
	event.euid = 0;
	event.tty = 0;
	expect_part(*state, event, 0, "ernc05_");
	event.namespaces.pid = 0xEFFFFFFC; /* of the host */
	expect_part(*state, event, 0, "ernh05_");
	event.flags = EXEC_ARGS_TRUNCATED;
	expect_part(*state, event, 4, "--_------------_------------_");
}

static void one_that_lacks_makes_no_ancestry(void **state)
{
	struct fixture *f = *state;
	const char *part;

	part = take(f).px1.at + 33;
	assert_memory_equal(part, "06f7a4a07808", 12); /* SHA-256 of "sh/init" */
	expect_part(f, build_exec(mysql, (struct process_key){ 77, 77, 1 }, 3), 32,
		    "_------------");
}

#define EXEC_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EXEC_TEST(secrets_are_kept_nowhere),
		EXEC_TEST(a_shape_is_kept_instead),
		EXEC_TEST(nothing_is_kept),
		EXEC_TEST(read_again_it_is_the_same),
		EXEC_TEST(what_the_journal_gives_is_redacted),
		EXEC_TEST(a_hash_is_part_b_then_or_later),
		EXEC_TEST(each_fact_is_told),
		EXEC_TEST(one_that_lacks_makes_no_ancestry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

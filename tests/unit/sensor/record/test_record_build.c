/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/record/record_build.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/event_build.h"

#define EPOCH 1000000000000ull

static const struct process_key curl = { 2000, 20, 2 };
static const struct process_key shell = { 1000, 10, 1 };
static const struct process_key stranger = { 9, 9, 9 };
static const struct process_key nobody;

/* The table knows curl and the shell. */
static int set_up(void **state)
{
	struct process_table_options options = { .exited_max = 10, .live_max = 10 };
	struct process_table *table = process_table_new(&options);
	struct event_exec exec_curl = build_exec(curl, shell, 1);
	struct event_exec exec_shell = build_exec(shell, nobody, 1);
	struct text args = { "curl\0-s", 8 };

	exec_curl.flags = EXEC_ARGS_TRUNCATED;
	exec_shell.uid = 5;
	exec_shell.gid = 6;
	*state = table;
	return process_table_exec(table, &exec_curl, (struct text){ "/bin/curl", 9 }, args) |
	       process_table_exec(table, &exec_shell, (struct text){ "/bin/sh", 7 },
				  (struct text){ "sh", 3 });
}

static int tear_down(void **state)
{
	process_table_free(*state);
	return 0;
}

static void assert_key(const struct record_process_key *key, const struct process_key *want)
{
	assert_int_equal(key->start_ns, want->start_ns);
	assert_int_equal(key->pid, want->pid);
	assert_int_equal(key->exec_count, want->exec_count);
}

static void assert_text(struct text text, const char *want, size_t length)
{
	assert_int_equal(text.length, length);
	assert_memory_equal(text.at, want, length);
}

static void assert_only_key(const struct record_process *process, const struct process_key *want)
{
	assert_key(&process->key, want);
	assert_int_equal(process->uid, UINT32_MAX);
	assert_int_equal(process->gid, UINT32_MAX);
	assert_int_equal(process->executable.length, 0);
	assert_int_equal(process->args.length, 0);
	assert_false(process->args_truncated);
}

static void assert_curl(const struct record_process *process)
{
	assert_key(&process->key, &curl);
	assert_int_equal(process->uid, 1000);
	assert_int_equal(process->gid, 1001);
	assert_text(process->executable, "/bin/curl", 9);
	assert_text(process->args, "curl\0-s", 8);
	assert_true(process->args_truncated);
}

static void an_exec_has_every_field(void **state)
{
	static struct decoded_exec exec = { .path = "/bin/ls", .path_length = 7 };
	struct record record;

	exec.fixed = build_exec(build_key(3, 30, 4), shell, 500);
	exec.fixed.flags = EXEC_DELETED;
	exec.fixed.args_total_bytes = 9;
	exec.args = (struct text){ "ls\0-l", 6 };
	record_from_exec(&exec, *state, EPOCH, &record);
	assert_int_equal(record.class, RECORD_EXEC);
	assert_int_equal(record.exec.time_ns, EPOCH + 500);
	assert_key(&record.exec.process.key, &exec.fixed.process);
	assert_int_equal(record.exec.process.uid, 1000);
	assert_int_equal(record.exec.process.gid, 1001);
	assert_int_equal(record.exec.euid, 1002);
	assert_int_equal(record.exec.egid, 1003);
	assert_int_equal(record.exec.cgroup_id, 77);
	assert_int_equal(record.exec.args_total_bytes, 9);
	assert_text(record.exec.process.executable, "/bin/ls", 7);
	assert_text(record.exec.process.args, "ls\0-l", 6);
	assert_false(record.exec.process.args_truncated);
	assert_true(record.exec.file.deleted);
	assert_key(&record.exec.parent.key, &shell);
	assert_int_equal(record.exec.parent.uid, 5);
	assert_int_equal(record.exec.parent.gid, 6);
	assert_text(record.exec.parent.executable, "/bin/sh", 7);
}

static void an_exec_without_known_parent_keeps_its_key(void **state)
{
	static struct decoded_exec exec;
	struct record record;

	exec.fixed = build_exec(curl, stranger, 500);
	exec.fixed.flags = EXEC_ARGS_TRUNCATED;
	record_from_exec(&exec, *state, EPOCH, &record);
	assert_only_key(&record.exec.parent, &stranger);
	assert_false(record.exec.file.deleted);
	assert_true(record.exec.process.args_truncated);
}

static void an_exit_names_its_process(void **state)
{
	struct event_exit event = build_exit(curl, 700);
	struct record record;

	record_from_exit(&event, *state, EPOCH, &record);
	assert_int_equal(record.class, RECORD_EXIT);
	assert_int_equal(record.exit.time_ns, EPOCH + 700);
	assert_int_equal(record.exit.status, 3 << 8);
	assert_curl(&record.exit.process);

	event.process = stranger;
	event.uid = 12;
	record_from_exit(&event, *state, EPOCH, &record);
	assert_key(&record.exit.process.key, &stranger);
	assert_int_equal(record.exit.process.uid, 12);
	assert_int_equal(record.exit.process.gid, UINT32_MAX);
}

static void a_flow_has_every_field(void **state)
{
	struct event_flow event = build_flow(curl, 7000);
	const struct record_flow *flow;
	struct record record;
	bool has_process = false;

	event.flags = FLOW_FINAL | FLOW_COUNTERS_RESET;
	event.error = 111;
	event.listener = shell;
	record_from_flow(&event, *state, EPOCH, &record, &has_process);
	flow = &record.flow;
	assert_int_equal(record.class, RECORD_FLOW);
	assert_int_equal(flow->start_ns, EPOCH + 6500);
	assert_int_equal(flow->end_ns, EPOCH + 7000);
	assert_int_equal(flow->cookie, 0x1234);
	assert_int_equal(flow->index, 5);
	assert_int_equal(flow->part, 2);
	assert_true(flow->final);
	assert_true(flow->counters_reset);
	assert_int_equal(flow->protocol, IPPROTO_TCP);
	assert_int_equal(flow->error, 111);
	assert_int_equal(flow->retransmits, 1);
	assert_int_equal(flow->srtt_us, 150);
	assert_int_equal(flow->handshake_us, 99);
	assert_true(has_process);
	assert_curl(&flow->process);
	assert_key(&flow->listener.key, &shell);
	assert_int_equal(flow->listener.uid, 5);
}

static struct direction_case {
	const char *name;
	uint8_t direction;
	enum record_direction want;
	bool local_is_source;
} direction_cases[] = {
	{ "egress: the source is here", FLOW_EGRESS, DIRECTION_EGRESS, true },
	{ "ingress: the source is there", FLOW_INGRESS, DIRECTION_INGRESS, false },
	{ "unknown: the source is here", FLOW_DIRECTION_UNKNOWN, DIRECTION_UNKNOWN, true },
};

static void check_direction(void **state)
{
	const struct direction_case *c = *state;
	struct process_table *table = process_table_new(&(struct process_table_options){ 0 });
	struct event_flow event = build_flow(curl, 7000);
	const struct record_endpoint *local, *remote;
	struct record record;
	bool has_process;

	event.direction = c->direction;
	record_from_flow(&event, table, EPOCH, &record, &has_process);
	local = c->local_is_source ? &record.flow.source : &record.flow.destination;
	remote = c->local_is_source ? &record.flow.destination : &record.flow.source;
	assert_int_equal(record.flow.direction, c->want);
	assert_int_equal(local->port, 40000);
	assert_int_equal(local->bytes, 10);
	assert_int_equal(local->packets, 3);
	assert_memory_equal(local->addr, event.local_addr, 16);
	assert_int_equal(remote->port, 443);
	assert_int_equal(remote->bytes, 20);
	assert_int_equal(remote->packets, 4);
	assert_memory_equal(remote->addr, event.remote_addr, 16);
	process_table_free(table);
}

static void every_state_and_quality_is_mapped(void **state)
{
	static const uint8_t states[][2] = {
		{ FLOW_STATE_OPEN, FLOW_OPEN },
		{ FLOW_STATE_ESTABLISHED, FLOW_ESTABLISHED },
		{ FLOW_STATE_CLOSED, FLOW_CLOSED },
		{ FLOW_STATE_FAILED, FLOW_FAILED },
	};
	static const uint8_t qualities[][2] = {
		{ OWNER_UNKNOWN, QUALITY_UNKNOWN },   { OWNER_INHERITED, QUALITY_INHERITED },
		{ OWNER_SNAPSHOT, QUALITY_SNAPSHOT }, { OWNER_KERNEL, QUALITY_KERNEL },
		{ OWNER_CREATOR, QUALITY_CREATOR },   { OWNER_CALLER, QUALITY_CALLER },
	};
	struct event_flow event = build_flow(curl, 7000);
	struct record record;
	bool has_process;

	event.flags = 0;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		event.state = states[i][0];
		record_from_flow(&event, *state, EPOCH, &record, &has_process);
		assert_int_equal(record.flow.state, states[i][1]);
		assert_false(record.flow.final);
		assert_false(record.flow.counters_reset);
	}
	for (size_t i = 0; i < sizeof(qualities) / sizeof(qualities[0]); i++) {
		event.owner_quality = qualities[i][0];
		record_from_flow(&event, *state, EPOCH, &record, &has_process);
		assert_int_equal(record.flow.owner_quality, qualities[i][1]);
	}
}

static void a_flow_of_a_stranger_keeps_the_key_and_says_so(void **state)
{
	struct event_flow event = build_flow(stranger, 7000);
	struct record record;
	bool has_process = true;

	record_from_flow(&event, *state, EPOCH, &record, &has_process);
	assert_false(has_process);
	assert_only_key(&record.flow.process, &stranger);
	assert_int_equal(record.flow.owner_quality, QUALITY_CALLER);
	assert_only_key(&record.flow.listener, &nobody);
}

static void a_flow_of_nobody_has_no_quality(void **state)
{
	struct event_flow event = build_flow(nobody, 7000);
	struct record record;
	bool has_process = false;

	record_from_flow(&event, *state, EPOCH, &record, &has_process);
	assert_true(has_process); /* nothing lacks */
	assert_only_key(&record.flow.process, &nobody);
	assert_int_equal(record.flow.owner_quality, QUALITY_UNKNOWN);

	event.owner_quality = OWNER_KERNEL;
	record_from_flow(&event, *state, EPOCH, &record, &has_process);
	assert_int_equal(record.flow.owner_quality, QUALITY_KERNEL);
}

static void a_flow_never_ends_before_it_starts(void **state)
{
	struct event_flow event = build_flow(curl, 7000);
	struct record record;
	bool has_process;

	event.opened_ns = 7001;
	record_from_flow(&event, *state, EPOCH, &record, &has_process);
	assert_int_equal(record.flow.start_ns, EPOCH + 7000);
	assert_int_equal(record.flow.end_ns, EPOCH + 7000);
}

#define RECORD_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int main(void)
{
	struct CMUnitTest tests[8 + COUNT(direction_cases)] = {
		RECORD_TEST(an_exec_has_every_field),
		RECORD_TEST(an_exec_without_known_parent_keeps_its_key),
		RECORD_TEST(an_exit_names_its_process),
		RECORD_TEST(a_flow_has_every_field),
		RECORD_TEST(every_state_and_quality_is_mapped),
		RECORD_TEST(a_flow_of_a_stranger_keeps_the_key_and_says_so),
		RECORD_TEST(a_flow_of_nobody_has_no_quality),
		RECORD_TEST(a_flow_never_ends_before_it_starts),
	};

	for (size_t i = 0; i < COUNT(direction_cases); i++)
		tests[8 + i] = (struct CMUnitTest){ direction_cases[i].name, check_direction, NULL,
						    NULL, &direction_cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

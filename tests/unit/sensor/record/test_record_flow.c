/* SPDX-License-Identifier: Apache-2.0 */
#include "support/record_case.h"

#include <netinet/in.h>

/* What becomes of the event below. */
static const struct record example = {
	.class = RECORD_FLOW,
	.flow = {
		.start_ns = EPOCH + 6500,
		.end_ns = EPOCH + 7000,
		.cookie = 0x1234,
		.index = 5,
		.part = 2,
		.final = true,
		.counters_reset = true,
		.shared = true,
		.preexisting = true,
		.folded = true,
		.direction = DIRECTION_EGRESS,
		.state = FLOW_CLOSED,
		.ending = FLOW_ENDING_FIN_LOCAL,
		.protocol = IPPROTO_TCP,
		.icmp_type = 8,
		.icmp_code = 9,
		.is_ipv6 = true,
		.error = 111,
		.source = { .port = 40000, .bytes = 10, .packets = 3, .data_packets = 6 },
		.destination = { .port = 443, .bytes = 20, .packets = 4, .data_packets = 7 },
		.retransmits = 1,
		.srtt_us = 150,
		.min_rtt_us = 140,
		.handshake_us = 99,
		.count = 1,
		.ports = 17,
		.uid = 1006,
		.netns = 8,
		.cgroup_id = 78,
		.cgroup = { "/b.slice", 8 },
		.owner_quality = QUALITY_CALLER,
		.process = { .key = { 2000, 20, 2 },
			     .uid = 1000,
			     .gid = 1001,
			     .executable = { "/bin/curl", 9 },
			     .args = { "curl\0-s", 8 },
			     .args_truncated = true },
		.listener = { .key = { 1000, 10, 1 }, .uid = 5, .gid = 6, .executable = { "/bin/sh", 7 }, .args = { "sh", 3 }, .args_truncated = true },
	},
};

static void a_flow_has_every_field(void **state)
{
	const struct record full = full_record(RECORD_FLOW, FULL_DISTINCT);
	struct event_flow event = build_flow(curl, 7000);
	struct record want = example;
	struct record record;

	memset(want.flow.source.addr, 0x11, 16);
	memset(want.flow.destination.addr, 0x22, 16);
	event.flags = FLOW_FINAL | FLOW_COUNTERS_RESET | FLOW_IPV6 | FLOW_SHARED |
		      FLOW_PREEXISTING | FLOW_FOLDED;
	event.error = 111;
	event.icmp_type = 8;
	event.icmp_code = 9;
	event.ports = 17;
	event.listener = shell;
	record_from_flow(*state, &event, &record);
	assert_same_record(&record, &want);
	/* All but what first bytes say, which no event tells. */
	record.flow.splt = full.flow.splt;
	record.flow.marks = full.flow.marks;
	record.flow.mark_count = full.flow.mark_count;
	record.flow.destination_name = full.flow.destination_name;
	assert_null(full_record_lacks(&record));
	assert_true(record_owner_is_known(*state, &event));
}

static void each_flag_of_a_flow_is_its_own(void **state)
{
	static const __u8 flags[] = { FLOW_FINAL,  FLOW_COUNTERS_RESET, FLOW_IPV6,
				      FLOW_SHARED, FLOW_PREEXISTING,	FLOW_FOLDED };
	struct event_flow event = build_flow(curl, 7000);
	struct record record;

	for (size_t i = 0; i < sizeof(flags); i++) {
		event.flags = flags[i];
		record_from_flow(*state, &event, &record);
		assert_int_equal(record.flow.final, i == 0);
		assert_int_equal(record.flow.counters_reset, i == 1);
		assert_int_equal(record.flow.is_ipv6, i == 2);
		assert_int_equal(record.flow.shared, i == 3);
		assert_int_equal(record.flow.preexisting, i == 4);
		assert_int_equal(record.flow.folded, i == 5);
	}
}

/* Nobody here asked for it: the source is who tried, and no socket means no user. */
static void a_refused_attempt_comes_from_the_remote_end(void **state)
{
	struct event_flow event = build_flow(nobody, 7000);
	struct record record;

	event.state = FLOW_STATE_REFUSED;
	event.direction = FLOW_DIRECTION_UNKNOWN;
	event.count = 120;
	event.ports = 37;
	record_from_flow(*state, &event, &record);
	assert_int_equal(record.flow.state, FLOW_REFUSED);
	assert_int_equal(record.flow.direction, DIRECTION_INGRESS);
	assert_memory_equal(record.flow.source.addr, event.remote_addr, 16);
	assert_memory_equal(record.flow.destination.addr, event.local_addr, 16);
	assert_int_equal(record.flow.destination.port, 40000);
	assert_int_equal(record.flow.count, 120);
	assert_int_equal(record.flow.ports, 37);
	assert_int_equal(record.flow.uid, UINT32_MAX);
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
	struct record_sources *sources = sources_new(table);
	struct event_flow event = build_flow(curl, 7000);
	const struct record_endpoint *local, *remote;
	struct record record;

	event.direction = c->direction;
	record_from_flow(sources, &event, &record);
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
	tear_down((void **)&sources);
}

static void every_state_ending_and_quality_is_mapped(void **state)
{
	static const uint8_t states[][2] = {
		{ FLOW_STATE_OPEN, FLOW_OPEN },	      { FLOW_STATE_ESTABLISHED, FLOW_ESTABLISHED },
		{ FLOW_STATE_CLOSED, FLOW_CLOSED },   { FLOW_STATE_FAILED, FLOW_FAILED },
		{ FLOW_STATE_REFUSED, FLOW_REFUSED },
	};
	static const uint8_t endings[][2] = {
		{ ENDING_UNKNOWN, FLOW_ENDING_UNKNOWN },
		{ ENDING_FIN_LOCAL, FLOW_ENDING_FIN_LOCAL },
		{ ENDING_FIN_REMOTE, FLOW_ENDING_FIN_REMOTE },
		{ ENDING_RESET_LOCAL, FLOW_ENDING_RESET_LOCAL },
		{ ENDING_RESET_REMOTE, FLOW_ENDING_RESET_REMOTE },
		{ ENDING_TIMEOUT, FLOW_ENDING_TIMEOUT },
		{ ENDING_UNREACHABLE, FLOW_ENDING_UNREACHABLE },
		{ ENDING_ABORTED, FLOW_ENDING_ABORTED },
		{ ENDING_IDLE, FLOW_ENDING_IDLE },
		{ ENDING_CLOSED, FLOW_ENDING_CLOSED },
		{ ENDING_CLOSED + 1, FLOW_ENDING_UNKNOWN },
	};
	static const uint8_t qualities[][2] = {
		{ OWNER_UNKNOWN, QUALITY_UNKNOWN },   { OWNER_INHERITED, QUALITY_INHERITED },
		{ OWNER_SNAPSHOT, QUALITY_SNAPSHOT }, { OWNER_KERNEL, QUALITY_KERNEL },
		{ OWNER_CREATOR, QUALITY_CREATOR },   { OWNER_CALLER, QUALITY_CALLER },
	};
	struct event_flow event = build_flow(curl, 7000);
	struct record record;

	event.flags = 0;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		event.state = states[i][0];
		record_from_flow(*state, &event, &record);
		assert_int_equal(record.flow.state, states[i][1]);
		assert_false(record.flow.final);
		assert_false(record.flow.counters_reset);
	}
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		event.ending = endings[i][0];
		record_from_flow(*state, &event, &record);
		assert_int_equal(record.flow.ending, endings[i][1]);
	}
	for (size_t i = 0; i < sizeof(qualities) / sizeof(qualities[0]); i++) {
		event.owner_quality = qualities[i][0];
		record_from_flow(*state, &event, &record);
		assert_int_equal(record.flow.owner_quality, qualities[i][1]);
	}
}

static void a_flow_of_a_stranger_keeps_the_key_and_says_so(void **state)
{
	struct event_flow event = build_flow(stranger, 7000);
	struct record record;

	record_from_flow(*state, &event, &record);
	assert_false(record_owner_is_known(*state, &event));
	assert_only_key(&record.flow.process, &stranger);
	assert_int_equal(record.flow.owner_quality, QUALITY_CALLER);
	assert_only_key(&record.flow.listener, &nobody);
}

static void a_flow_of_nobody_has_no_quality(void **state)
{
	struct event_flow event = build_flow(nobody, 7000);
	struct record record;

	record_from_flow(*state, &event, &record);
	assert_true(record_owner_is_known(*state, &event)); /* nothing lacks */
	assert_only_key(&record.flow.process, &nobody);
	assert_int_equal(record.flow.owner_quality, QUALITY_UNKNOWN);

	event.owner_quality = OWNER_KERNEL;
	record_from_flow(*state, &event, &record);
	assert_int_equal(record.flow.owner_quality, QUALITY_KERNEL);
}

static void a_flow_never_ends_before_it_starts(void **state)
{
	struct event_flow event = build_flow(curl, 7000);
	struct record record;

	event.opened_ns = 7001;
	record_from_flow(*state, &event, &record);
	assert_int_equal(record.flow.start_ns, EPOCH + 7000);
	assert_int_equal(record.flow.end_ns, EPOCH + 7000);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int main(void)
{
	struct CMUnitTest directions[COUNT(direction_cases)];
	const struct CMUnitTest tests[] = {
		RECORD_TEST(a_flow_has_every_field),
		RECORD_TEST(each_flag_of_a_flow_is_its_own),
		RECORD_TEST(a_refused_attempt_comes_from_the_remote_end),
		RECORD_TEST(every_state_ending_and_quality_is_mapped),
		RECORD_TEST(a_flow_of_a_stranger_keeps_the_key_and_says_so),
		RECORD_TEST(a_flow_of_nobody_has_no_quality),
		RECORD_TEST(a_flow_never_ends_before_it_starts),
	};
	int failed;

	for (size_t i = 0; i < COUNT(direction_cases); i++)
		directions[i] = (struct CMUnitTest){ direction_cases[i].name, check_direction, NULL,
						     NULL, &direction_cases[i] };
	failed = cmocka_run_group_tests(directions, NULL, NULL);
	return failed + cmocka_run_group_tests(tests, NULL, NULL);
}

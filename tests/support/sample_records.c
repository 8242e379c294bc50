/* SPDX-License-Identifier: Apache-2.0 */
#include "support/sample_records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

const struct batch_header sample_header = {
	.boot_id = { 0xde, 0xad, 0xbe, 0xef, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
};

static struct record_process bash(void)
{
	return (struct record_process){
		.key = { .start_ns = 5000000000, .pid = 4700, .exec_count = 1 },
		.uid = 1000,
		.gid = 1000,
		.executable = TEXT("/usr/bin/bash"),
		.args = TEXT("-bash\0"),
	};
}

static struct record_process curl(void)
{
	return (struct record_process){
		.key = { .start_ns = 6000000123, .pid = 4711, .exec_count = 2 },
		.uid = 0,
		.gid = 0,
		.executable = TEXT("/usr/bin/curl"),
		.args = TEXT("curl\0-s\0http://10.0.0.2/\0"),
	};
}

struct record sample_exec(void)
{
	return (struct record){
		.class = RECORD_EXEC,
		.exec = { .time_ns = SAMPLE_TIME_NS,
			  .process = curl(),
			  .parent = bash(),
			  .euid = 0,
			  .egid = 4,
			  .cgroup_id = 7321,
			  .args_total_bytes = 25 },
	};
}

struct record sample_exit(void)
{
	return (struct record){
		.class = RECORD_EXIT,
		.exit = { .time_ns = SAMPLE_TIME_NS, .process = curl(), .status = 0 },
	};
}

struct record sample_flow(void)
{
	return (struct record){
		.class = RECORD_FLOW,
		.flow = { .start_ns = SAMPLE_TIME_NS - 42000000,
			  .end_ns = SAMPLE_TIME_NS,
			  .cookie = 0x1001,
			  .final = true,
			  .direction = DIRECTION_EGRESS,
			  .state = FLOW_CLOSED,
			  .protocol = 6,
			  .source = { .addr = { [10] = 0xff, 0xff, 10, 0, 0, 1 },
				      .port = 40000,
				      .bytes = 78,
				      .packets = 5 },
			  .destination = { .addr = { [10] = 0xff, 0xff, 10, 0, 0, 2 },
					   .port = 80,
					   .bytes = 850,
					   .packets = 4 },
			  .srtt_us = 120,
			  .handshake_us = 95,
			  .owner_quality = QUALITY_CALLER,
			  .process = curl(),
			  .listener = { .uid = UINT32_MAX, .gid = UINT32_MAX } },
	};
}

struct record sample_gap(void)
{
	return (struct record){
		.class = RECORD_GAP,
		.gap = { .time_ns = SAMPLE_TIME_NS,
			 .class = RECORD_EXEC,
			 .reason = GAP_RING_FULL,
			 .count = 12 },
	};
}

static void assert_same_text(struct text got, struct text want)
{
	assert_int_equal(got.length, want.length);
	if (want.length > 0)
		assert_memory_equal(got.at, want.at, want.length);
}

static void assert_same_process(const struct record_process *got, const struct record_process *want)
{
	assert_true(got->key.start_ns == want->key.start_ns);
	assert_int_equal(got->key.pid, want->key.pid);
	assert_int_equal(got->key.exec_count, want->key.exec_count);
	assert_int_equal(got->uid, want->uid);
	assert_int_equal(got->gid, want->gid);
	assert_same_text(got->executable, want->executable);
	assert_same_text(got->args, want->args);
	assert_int_equal(got->args_truncated, want->args_truncated);
}

static void assert_same_exec(const struct record_exec *got, const struct record_exec *want)
{
	assert_true(got->time_ns == want->time_ns);
	assert_same_process(&got->process, &want->process);
	assert_same_process(&got->parent, &want->parent);
	assert_int_equal(got->euid, want->euid);
	assert_int_equal(got->egid, want->egid);
	assert_true(got->cgroup_id == want->cgroup_id);
	assert_int_equal(got->args_total_bytes, want->args_total_bytes);
	assert_int_equal(got->file.deleted, want->file.deleted);
}

static void assert_same_end(const struct record_endpoint *got, const struct record_endpoint *want)
{
	assert_memory_equal(got->addr, want->addr, sizeof(want->addr));
	assert_int_equal(got->port, want->port);
	assert_true(got->bytes == want->bytes);
	assert_true(got->packets == want->packets);
}

static void assert_same_flow(const struct record_flow *got, const struct record_flow *want)
{
	assert_true(got->start_ns == want->start_ns);
	assert_true(got->end_ns == want->end_ns);
	assert_true(got->cookie == want->cookie);
	assert_int_equal(got->index, want->index);
	assert_int_equal(got->part, want->part);
	assert_int_equal(got->final, want->final);
	assert_int_equal(got->counters_reset, want->counters_reset);
	assert_int_equal(got->direction, want->direction);
	assert_int_equal(got->state, want->state);
	assert_int_equal(got->protocol, want->protocol);
	assert_int_equal(got->error, want->error);
	assert_same_end(&got->source, &want->source);
	assert_same_end(&got->destination, &want->destination);
	assert_int_equal(got->retransmits, want->retransmits);
	assert_int_equal(got->srtt_us, want->srtt_us);
	assert_int_equal(got->handshake_us, want->handshake_us);
	assert_int_equal(got->owner_quality, want->owner_quality);
	assert_same_process(&got->process, &want->process);
	assert_same_process(&got->listener, &want->listener);
}

void assert_same_record(const struct record *got, const struct record *want)
{
	assert_int_equal(got->class, want->class);
	if (want->class == RECORD_EXEC) {
		assert_same_exec(&got->exec, &want->exec);
	} else if (want->class == RECORD_EXIT) {
		assert_true(got->exit.time_ns == want->exit.time_ns);
		assert_same_process(&got->exit.process, &want->exit.process);
		assert_int_equal(got->exit.status, want->exit.status);
	} else if (want->class == RECORD_FLOW) {
		assert_same_flow(&got->flow, &want->flow);
	} else {
		assert_true(got->gap.time_ns == want->gap.time_ns);
		assert_int_equal(got->gap.class, want->gap.class);
		assert_int_equal(got->gap.reason, want->gap.reason);
		assert_true(got->gap.count == want->gap.count);
	}
}

struct expectation {
	const struct record *want;
	size_t count;
	size_t seen;
};

static int compare(void *context, const struct batch_header *header, const struct record *record)
{
	struct expectation *expected = context;

	assert_memory_equal(header->boot_id, sample_header.boot_id, sizeof(header->boot_id));
	assert_true(expected->seen < expected->count);
	assert_same_record(record, &expected->want[expected->seen]);
	expected->seen++;
	return 0;
}

void assert_decodes_to(const uint8_t *bytes, size_t size, size_t raw_size,
		       const struct record *want, size_t count)
{
	struct expectation expected = { .want = want, .count = count };
	const char *why = "none";

	assert_int_equal(batch_decode(bytes, size, raw_size, compare, &expected, &why), 0);
	assert_int_equal(expected.seen, count);
}

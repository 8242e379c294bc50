/* SPDX-License-Identifier: Apache-2.0 */
/* A turn: when the disk is waited for, and when the rings get their room back. */
#include "sensor/pipeline.h"

#include "support/fake_spool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/clock.h"
#include "support/event_build.h"
#include "support/ring_case.h"
#include "support/sample_records.h"

#define INSTANCE 7
#define RING_BYTES 65536u
#define MEMORY_BYTES (64u << 10)
#define BATCH_RECORDS 10

struct fixture {
	struct kernel_side kernel[EVENT_RING_COUNT];
	struct spool spool;
	struct pipeline pipeline;
	struct decoded_event event;
	void *memory;
	void *numbers;
};

static struct batch *new_batch(struct spool *spool, enum spool_lane lane)
{
	struct batch_options options = { .lane = lane,
					 .instance = INSTANCE,
					 .records_max = BATCH_RECORDS,
					 .interval_ns = UINT64_MAX };

	memcpy(options.boot_id, sample_header.boot_id, sizeof(options.boot_id));
	return batch_new(&options, spool);
}

static int set_up(void **state)
{
	const struct process_table_options processes = { .exited_max = 100, .live_max = 100 };
	struct fixture *f = calloc(1, sizeof(*f));
	struct pipeline *p = &f->pipeline;
	char error[ARGV_RULE_ERROR_BYTES];

	f->memory = calloc(1, MEMORY_BYTES);
	for (size_t i = 0; i < EVENT_RING_COUNT; i++) {
		if (open_kernel(&f->kernel[i], RING_BYTES, 0) < 0)
			return -1;
		fake_spool_fill(&f->spool, (enum spool_lane)i, 0);
		p->ring[i] = f->kernel[i].ring;
		p->batch[i] = new_batch(&f->spool, (enum spool_lane)i);
	}
	p->spool = &f->spool;
	p->event = &f->event;
	p->processes = process_table_new(&processes);
	p->marking = marking_new(NULL, 0); /* no first bytes come */
	p->digester = digester_new();
	assert_int_equal(argv_policy_new(ARGV_FULL, "", &p->argv, error), 0);
	p->cgroups = cgroup_names_new(10);
	f->numbers = calloc(1, sequence_bytes(1));
	if (journal_open(f->memory, MEMORY_BYTES, INSTANCE, &p->journal) < 0 ||
	    sequence_open(f->numbers, sequence_bytes(1), INSTANCE, &p->sequence) < 0)
		return -1;
	losses_init(&p->losses, p->journal, 1);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < EVENT_RING_COUNT; i++) {
		close_kernel(&f->kernel[i]);
		batch_free(f->pipeline.batch[i]);
	}
	journal_close(f->pipeline.journal);
	process_table_free(f->pipeline.processes);
	marking_free(f->pipeline.marking);
	argv_policy_free(f->pipeline.argv);
	digester_free(f->pipeline.digester);
	cgroup_names_free(f->pipeline.cgroups);
	sequence_close(f->pipeline.sequence);
	free(f->numbers);
	free(f->memory);
	free(f);
	return 0;
}

static void produce_flows(struct fixture *f, int count)
{
	const struct event_flow flow = build_flow(build_key(1000, 42, 1), 5000);

	for (; count > 0; count--)
		produce(&f->kernel[EVENT_RING_BULK], 0, &flow, sizeof(flow));
}

static void produce_fork(struct fixture *f)
{
	const struct event_fork fork =
		build_fork(build_key(2000, 43, 1), build_key(1000, 42, 1), 5000);

	produce(&f->kernel[EVENT_RING_VALUABLE], 0, &fork, sizeof(fork));
}

/* Of the bulk ring: how many flows it still holds for us. */
static uint64_t unreleased_flows(struct fixture *f)
{
	return ring_unreleased_bytes(f->pipeline.ring[EVENT_RING_BULK]) /
	       (sizeof(struct event_flow) + BPF_RINGBUF_HDR_SZ);
}

static void batches_of_one_turn_are_synced_once(void **state)
{
	struct fixture *f = *state;

	produce_flows(f, 4 * BATCH_RECORDS + 5);
	pipeline_turn(&f->pipeline, TURN_NO_WAITING);
	assert_int_equal(f->spool.appended, 4);
	assert_int_equal(f->spool.syncs, 1);
	assert_int_equal(unreleased_flows(f), 5);
	assert_false(pipeline_is_drained(&f->pipeline));
	pipeline_turn(&f->pipeline, TURN_NO_WAITING);
	assert_int_equal(f->spool.syncs, 1); /* nothing new to sync */
	pipeline_turn(&f->pipeline, TURN_LAST);
	assert_int_equal(f->spool.appended, 5);
	assert_int_equal(unreleased_flows(f), 0);
	assert_true(pipeline_is_drained(&f->pipeline));
}

/* In a storm each turn fills batches: the disk is not waited for with each of them, but soon. */
static void full_batches_wait_for_each_other(void **state)
{
	struct fixture *f = *state;

	produce_flows(f, BATCH_RECORDS);
	pipeline_turn(&f->pipeline, TURN_USUAL);
	assert_int_equal(f->spool.syncs, 1); /* the last was long ago */
	f->pipeline.synced_ns = f->pipeline.now_ns + 3600 * NS_PER_S; /* however slow we are */
	produce_flows(f, BATCH_RECORDS);
	pipeline_turn(&f->pipeline, TURN_USUAL);
	assert_int_equal(f->spool.appended, 2);
	assert_int_equal(f->spool.syncs, 1);
	assert_int_equal(unreleased_flows(f), BATCH_RECORDS);
	f->pipeline.synced_ns = 0;
	pipeline_turn(&f->pipeline, TURN_USUAL);
	assert_int_equal(f->spool.syncs, 2);
	assert_int_equal(unreleased_flows(f), 0);
}

/* One that is due by its age comes seldom enough. */
static void an_aged_batch_is_synced_at_once(void **state)
{
	struct fixture *f = *state;
	struct batch_options options = { .lane = SPOOL_LANE_B,
					 .instance = INSTANCE,
					 .records_max = BATCH_RECORDS };

	batch_free(f->pipeline.batch[SPOOL_LANE_B]);
	f->pipeline.batch[SPOOL_LANE_B] = batch_new(&options, &f->spool);
	pipeline_turn(&f->pipeline, TURN_USUAL);
	f->pipeline.synced_ns = f->pipeline.now_ns + 3600 * NS_PER_S;
	produce_flows(f, 1);
	pipeline_turn(&f->pipeline, TURN_USUAL);
	assert_int_equal(f->spool.syncs, 1);
	assert_int_equal(unreleased_flows(f), 0);
}

static void a_ring_that_fills_is_synced_for(void **state)
{
	struct fixture *f = *state;

	pipeline_turn(&f->pipeline, TURN_USUAL);
	f->pipeline.synced_ns = f->pipeline.now_ns + 3600 * NS_PER_S;
	produce_flows(f, 3 * BATCH_RECORDS); /* more than an eighth of the ring */
	pipeline_turn(&f->pipeline, TURN_USUAL);
	assert_int_equal(f->spool.syncs, 1);
	assert_int_equal(unreleased_flows(f), 0);
}

static void a_sync_that_fails_releases_nothing(void **state)
{
	struct fixture *f = *state;

	f->spool.sync_error = -EIO;
	produce_flows(f, 2 * BATCH_RECORDS);
	pipeline_turn(&f->pipeline, TURN_NO_WAITING);
	assert_int_equal(f->spool.appended, 2);
	assert_int_equal(unreleased_flows(f), 2 * BATCH_RECORDS);
	assert_int_equal(f->pipeline.write_error[SPOOL_LANE_B], -EIO);
	assert_int_equal(f->pipeline.write_error[SPOOL_LANE_A], 0);
	f->spool.sync_error = 0;
	pipeline_turn(&f->pipeline, TURN_NO_WAITING);
	assert_int_equal(f->spool.appended, 2); /* not a second time */
	assert_int_equal(unreleased_flows(f), 0);
	assert_int_equal(f->pipeline.write_error[SPOOL_LANE_B], 0);
}

static void a_batch_that_cannot_be_written_holds_the_ring(void **state)
{
	struct fixture *f = *state;

	f->spool.append_error = -ENOSPC;
	produce_flows(f, 3 * BATCH_RECORDS);
	produce_fork(f);
	pipeline_turn(&f->pipeline, TURN_NO_WAITING);
	assert_int_equal(unreleased_flows(f), 3 * BATCH_RECORDS);
	assert_int_equal(f->pipeline.write_error[SPOOL_LANE_B], -ENOSPC);
	/* The other lane goes on: what made no record is done with. */
	assert_int_equal(ring_unreleased_bytes(f->pipeline.ring[EVENT_RING_VALUABLE]), 0);
	f->spool.append_error = 0;
	pipeline_turn(&f->pipeline, TURN_NO_WAITING);
	assert_int_equal(f->spool.appended, 3);
	assert_int_equal(unreleased_flows(f), 0);
	assert_int_equal(f->pipeline.write_error[SPOOL_LANE_B], 0);
}

static void a_turn_without_anything_leaves_the_disk_alone(void **state)
{
	struct fixture *f = *state;

	produce_fork(f);
	pipeline_turn(&f->pipeline, TURN_LAST);
	assert_int_equal(f->spool.syncs, 0);
	assert_int_equal(ring_unreleased_bytes(f->pipeline.ring[EVENT_RING_VALUABLE]), 0);
	assert_int_equal(f->pipeline.counters.events, 1);
}

static void produce_life(struct fixture *f, struct process_key process)
{
	const struct event_fork fork = build_fork(process, build_key(1, 1, 1), 5000);
	const struct event_exit ended = build_exit(process, 5000);

	produce(&f->kernel[EVENT_RING_VALUABLE], 0, &fork, sizeof(fork));
	produce(&f->kernel[EVENT_RING_VALUABLE], 0, &ended, sizeof(ended));
}

/* Owner and listener have ended, the flow goes on: they outlast more lives than the table holds,
 * until its last part has been told. */
static void whose_flow_goes_on_is_known_to_its_end(void **state)
{
	struct fixture *f = *state;
	const struct process_key owner = build_key(7, 7, 1), listener = build_key(8, 8, 1),
				 other = build_key(9, 9, 1);
	struct event_flow flow = build_flow(owner, 6000);

	flow.listener = listener;
	flow.flags &= (uint8_t)~FLOW_FINAL;
	produce_life(f, owner);
	produce_life(f, listener);
	produce_life(f, other);
	pipeline_turn(&f->pipeline, TURN_NO_WAITING);
	produce(&f->kernel[EVENT_RING_BULK], 0, &flow, sizeof(flow));
	pipeline_turn(&f->pipeline, TURN_NO_WAITING);
	for (uint32_t i = 0; i < 300; i++) {
		produce_life(f, build_key(100 + i, 100 + i, 1));
		pipeline_turn(&f->pipeline, TURN_NO_WAITING);
	}
	assert_null(process_table_find(f->pipeline.processes, &other));
	assert_non_null(process_table_find(f->pipeline.processes, &owner));
	assert_non_null(process_table_find(f->pipeline.processes, &listener));
	flow.flags |= FLOW_FINAL;
	produce(&f->kernel[EVENT_RING_BULK], 0, &flow, sizeof(flow));
	pipeline_turn(&f->pipeline, TURN_NO_WAITING);
	assert_int_equal(f->pipeline.counters.flows_without_process, 0);
}

#define PIPELINE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PIPELINE_TEST(batches_of_one_turn_are_synced_once),
		PIPELINE_TEST(full_batches_wait_for_each_other),
		PIPELINE_TEST(an_aged_batch_is_synced_at_once),
		PIPELINE_TEST(a_ring_that_fills_is_synced_for),
		PIPELINE_TEST(a_sync_that_fails_releases_nothing),
		PIPELINE_TEST(a_batch_that_cannot_be_written_holds_the_ring),
		PIPELINE_TEST(a_turn_without_anything_leaves_the_disk_alone),
		PIPELINE_TEST(whose_flow_goes_on_is_known_to_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

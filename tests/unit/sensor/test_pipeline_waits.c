/* SPDX-License-Identifier: Apache-2.0 */
/* From two rings to records: what a flow does whose owner is not known yet. */
#include "sensor/pipeline.h"

#include "common/clock.h"
#include "common/log.h"
#include "support/temp_dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/event_build.h"
#include "support/ring_case.h"

#define RING_BYTES 4096
#define JOURNAL_BYTES 65536
#define LONG_NS (600 * NS_PER_S)

struct world {
	struct kernel_side kernel[EVENT_RING_COUNT];
	struct pipeline pipeline;
	char *directory;
	void *journal;
	void *numbers;
};

static const struct process_key owner = { 2000, 20, 2 };
static const struct process_key nobody;

static void open_lane(struct world *world, enum spool_lane lane)
{
	const struct batch_options options = { .lane = lane,
					       .records_max = 1000,
					       .interval_ns = LONG_NS };

	assert_int_equal(open_kernel(&world->kernel[lane], RING_BYTES, 0), 0);
	world->pipeline.ring[lane] = world->kernel[lane].ring;
	world->pipeline.batch[lane] = batch_new(&options, world->pipeline.spool);
	assert_non_null(world->pipeline.batch[lane]);
}

static int set_up(void **state)
{
	const struct process_table_options processes = { .exited_max = 10, .live_max = 10 };
	struct world *world = calloc(1, sizeof(*world));
	struct pipeline *p = &world->pipeline;
	struct spool_options spool = { .bytes_max = 1u << 20, .segment_bytes_max = 1u << 18 };
	char error[ARGV_RULE_ERROR_BYTES];

	world->directory = temp_dir_new();
	spool.directory = world->directory;
	assert_int_equal(spool_open(&spool, &p->spool), 0);
	open_lane(world, SPOOL_LANE_A);
	open_lane(world, SPOOL_LANE_B);
	world->journal = calloc(1, JOURNAL_BYTES);
	assert_int_equal(journal_open(world->journal, JOURNAL_BYTES, 1, &p->journal), 0);
	world->numbers = calloc(1, sequence_bytes(1));
	assert_int_equal(sequence_open(world->numbers, sequence_bytes(1), 1, &p->sequence), 0);
	losses_init(&p->losses, p->journal, spool_next_seq(p->spool, SPOOL_LANE_A));
	p->processes = process_table_new(&processes);
	p->marking = marking_new(NULL, 0); /* no first bytes come */
	p->digester = digester_new();
	assert_int_equal(argv_policy_new(ARGV_FULL, "", &p->argv, error), 0);
	p->cgroups = cgroup_names_new(10);
	p->event = malloc(sizeof(*p->event));
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	struct pipeline *p = &world->pipeline;

	for (size_t i = 0; i < EVENT_RING_COUNT; i++) {
		close_kernel(&world->kernel[i]);
		batch_free(p->batch[i]);
	}
	free(p->event);
	process_table_free(p->processes);
	marking_free(p->marking);
	argv_policy_free(p->argv);
	digester_free(p->digester);
	cgroup_names_free(p->cgroups);
	sequence_close(p->sequence);
	free(world->numbers);
	journal_close(p->journal);
	free(world->journal);
	spool_close(p->spool);
	temp_dir_remove(world->directory);
	free(world);
	return 0;
}

static void flow_of(struct world *world, struct process_key key, uint64_t time_ns)
{
	struct event_flow flow = build_flow(key, time_ns);

	produce(&world->kernel[EVENT_RING_BULK], 0, &flow, sizeof(flow));
}

static void fork_of(struct world *world, struct process_key key)
{
	struct event_fork event = build_fork(key, nobody, clock_boottime_ns());

	produce(&world->kernel[EVENT_RING_VALUABLE], 0, &event, sizeof(event));
}

static uint32_t flows(const struct world *world)
{
	return batch_count(world->pipeline.batch[SPOOL_LANE_B], RECORD_FLOW);
}

static void expect(struct world *world, enum pipeline_turn turn, uint32_t want_flows,
		   uint64_t want_without_process)
{
	pipeline_turn(&world->pipeline, turn);
	assert_int_equal(flows(world), want_flows);
	assert_int_equal(world->pipeline.counters.flows_without_process, want_without_process);
}

static void a_flow_waits_until_its_owner_is_told(void **state)
{
	struct world *world = *state;

	flow_of(world, owner, clock_boottime_ns());
	expect(world, TURN_USUAL, 0, 0);
	expect(world, TURN_USUAL, 0, 0);
	assert_false(pipeline_is_drained(&world->pipeline));
	/* It is still the kernel's: a kill now would lose nothing. */
	assert_true(ring_unreleased_bytes(world->kernel[EVENT_RING_BULK].ring) > 0);
	fork_of(world, owner);
	expect(world, TURN_USUAL, 1, 0);
}

static void a_flow_does_not_wait_for_an_owner_that_is_known(void **state)
{
	struct world *world = *state;

	fork_of(world, owner);
	flow_of(world, owner, clock_boottime_ns());
	flow_of(world, nobody, clock_boottime_ns());
	expect(world, TURN_USUAL, 2, 0);
}

/* The order of a ring is kept, so that its position says what has been read. */
static void those_behind_wait_as_well(void **state)
{
	struct world *world = *state;

	flow_of(world, nobody, clock_boottime_ns());
	flow_of(world, owner, clock_boottime_ns());
	flow_of(world, nobody, clock_boottime_ns());
	expect(world, TURN_USUAL, 1, 0);
	fork_of(world, owner);
	expect(world, TURN_USUAL, 3, 0);
}

static void an_old_flow_goes_as_it_is_and_is_counted(void **state)
{
	struct world *world = *state;
	uint64_t now_ns = clock_boottime_ns();

	flow_of(world, owner, now_ns > 2 * NS_PER_S ? now_ns - 2 * NS_PER_S : 0);
	expect(world, TURN_USUAL, 1, 1);
}

static void a_time_that_cannot_be_does_not_hold_up(void **state)
{
	struct world *world = *state;

	flow_of(world, owner, UINT64_MAX);
	flow_of(world, owner, clock_boottime_ns() + 2 * NS_PER_S);
	expect(world, TURN_USUAL, 2, 2);
}

static void nobody_waits_in_a_ring_that_fills(void **state)
{
	struct world *world = *state;
	uint32_t made = 0;

	while (!ring_is_half_full(world->kernel[EVENT_RING_BULK].ring)) {
		flow_of(world, owner, clock_boottime_ns());
		made++;
	}
	expect(world, TURN_USUAL, made, made);
}

static void the_books_and_the_end_do_not_wait(void **state)
{
	struct world *world = *state;

	flow_of(world, owner, clock_boottime_ns());
	expect(world, TURN_NO_WAITING, 1, 1);
	flow_of(world, owner, clock_boottime_ns());
	expect(world, TURN_LAST, 0, 2); /* written */
	assert_true(pipeline_is_drained(&world->pipeline));
	assert_int_equal(ring_unreleased_bytes(world->kernel[EVENT_RING_BULK].ring), 0);
}

#define PIPELINE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PIPELINE_TEST(a_flow_waits_until_its_owner_is_told),
		PIPELINE_TEST(a_flow_does_not_wait_for_an_owner_that_is_known),
		PIPELINE_TEST(those_behind_wait_as_well),
		PIPELINE_TEST(an_old_flow_goes_as_it_is_and_is_counted),
		PIPELINE_TEST(a_time_that_cannot_be_does_not_hold_up),
		PIPELINE_TEST(nobody_waits_in_a_ring_that_fills),
		PIPELINE_TEST(the_books_and_the_end_do_not_wait),
	};

	log_init("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

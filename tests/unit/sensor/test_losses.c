/* SPDX-License-Identifier: Apache-2.0 */
/* Every loss becomes a Gap once: over full batches, failed writes and a worker's restart. */
#include "sensor/losses.h"

#include "support/fake_spool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/sample_records.h"

#define INSTANCE 7
#define TIME_NS 1795395723456000000ull
#define MEMORY_BYTES (64u << 10)

struct fixture {
	struct batch_epoch *epoch; /* as whoever receives it all */
	struct spool spool;
	struct batch *batch;
	struct losses losses;
	uint64_t next_seq; /* of lane A */
	struct counters counters;
	struct journal *journal;
	void *memory;
};

static struct batch *new_batch(struct spool *spool, uint32_t records_max)
{
	struct batch_options options = { .lane = SPOOL_LANE_A,
					 .instance = INSTANCE,
					 .records_max = records_max,
					 .interval_ns = 1 };

	memcpy(options.boot_id, sample_header.boot_id, sizeof(options.boot_id));
	return batch_new(&options, spool);
}

static int set_up(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	f.memory = calloc(1, MEMORY_BYTES);
	f.batch = new_batch(&f.spool, 100);
	f.epoch = batch_epoch_new();
	f.next_seq = 1;
	*state = &f;
	if (!f.memory || !f.batch || !f.epoch ||
	    journal_open(f.memory, MEMORY_BYTES, INSTANCE, &f.journal) < 0)
		return -1;
	losses_init(&f.losses, f.journal, f.next_seq);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	journal_close(f->journal);
	batch_free(f->batch);
	batch_epoch_free(f->epoch);
	free(f->memory);
	return 0;
}

static void report(struct fixture *f)
{
	losses_report(&f->losses, f->batch, TIME_NS, 1);
}

static struct record gap(enum record_class class, enum gap_reason reason, uint64_t count)
{
	return (struct record){
		.class = RECORD_GAP,
		.gap = { .time_ns = TIME_NS, .class = class, .reason = reason, .count = count }
	};
}

/* Writes the batch, which must hold just these Gaps (none: nothing is written). */
static void assert_told(struct fixture *f, const struct record *want, size_t count)
{
	struct batch_input sent;

	losses_writing(&f->losses, f->journal, f->next_seq);
	assert_int_equal(batch_write(f->batch, 1), count > 0);
	if (count == 0)
		return;
	f->next_seq++;
	losses_written(&f->losses, f->journal);
	sent = (struct batch_input){ f->spool.payload, f->spool.appended_bytes,
				     f->spool.appended_mark.raw_size, f->spool.appended,
				     f->spool.appended_mark.epoch_index };
	assert_goes_on(f->epoch, &sent, want, count);
}

static uint64_t told(struct fixture *f, enum gap_reason reason, enum record_class class)
{
	return journal_totals(f->journal).gaps[reason][class];
}

static void kernel_loses(struct fixture *f, enum counter counter, uint64_t total)
{
	f->counters.value[counter] = total;
	losses_kernel(&f->losses, &f->counters);
}

static void kernel_losses_are_told_once(void **state)
{
	const struct record first[] = { gap(RECORD_EXEC, GAP_RING_FULL, 3),
					gap(RECORD_EXIT, GAP_RING_FULL, 4),
					gap(RECORD_FLOW, GAP_RING_FULL, 5) };
	const struct record second = gap(RECORD_FLOW, GAP_RING_FULL, 2);
	struct fixture *f = *state;

	kernel_loses(f, COUNTER_LOST_EXEC, 3);
	kernel_loses(f, COUNTER_LOST_EXIT, 4);
	kernel_loses(f, COUNTER_LOST_FLOW, 5);
	kernel_loses(f, COUNTER_LOST_FORK, 6); /* no record was lost with these two */
	kernel_loses(f, COUNTER_LOST_SNAPSHOT, 7);
	report(f);
	report(f);
	assert_told(f, first, 3);
	report(f);
	assert_told(f, NULL, 0);
	kernel_loses(f, COUNTER_LOST_FLOW, 7); /* a total, not what is new */
	report(f);
	assert_told(f, &second, 1);
	assert_int_equal(told(f, GAP_RING_FULL, RECORD_EXEC), 3);
	assert_int_equal(told(f, GAP_RING_FULL, RECORD_FLOW), 7);
}

static void each_place_has_its_reason(void **state)
{
	const struct record want[] = { gap(RECORD_FLOW, GAP_RING_FULL, 1),
				       gap(RECORD_EXEC, GAP_SPOOL_FULL, 20),
				       gap(RECORD_FLOW, GAP_SPOOL_FULL, 30),
				       gap(RECORD_EXIT, GAP_CORRUPT, 40),
				       gap(RECORD_FLOW, GAP_MALFORMED, 2) };
	const uint64_t execs[RECORD_CLASS_COUNT] = { [RECORD_EXEC] = 20 };
	const uint64_t flows[RECORD_CLASS_COUNT] = { [RECORD_FLOW] = 30 };
	struct fixture *f = *state;

	kernel_loses(f, COUNTER_LOST_FLOW, 1);
	losses_dropping(f->journal, SPOOL_LANE_A, 5, execs);
	losses_dropping(f->journal, SPOOL_LANE_B, 6, flows);
	f->spool.corrupt[RECORD_EXIT] = 40;
	losses_spool(&f->losses, f->journal, &f->spool);
	losses_count(&f->losses, GAP_MALFORMED, RECORD_FLOW);
	losses_count(&f->losses, GAP_MALFORMED, RECORD_FLOW);
	report(f);
	assert_told(f, want, 5);
	assert_int_equal(told(f, GAP_SPOOL_FULL, RECORD_EXEC), 20);
	assert_int_equal(told(f, GAP_CORRUPT, RECORD_EXIT), 40);
	assert_int_equal(journal_totals(f->journal).dropped_seq[SPOOL_LANE_B], 6);
}

static void no_room_now_is_told_later(void **state)
{
	const struct record want[] = { gap(RECORD_EXEC, GAP_RING_FULL, 1),
				       gap(RECORD_EXIT, GAP_RING_FULL, 12) };
	struct fixture *f = *state;

	batch_free(f->batch);
	f->batch = new_batch(&f->spool, 1);
	kernel_loses(f, COUNTER_LOST_EXEC, 1);
	kernel_loses(f, COUNTER_LOST_EXIT, 2);
	report(f);
	assert_told(f, &want[0], 1);
	assert_int_equal(told(f, GAP_RING_FULL, RECORD_EXIT), 0);
	kernel_loses(f, COUNTER_LOST_EXIT, 12);
	report(f);
	assert_told(f, &want[1], 1);
	assert_int_equal(told(f, GAP_RING_FULL, RECORD_EXIT), 12);
}

/* A worker that takes over tells what its predecessor had not, and nothing again. */
static void goes_on_where_another_worker_was(void **state)
{
	const struct record first[] = { gap(RECORD_EXEC, GAP_RING_FULL, 3),
					gap(RECORD_EXIT, GAP_RING_FULL, 4) };
	const struct record rest[] = { gap(RECORD_FLOW, GAP_SPOOL_FULL, 30),
				       gap(RECORD_EXIT, GAP_RING_FULL, 6),
				       gap(RECORD_FLOW, GAP_CORRUPT, 1) };
	const uint64_t flows[RECORD_CLASS_COUNT] = { [RECORD_FLOW] = 30 };
	struct fixture *f = *state;

	kernel_loses(f, COUNTER_LOST_EXEC, 3);
	kernel_loses(f, COUNTER_LOST_EXIT, 4);
	report(f);
	assert_told(f, first, 2);
	losses_dropping(f->journal, SPOOL_LANE_B, 6, flows);

	losses_init(&f->losses, f->journal, f->next_seq);
	report(f); /* before the kernel was asked */
	kernel_loses(f, COUNTER_LOST_EXIT, 10);
	f->spool.corrupt[RECORD_FLOW] = 1;
	losses_spool(&f->losses, f->journal, &f->spool);
	report(f);
	assert_told(f, rest, 3);
}

/* Killed between saying that a batch with Gaps is on its way and knowing that it arrived: whether
 * it is in the spool decides. */
static void killed_while_telling(void **state)
{
	const struct record want = gap(RECORD_EXEC, GAP_RING_FULL, 3);
	struct fixture *f = *state;

	for (int arrived = 0; arrived <= 1; arrived++) {
		kernel_loses(f, COUNTER_LOST_EXEC, 3);
		report(f);
		losses_writing(&f->losses, f->journal, f->next_seq);
		f->next_seq += (uint64_t)arrived;
		batch_free(f->batch);
		f->batch = new_batch(&f->spool, 100);
		losses_init(&f->losses, f->journal, f->next_seq);
		assert_int_equal(told(f, GAP_RING_FULL, RECORD_EXEC), arrived ? 3 : 0);
	}
	kernel_loses(f, COUNTER_LOST_EXEC, 6);
	report(f);
	assert_told(f, &want, 1);
	assert_int_equal(told(f, GAP_RING_FULL, RECORD_EXEC), 6);
}

static void counted_when_written(void **state)
{
	const struct record want[] = { gap(RECORD_EXEC, GAP_RING_FULL, 3),
				       gap(RECORD_EXEC, GAP_MALFORMED, 1) };
	struct fixture *f = *state;

	kernel_loses(f, COUNTER_LOST_EXEC, 3);
	losses_count(&f->losses, GAP_MALFORMED, RECORD_EXEC);
	report(f);
	f->spool.append_error = -ENOSPC;
	losses_writing(&f->losses, f->journal, f->next_seq);
	assert_int_equal(batch_write(f->batch, 1), -ENOSPC);
	assert_int_equal(told(f, GAP_RING_FULL, RECORD_EXEC), 0);
	f->spool.append_error = 0;
	assert_told(f, want, 2);
	assert_int_equal(told(f, GAP_RING_FULL, RECORD_EXEC), 3);
	losses_written(&f->losses, f->journal); /* a batch without Gaps */
	assert_int_equal(told(f, GAP_RING_FULL, RECORD_EXEC), 3);
	assert_int_equal(told(f, GAP_MALFORMED, RECORD_EXEC), 1);
}

static void ask_throttled(struct fixture *f, uint64_t execs, uint64_t flows, const char *cgroup)
{
	const struct event_throttle event = { .forks = 9, .execs = execs, .flows = flows };
	const struct record_gap gap = { .time_ns = TIME_NS, .cgroup = { cgroup, strlen(cgroup) } };

	losses_throttled(&f->losses, f->batch, &event, gap, 1);
}

static struct record throttled(enum record_class class, uint64_t count, const char *cgroup)
{
	struct record record = gap(class, GAP_THROTTLED, count);

	record.gap.cgroup = (struct text){ cgroup, strlen(cgroup) };
	return record;
}

static uint64_t compare(struct fixture *f, uint64_t missing, int seconds)
{
	const struct sequence_totals totals = { .missing[EVENT_RING_BULK] = missing };
	uint64_t found = 0;

	for (; seconds > 0; seconds--)
		found += losses_compare(&f->losses, &f->counters, &totals);
	return found;
}

static void throttled_groups_are_told_by_class(void **state)
{
	const struct record want[] = { throttled(RECORD_EXEC, 5, "/a"),
				       throttled(RECORD_FLOW, 6, "/a"),
				       throttled(RECORD_EXEC, 7, "/b") };
	struct fixture *f = *state;

	ask_throttled(f, 5, 6, "/a");
	ask_throttled(f, 7, 0, "/b");
	f->counters.value[COUNTER_THROTTLED_FORK] = 18; /* make no record */
	f->counters.value[COUNTER_THROTTLED_EXEC] = 12;
	f->counters.value[COUNTER_THROTTLED_FLOW] = 6;
	compare(f, 0, 20);
	report(f);
	assert_told(f, want, 3);
	assert_int_equal(told(f, GAP_THROTTLED, RECORD_EXEC), 12);
}

/* A count that no event brought is told all the same, without its group, once all is still. */
static void throttling_nobody_told_is_told(void **state)
{
	const struct record want = gap(RECORD_EXEC, GAP_THROTTLED, 4);
	struct fixture *f = *state;

	for (uint64_t total = 1; total <= 4; total++) {
		f->counters.value[COUNTER_THROTTLED_EXEC] = total;
		compare(f, 0, 2);
		report(f);
		assert_told(f, NULL, 0);
	}
	compare(f, 0, LOSSES_PATIENCE);
	report(f);
	assert_told(f, &want, 1);
}

/* What is missing by number and was counted is explained; one more is not. */
static void missing_numbers_need_a_reason(void **state)
{
	const struct record want[] = { gap(RECORD_FLOW, GAP_RING_FULL, 10),
				       gap(RECORD_FLOW, GAP_UNEXPLAINED, 1) };
	struct fixture *f = *state;

	kernel_loses(f, COUNTER_LOST_FLOW, 10);
	assert_int_equal(compare(f, 10, 20), 0);
	assert_int_equal(compare(f, 11, LOSSES_PATIENCE - 1), 0);
	assert_int_equal(compare(f, 11, 1), 1);
	assert_int_equal(compare(f, 11, 20), 0);
	report(f);
	assert_told(f, want, 2);
}

/* An event that is only late explains itself. */
static void a_moment_of_doubt_is_no_loss(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 10; i++) {
		assert_int_equal(compare(f, 3, LOSSES_PATIENCE - 1), 0);
		assert_int_equal(compare(f, 0, 1), 0);
	}
	report(f);
	assert_told(f, NULL, 0);
}

static void skipped_programs_are_told_by_what_they_make(void **state)
{
	const struct record want[] = { gap(RECORD_EXEC, GAP_KERNEL_SKIPPED, 3),
				       gap(RECORD_FLOW, GAP_KERNEL_SKIPPED, 2) };
	struct fixture *f = *state;
	struct keeper_probes probes = {
		.count = 4,
		.probe = { { .makes = EVENT_EXEC, .skipped = 3 },
			   { .makes = EVENT_FLOW, .skipped = 2 },
			   { .makes = EVENT_FORK }, /* makes no record: only heals */
			   { .makes = EVENT_KIND_NONE } },
	};

	assert_true(losses_skipped(&f->losses, &probes));
	assert_false(losses_skipped(&f->losses, &probes));
	probes.probe[2].skipped = 1;
	assert_true(losses_skipped(&f->losses, &probes));
	report(f);
	assert_told(f, want, 2);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(kernel_losses_are_told_once),
		TEST(each_place_has_its_reason),
		TEST(no_room_now_is_told_later),
		TEST(goes_on_where_another_worker_was),
		TEST(killed_while_telling),
		TEST(counted_when_written),
		TEST(throttled_groups_are_told_by_class),
		TEST(throttling_nobody_told_is_told),
		TEST(missing_numbers_need_a_reason),
		TEST(a_moment_of_doubt_is_no_loss),
		TEST(skipped_programs_are_told_by_what_they_make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

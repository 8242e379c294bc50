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
	struct spool spool;
	struct batch *batch;
	struct losses losses;
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
	losses_init(&f.losses, NULL);
	*state = &f;
	if (!f.memory || !f.batch)
		return -1;
	return journal_open(f.memory, MEMORY_BYTES, INSTANCE, &f.journal);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	journal_close(f->journal);
	batch_free(f->batch);
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
	assert_int_equal(batch_write(f->batch, 1), count > 0);
	if (count == 0)
		return;
	losses_written(&f->losses, f->journal);
	assert_decodes_to(f->spool.payload, f->spool.appended_bytes,
			  f->spool.appended_mark.raw_size, want, count);
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
	assert_int_equal(f->spool.appended_mark.lost_reported[RECORD_EXEC], 3);
	assert_int_equal(f->spool.appended_mark.lost_reported[RECORD_FLOW], 7);
}

static void each_place_has_its_reason(void **state)
{
	const struct record want[] = { gap(RECORD_FLOW, GAP_RING_FULL, 1),
				       gap(RECORD_EXEC, GAP_SPOOL_FULL, 20),
				       gap(RECORD_FLOW, GAP_SPOOL_FULL, 30),
				       gap(RECORD_EXIT, GAP_CORRUPT, 40),
				       gap(RECORD_FLOW, GAP_MALFORMED, 2) };
	struct fixture *f = *state;

	kernel_loses(f, COUNTER_LOST_FLOW, 1);
	f->spool.dropped[RECORD_EXEC] = 20;
	f->spool.dropped[RECORD_FLOW] = 30;
	f->spool.corrupt[RECORD_EXIT] = 40;
	losses_spool(&f->losses, &f->spool);
	losses_count(&f->losses, GAP_MALFORMED, RECORD_FLOW);
	losses_count(&f->losses, GAP_MALFORMED, RECORD_FLOW);
	report(f);
	assert_told(f, want, 5);
	/* Only what the kernel lost is known again from the kernel after a restart. */
	assert_int_equal(f->spool.appended_mark.lost_reported[RECORD_EXEC], 0);
	assert_int_equal(f->spool.appended_mark.lost_reported[RECORD_FLOW], 1);
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
	assert_int_equal(f->spool.appended_mark.lost_reported[RECORD_EXIT], 0);
	kernel_loses(f, COUNTER_LOST_EXIT, 12);
	report(f);
	assert_told(f, &want[1], 1);
	assert_int_equal(f->spool.appended_mark.lost_reported[RECORD_EXIT], 12);
}

/* A worker that takes over tells what its predecessor had not, and nothing again. */
static void goes_on_where_another_worker_was(void **state)
{
	const struct record want = gap(RECORD_EXIT, GAP_RING_FULL, 6);
	const struct spool_mark mark = { .lost_reported = {
						 [RECORD_EXEC] = 3, [RECORD_EXIT] = 4 } };
	struct fixture *f = *state;

	losses_init(&f->losses, &mark);
	report(f); /* before the kernel was asked */
	kernel_loses(f, COUNTER_LOST_EXEC, 3);
	kernel_loses(f, COUNTER_LOST_EXIT, 10);
	report(f);
	assert_told(f, &want, 1);
}

static void counted_when_written(void **state)
{
	struct fixture *f = *state;

	kernel_loses(f, COUNTER_LOST_EXEC, 3);
	losses_count(&f->losses, GAP_MALFORMED, RECORD_EXEC);
	report(f);
	f->spool.append_error = -ENOSPC;
	assert_int_equal(batch_write(f->batch, 1), -ENOSPC);
	assert_int_equal(journal_totals(f->journal).gaps[RECORD_EXEC], 0);
	f->spool.append_error = 0;
	assert_int_equal(batch_write(f->batch, 1), 1);
	losses_written(&f->losses, f->journal);
	assert_int_equal(journal_totals(f->journal).gaps[RECORD_EXEC], 4);
	losses_written(&f->losses, f->journal); /* a batch without Gaps */
	assert_int_equal(journal_totals(f->journal).gaps[RECORD_EXEC], 4);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(kernel_losses_are_told_once), TEST(each_place_has_its_reason),
		TEST(no_room_now_is_told_later),   TEST(goes_on_where_another_worker_was),
		TEST(counted_when_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

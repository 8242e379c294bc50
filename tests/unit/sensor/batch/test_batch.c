/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/batch/batch.h"

#include "support/fake_spool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/sample_records.h"

#define INSTANCE 0x77
#define INTERVAL_NS 1000
#define RECORDS_MAX 3
#define NOW_NS 5000

struct fixture {
	struct spool spool;
	struct batch *batch;
};

static int set_up(void **state)
{
	static struct fixture f;
	struct batch_options options = { .lane = SPOOL_LANE_B,
					 .instance = INSTANCE,
					 .records_max = RECORDS_MAX,
					 .interval_ns = INTERVAL_NS };

	memset(&f, 0, sizeof(f));
	memcpy(options.boot_id, sample_header.boot_id, sizeof(options.boot_id));
	f.batch = batch_new(&options, &f.spool);
	*state = &f;
	return f.batch ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	batch_free(f->batch);
	return 0;
}

static int add(struct fixture *f, struct record record)
{
	return batch_add(f->batch, &record, NOW_NS);
}

static void assert_in_spool(const struct fixture *f, const struct record *want, size_t count)
{
	assert_decodes_to(f->spool.payload, f->spool.appended_bytes,
			  f->spool.appended_mark.raw_size, want, count);
}

static void nothing_is_never_written(void **state)
{
	struct fixture *f = *state;

	assert_true(batch_is_empty(f->batch));
	assert_false(batch_is_full(f->batch));
	assert_false(batch_is_due(f->batch, UINT64_MAX));
	assert_int_equal(batch_write(f->batch, 1), 0);
	assert_int_equal(f->spool.appended, 0);
}

static void written_with_its_mark(void **state)
{
	const struct record want[] = { sample_exit(), sample_flow() };
	struct fixture *f = *state;

	assert_int_equal(add(f, want[0]), 0);
	assert_int_equal(add(f, want[1]), 0);
	batch_set_position(f->batch, 4096);
	batch_set_lost_reported(f->batch, RECORD_FLOW, 12);
	assert_int_equal(batch_count(f->batch, RECORD_EXIT), 1);
	assert_int_equal(batch_count(f->batch, RECORD_FLOW), 1);
	assert_int_equal(batch_count(f->batch, RECORD_EXEC), 0);
	assert_int_equal(batch_written_position(f->batch), 0);

	assert_int_equal(batch_write(f->batch, 1), 1);
	assert_in_spool(f, want, 2);
	assert_int_equal(f->spool.next_seq[SPOOL_LANE_B], 1);
	assert_int_equal(f->spool.next_seq[SPOOL_LANE_A], 0);
	assert_int_equal(f->spool.appended_mark.instance, INSTANCE);
	assert_int_equal(f->spool.appended_mark.ring_position, 4096);
	assert_int_equal(f->spool.appended_mark.lost_reported[RECORD_FLOW], 12);
	assert_int_equal(f->spool.appended_mark.counts[RECORD_EXIT], 1);
	assert_int_equal(f->spool.appended_mark.counts[RECORD_FLOW], 1);
	assert_int_equal(f->spool.appended_mark.counts[RECORD_EXEC], 0);
	assert_int_equal(batch_written_position(f->batch), 4096);
	assert_true(batch_is_empty(f->batch));
	assert_int_equal(batch_write(f->batch, 1), 0);
}

static void full_by_count(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < RECORDS_MAX; i++) {
		assert_false(batch_is_full(f->batch));
		assert_int_equal(add(f, sample_exit()), 0);
	}
	assert_true(batch_is_full(f->batch));
	assert_true(batch_is_due(f->batch, NOW_NS));
	assert_int_equal(add(f, sample_exit()), -EAGAIN);
	assert_int_equal(batch_write(f->batch, 1), 1);
	assert_int_equal(f->spool.appended_mark.counts[RECORD_EXIT], RECORDS_MAX);
	assert_false(batch_is_full(f->batch));
	assert_int_equal(add(f, sample_exit()), 0);
}

/* Texts that differ, so that none is interned away, until the largest might not fit. */
static void full_by_size(void **state)
{
	static char args[BATCH_TEXT_BYTES_MAX];
	const struct batch_options options = { .records_max = UINT32_MAX, .interval_ns = 1 };
	struct fixture *f = *state;
	struct record record = sample_exec();
	uint32_t added = 0;

	batch_free(f->batch);
	f->batch = batch_new(&options, &f->spool);
	assert_non_null(f->batch);
	record.exec.process.args = (struct text){ .at = args, .length = sizeof(args) };
	while (!batch_is_full(f->batch)) {
		memcpy(args, &added, sizeof(added));
		record.exec.process.key.pid = ++added;
		assert_int_equal(add(f, record), 0); /* not full: it takes any record */
	}
	assert_in_range(added, 2, 999);
	assert_int_equal(add(f, record), -EAGAIN);
	assert_int_equal(batch_write(f->batch, 1), 1);
	assert_int_equal(f->spool.appended_mark.counts[RECORD_EXEC], added);
	assert_int_equal(add(f, record), 0);
}

static void due_by_age_of_the_first(void **state)
{
	struct fixture *f = *state;
	struct record record = sample_exit();

	assert_int_equal(batch_add(f->batch, &record, NOW_NS), 0);
	assert_int_equal(batch_add(f->batch, &record, NOW_NS + INTERVAL_NS - 1), 0);
	assert_false(batch_is_due(f->batch, NOW_NS + INTERVAL_NS - 1));
	assert_true(batch_is_due(f->batch, NOW_NS + INTERVAL_NS));
	assert_false(batch_is_full(f->batch));
}

/* What the spool did not take stays as it was closed, and comes through at the next attempt. */
static void refused_by_the_spool(void **state)
{
	const struct record want = sample_flow();
	struct fixture *f = *state;

	assert_int_equal(add(f, want), 0);
	batch_set_position(f->batch, 100);
	f->spool.append_error = -ENOSPC;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(batch_write(f->batch, 1), -ENOSPC);
		assert_false(batch_is_empty(f->batch));
		assert_true(batch_is_due(f->batch, NOW_NS));
		assert_int_equal(batch_count(f->batch, RECORD_FLOW), 1);
		assert_int_equal(add(f, want), -EAGAIN);
		batch_set_position(f->batch, 200); /* of events that are not in this batch */
	}
	assert_int_equal(batch_written_position(f->batch), 0);
	f->spool.append_error = 0;
	assert_int_equal(batch_write(f->batch, 1), 1);
	assert_in_spool(f, &want, 1);
	assert_int_equal(f->spool.appended_mark.ring_position, 100);
	assert_int_equal(batch_written_position(f->batch), 100);
	assert_int_equal(batch_count(f->batch, RECORD_FLOW), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_never_written),
		TEST(written_with_its_mark),
		TEST(full_by_count),
		TEST(full_by_size),
		TEST(due_by_age_of_the_first),
		TEST(refused_by_the_spool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

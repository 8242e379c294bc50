/* SPDX-License-Identifier: Apache-2.0 */
/* Batches that build on each other leave the disk together. */
#include "support/spool_case.h"

/* Batch n, at that place of its epoch. */
static void append_at(struct spool *spool, enum spool_lane lane, uint32_t n, uint8_t epoch_index)
{
	struct spool_mark mark = mark_of(n);

	mark.epoch_index = epoch_index;
	assert_int_equal(append_mark(spool, lane, &mark), 0);
	assert_int_equal(spool_sync(spool), 0);
}

/* Epochs of four; alone a segment would hold two batches. */
static void append_epochs(struct spool *spool, enum spool_lane lane, uint32_t batches)
{
	for (uint32_t n = 1; n <= batches; n++)
		append_at(spool, lane, n, (uint8_t)((n - 1) % 4));
}

static void an_epoch_stays_in_one_segment(void **state)
{
	struct spool *spool = open_spool(*state);
	struct spool_batch batch;

	append_epochs(spool, B, 10);
	assert_int_equal(count_files(*state, 'b'), 3);
	assert_int_equal(spool_read(spool, B, 7, &batch), 0);
	assert_int_equal(batch.mark.epoch_index, 2);
	spool_close(spool);
}

static void what_is_acknowledged_stays_while_others_need_it(void **state)
{
	uint64_t acked[RECORD_CLASS_COUNT] = { 0 };
	struct spool *spool = open_spool(*state);
	struct spool_batch batch;

	append_epochs(spool, B, 12);
	spool_acknowledge(spool, B, 6, acked);
	assert_sums(acked, 1 + 2 + 3 + 4 + 5 + 6, 6);
	assert_int_equal(count_files(*state, 'b'), 2);
	assert_int_equal(spool_first_seq(spool, B), 7);
	assert_int_equal(spool_read(spool, B, 4, &batch), -ENOENT);
	assert_read(spool, B, 5, 5);
	assert_read(spool, B, 6, 6);
	assert_read(spool, B, 7, 7);
	spool_acknowledge(spool, B, 12, acked); /* the open epoch may go on with 13 */
	assert_read(spool, B, 9, 9);
	spool_close(spool);
}

static void what_gives_way_is_whole_epochs(void **state)
{
	struct spool_options options = options_of(*state);
	struct spool *spool;
	struct spool_batch batch;
	uint64_t first;

	options.bytes_max = 5000;
	spool = open_with(&options);
	append_epochs(spool, B, 40);
	first = spool_first_seq(spool, B);
	assert_in_range(first, 25, 37);
	assert_int_equal(spool_read(spool, B, first, &batch), 0);
	assert_int_equal(batch.mark.epoch_index, 0);
	assert_int_equal(stats_of(spool).dropped[RECORD_GAP], first - 1);
	spool_close(spool);
}

/* A new worker finds the epoch of the one before as it was left, and begins its own. */
static void a_new_worker_finds_whole_epochs(void **state)
{
	struct spool *spool = open_spool(*state);
	struct spool_batch batch;

	append_epochs(spool, B, 6);
	spool_close(spool);
	spool = open_spool(*state);
	append_at(spool, B, 7, 0);
	append_at(spool, B, 8, 1);
	for (uint32_t n = 1; n <= 8; n++)
		assert_read(spool, B, n, n);
	assert_int_equal(spool_read(spool, B, 6, &batch), 0);
	assert_int_equal(batch.mark.epoch_index, 1);
	assert_int_equal(spool_read(spool, B, 7, &batch), 0);
	assert_int_equal(batch.mark.epoch_index, 0);
	spool_close(spool);
}

static void what_is_written_off_counts_as_damaged(void **state)
{
	uint64_t acked[RECORD_CLASS_COUNT] = { 0 };
	struct spool *spool = open_spool(*state);

	append_epochs(spool, B, 4);
	spool_write_off(spool, B, 3);
	spool_write_off(spool, B, 3); /* once */
	assert_sums(stats_of(spool).corrupt, 3, 1);
	spool_acknowledge(spool, B, 4, acked);
	assert_sums(acked, 1 + 2 + 4, 3);
	spool_write_off(spool, B, 2); /* acknowledged: nothing is lost */
	assert_sums(stats_of(spool).corrupt, 3, 1);
	spool_close(spool);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_epoch_stays_in_one_segment),
		TEST(what_is_acknowledged_stays_while_others_need_it),
		TEST(what_gives_way_is_whole_epochs),
		TEST(a_new_worker_finds_whole_epochs),
		TEST(what_is_written_off_counts_as_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

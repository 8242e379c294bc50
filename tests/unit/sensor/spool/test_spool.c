/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <sys/resource.h>

#include "support/spool_case.h"

static void a_new_spool_is_empty(void **state)
{
	struct spool *spool = open_spool(*state);
	struct spool_mark mark;
	struct spool_batch batch;

	assert_int_not_equal(spool_generation(spool), 0);
	for (int lane = 0; lane < SPOOL_LANE_COUNT; lane++) {
		assert_int_equal(spool_first_seq(spool, (enum spool_lane)lane), 1);
		assert_int_equal(spool_next_seq(spool, (enum spool_lane)lane), 1);
		assert_int_equal(spool_synced_seq(spool, (enum spool_lane)lane), 1);
		assert_false(spool_last_mark(spool, (enum spool_lane)lane, &mark));
		assert_int_equal(spool_read(spool, (enum spool_lane)lane, 1, &batch), -ENOENT);
	}
	assert_sums(stats_of(spool).records, 0, 0);
	spool_close(spool);
	spool_close(NULL);
}

static void batches_come_back_as_they_were(void **state)
{
	struct spool *spool = open_spool(*state);
	struct spool_batch batch;

	for (uint32_t n = 1; n <= 7; n++)
		append(spool, A, n);
	append(spool, B, 9);
	assert_int_equal(spool_synced_seq(spool, A), 1);
	assert_int_equal(spool_sync(spool), 0);
	assert_int_equal(spool_synced_seq(spool, A), 8);
	assert_int_equal(spool_synced_seq(spool, B), 2);
	for (uint32_t n = 1; n <= 7; n++)
		assert_read(spool, A, n, n);
	assert_read(spool, B, 1, 9);
	assert_int_equal(spool_read(spool, A, 0, &batch), -ENOENT);
	assert_int_equal(spool_read(spool, A, 8, &batch), -ENOENT);
	assert_last_mark(spool, A, 7);
	assert_last_mark(spool, B, 9);
	assert_sums(stats_of(spool).records, 28 + 9, 8);
	assert_int_equal(stats_of(spool).batches[A], 7);
	assert_int_equal(stats_of(spool).batches[B], 1);
	spool_close(spool);
}

static void everything_is_found_again(void **state)
{
	struct spool *spool = open_spool(*state);
	uint64_t generation = spool_generation(spool);
	uint64_t bytes;

	append_many(spool, A, 1, 5);
	append_many(spool, B, 6, 6);
	bytes = stats_of(spool).bytes;
	spool_close(spool);
	spool = open_spool(*state);
	assert_int_equal(spool_generation(spool), generation);
	assert_int_equal(spool_next_seq(spool, A), 6);
	assert_int_equal(spool_synced_seq(spool, A), 6);
	assert_int_equal(spool_first_seq(spool, A), 1);
	assert_last_mark(spool, A, 5);
	assert_last_mark(spool, B, 6);
	assert_read(spool, A, 3, 3);
	assert_sums(stats_of(spool).records, 15 + 6, 6);
	assert_int_equal(stats_of(spool).earlier_records, 0);
	assert_int_equal(stats_of(spool).bytes, bytes);
	append(spool, A, 7);
	assert_int_equal(spool_next_seq(spool, A), 7);
	spool_close(spool);
}

/* Two batches a segment: acknowledging 3 leaves batch 4 in a file whose other half is done. */
static void acknowledged_batches_go(void **state)
{
	struct spool *spool = open_spool(*state);
	uint64_t acked[RECORD_CLASS_COUNT] = { 0 };
	struct spool_batch batch;

	append_many(spool, A, 1, 6);
	assert_int_equal(count_files(*state, 'a'), 3);
	spool_acknowledge(spool, A, 2, acked); /* the last of its file */
	assert_sums(acked, 1 + 2, 2);
	assert_int_equal(count_files(*state, 'a'), 2);
	spool_acknowledge(spool, A, 3, acked);
	assert_sums(acked, 1 + 2 + 3, 3);
	assert_int_equal(count_files(*state, 'a'), 2);
	assert_int_equal(spool_first_seq(spool, A), 4);
	assert_int_equal(spool_read(spool, A, 2, &batch), -ENOENT);
	assert_read(spool, A, 3, 3); /* acknowledged, but still there: others may need it */
	assert_read(spool, A, 4, 4);
	assert_sums(stats_of(spool).records, 4 + 5 + 6, 3);

	spool_acknowledge(spool, A, 3, acked); /* told twice, counted once */
	spool_acknowledge(spool, A, 0, acked);
	assert_sums(acked, 6, 3);
	spool_acknowledge(spool, A, 6, acked); /* adds */
	assert_sums(acked, 21, 6);
	assert_int_equal(count_files(*state, 'a'), 1);
	assert_int_equal(spool_first_seq(spool, A), spool_next_seq(spool, A));
	assert_last_mark(spool, A, 6);
	assert_sums(stats_of(spool).records, 0, 0);
	spool_close(spool);

	spool = open_spool(*state); /* nothing is left but numbers and mark */
	assert_int_equal(spool_next_seq(spool, A), 7);
	assert_last_mark(spool, A, 6);
	spool_close(spool);
}

/* A collector gone mad acknowledges what it was never sent. */
static void only_synced_batches_can_be_acknowledged(void **state)
{
	struct spool *spool = open_spool(*state);
	uint64_t acked[RECORD_CLASS_COUNT] = { 0 };

	spool_acknowledge(spool, A, UINT64_MAX, acked);
	assert_sums(acked, 0, 0);
	append_many(spool, A, 1, 1);
	append(spool, A, 2);
	spool_acknowledge(spool, A, 2, acked);
	assert_sums(acked, 1, 1);
	assert_int_equal(spool_first_seq(spool, A), 2);
	assert_read(spool, A, 2, 2);
	spool_close(spool);
}

static void other_instances_are_counted_apart(void **state)
{
	struct spool_options options = options_of(*state);
	struct spool *spool = open_spool(*state);
	uint64_t acked[RECORD_CLASS_COUNT] = { 0 };
	struct spool_mark mark;

	append_many(spool, A, 1, 3);
	spool_close(spool);
	options.instance = INSTANCE + 1;
	spool = open_with(&options);
	assert_false(spool_last_mark(spool, A, &mark));
	assert_sums(stats_of(spool).records, 0, 0);
	assert_int_equal(stats_of(spool).earlier_records, 6 * 6 + 3);
	assert_read(spool, A, 2, 2);

	mark = mark_of(10);
	mark.instance = INSTANCE + 1;
	assert_int_equal(append_mark(spool, A, &mark), 0);
	assert_int_equal(spool_sync(spool), 0);
	assert_true(spool_last_mark(spool, A, &mark));
	assert_int_equal(mark.ring_position, 10000);
	assert_sums(stats_of(spool).records, 10, 1);
	spool_acknowledge(spool, A, 4, acked);
	assert_sums(acked, 10, 1);
	assert_int_equal(stats_of(spool).earlier_records, 0);
	spool_close(spool);
}

/* The file size limit stands in for a full disk: the write comes back short or not at all. */
static void a_failed_write_changes_nothing(void **state)
{
	struct spool_options options = options_of(*state);
	struct spool_mark mark = mark_of(3);
	struct rlimit before, tight;
	struct spool *spool;
	int r;

	options.segment_bytes_max = 1 << 20;
	spool = open_with(&options);
	append_many(spool, A, 1, 2);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	tight = before;
	tight.rlim_cur = (rlim_t)file_size(*state, "a-0000000000000001.seg") + 100;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	r = append_mark(spool, A, &mark);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_true(r == -ENOSPC || r == -EFBIG);
	assert_int_equal(stats_of(spool).write_errors, 1);
	assert_int_equal(stats_of(spool).last_error, -r);
	assert_int_equal(spool_next_seq(spool, A), 3);
	assert_last_mark(spool, A, 2);
	assert_sums(stats_of(spool).records, 3, 2);

	append_many(spool, A, 3, 3); /* there is room again */
	assert_int_equal(stats_of(spool).last_error, 0);
	assert_int_equal(stats_of(spool).write_errors, 1);
	spool_close(spool);
	spool = open_spool(*state);
	assert_sums(stats_of(spool).records, 6, 3);
	assert_read(spool, A, 3, 3);
	spool_close(spool);
}

/* More than the memory of it starts with, popped and grown while it goes round. */
static void many_batches_are_counted_right(void **state)
{
	struct spool *spool = open_spool(*state);
	uint64_t acked[RECORD_CLASS_COUNT] = { 0 };
	uint64_t sum = 0;

	for (uint32_t n = 1; n <= 300; n++) {
		append(spool, A, n);
		sum += n;
		if (n % 3 != 0)
			continue;
		assert_int_equal(spool_sync(spool), 0);
		spool_acknowledge(spool, A, n / 3, acked);
	}
	assert_int_equal(stats_of(spool).batches[A], 200);
	assert_sums(acked, 100 * 101 / 2, 100);
	assert_sums(stats_of(spool).records, sum - 100 * 101 / 2, 200);
	spool_close(spool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SPOOL_TEST(a_new_spool_is_empty),
		SPOOL_TEST(batches_come_back_as_they_were),
		SPOOL_TEST(everything_is_found_again),
		SPOOL_TEST(acknowledged_batches_go),
		SPOOL_TEST(only_synced_batches_can_be_acknowledged),
		SPOOL_TEST(other_instances_are_counted_apart),
		SPOOL_TEST(a_failed_write_changes_nothing),
		SPOOL_TEST(many_batches_are_counted_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "support/spool_case.h"

/* Room for four segments of about 940 bytes: B gives way first, then A, never their last ones. */
static void the_oldest_give_way(void **state)
{
	struct spool_options options = options_of(*state);
	uint64_t acked[RECORD_CLASS_COUNT] = { 0 };
	struct spool *spool;

	options.bytes_max = 4 * SEGMENT_BYTES;
	spool = open_with(&options);
	append_many(spool, A, 1, 2);
	append_many(spool, B, 3, 6);
	spool_acknowledge(spool, B, 1, acked); /* batch 3 is delivered: never dropped */
	append_many(spool, A, 7, 8);
	assert_sums(stats_of(spool).dropped, 0, 0);
	append(spool, A, 9);
	assert_sums(stats_of(spool).dropped, 4, 1);
	assert_int_equal(spool_first_seq(spool, B), 3);
	assert_int_equal(count_files(*state, 'b'), 1);
	append_many(spool, A, 10, 12);
	assert_sums(stats_of(spool).dropped, 4 + 1 + 2, 3);
	assert_int_equal(spool_first_seq(spool, A), 3);
	assert_true(stats_of(spool).bytes <= options.bytes_max);
	assert_sums(stats_of(spool).records, 5 + 6 + 7 + 8 + 9 + 10 + 11 + 12, 8);
	assert_sums(acked, 3, 1);
	spool_close(spool);
}

static void dropped_records_of_earlier_instances_are_apart(void **state)
{
	struct spool_options options = options_of(*state);
	struct spool *spool = open_spool(*state);

	append_many(spool, B, 1, 4);
	spool_close(spool);
	options.instance = INSTANCE + 1;
	options.bytes_max = 1;
	spool = open_with(&options);
	append(spool, A, 9);
	assert_sums(stats_of(spool).dropped, 0, 0);
	assert_int_equal(stats_of(spool).earlier_dropped, 6 * (1 + 2) + 2);
	assert_int_equal(spool_first_seq(spool, B), 3);
	spool_close(spool);
}

/* What the last segments need, they get: a lane that could not write would stand still for ever. */
static void a_bound_too_tight_still_lets_write(void **state)
{
	struct spool_options options = options_of(*state);
	struct spool *spool;

	options.bytes_max = 1;
	spool = open_with(&options);
	append_many(spool, A, 1, 9);
	assert_int_equal(spool_next_seq(spool, A), 10);
	assert_read(spool, A, 9, 9);
	assert_true(count_files(*state, 'a') <= 2);
	spool_close(spool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SPOOL_TEST(the_oldest_give_way),
		SPOOL_TEST(dropped_records_of_earlier_instances_are_apart),
		SPOOL_TEST(a_bound_too_tight_still_lets_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

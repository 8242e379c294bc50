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

/* What is told before anything is unlinked can be kept before a kill. */
struct leaving {
	const char *directory;
	int files;
	uint64_t seq;
	uint64_t execs;
};

static void note_leaving(void *context, enum spool_lane lane, uint64_t seq,
			 const uint64_t counts[RECORD_CLASS_COUNT])
{
	struct leaving *leaving = context;

	leaving->files = count_files(leaving->directory, lane == A ? 'a' : 'b');
	leaving->seq = seq;
	leaving->execs += counts[RECORD_EXEC];
}

static void what_leaves_is_told_while_it_is_still_there(void **state)
{
	struct spool_options options = options_of(*state);
	uint64_t acked[RECORD_CLASS_COUNT] = { 0 };
	struct leaving acknowledged = { .directory = *state };
	struct leaving dropped = { .directory = *state };
	struct spool *spool;

	options.context = &acknowledged;
	options.acknowledging = note_leaving;
	spool = open_with(&options);
	append_many(spool, A, 1, 6);
	spool_acknowledge(spool, A, 4, acked);
	assert_int_equal(acknowledged.files, 3);
	assert_int_equal(count_files(*state, 'a'), 1);
	assert_int_equal(acknowledged.seq, 4);
	assert_int_equal(acknowledged.execs, 1 + 2 + 3 + 4);
	spool_close(spool);

	options.context = &dropped;
	options.dropping = note_leaving;
	options.bytes_max = SEGMENT_BYTES;
	spool = open_with(&options);
	append(spool, A, 7);
	append(spool, A, 8);
	append(spool, A, 9);
	assert_int_equal(dropped.files, 2);
	assert_int_equal(dropped.seq, 6);
	assert_int_equal(dropped.execs, 5 + 6);
	spool_close(spool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SPOOL_TEST(the_oldest_give_way),
		SPOOL_TEST(dropped_records_of_earlier_instances_are_apart),
		SPOOL_TEST(a_bound_too_tight_still_lets_write),
		SPOOL_TEST(what_leaves_is_told_while_it_is_still_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

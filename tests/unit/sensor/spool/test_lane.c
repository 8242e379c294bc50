/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <unistd.h>

#include "common/seglog.h"
#include "support/spool_case.h"

static void cut_file(const char *directory, const char *name, off_t by)
{
	char *path = temp_dir_path(directory, name);

	assert_int_equal(truncate(path, file_size(directory, name) - by), 0);
	free(path);
}

static void spoil_file(const char *directory, const char *name, off_t at)
{
	char *path = temp_dir_path(directory, name);
	int fd = open(path, O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "\xa5\xa5\xa5\xa5", 4, at), 4);
	close(fd);
	free(path);
}

/* Cut anywhere inside the last batch, as a kill in the middle of a write leaves it. */
static void a_torn_batch_is_as_if_never_written(void **state)
{
	const char *last = "a-0000000000000003.seg";
	struct spool *spool = open_spool(*state);
	off_t before, whole;

	append_many(spool, A, 1, 3);
	before = file_size(*state, last);
	append_many(spool, A, 4, 4);
	whole = file_size(*state, last) - before;
	spool_close(spool);
	for (off_t cut = 1; cut <= whole; cut += 13) {
		cut_file(*state, last, cut);
		spool = open_spool(*state);
		assert_last_mark(spool, A, 3);
		assert_int_equal(spool_next_seq(spool, A), 4);
		assert_int_equal(stats_of(spool).torn_bytes, whole - cut);
		assert_sums(stats_of(spool).records, 6, 3);
		append_many(spool, A, 4, 4);
		assert_read(spool, A, 4, 4);
		spool_close(spool);
	}
}

/* Damage while the spool is open: an acknowledgement passing over it does not count as delivery. */
static void a_batch_damaged_on_disk_is_told_apart(void **state)
{
	struct spool *spool = open_spool(*state);
	uint64_t acked[RECORD_CLASS_COUNT] = { 0 };
	struct spool_batch batch;

	append_many(spool, A, 1, 4);
	spoil_file(*state, "a-0000000000000001.seg", 64 + 200);
	assert_int_equal(spool_read(spool, A, 1, &batch), -ENOENT);
	assert_int_equal(spool_read(spool, A, 1, &batch), -ENOENT);
	assert_sums(stats_of(spool).corrupt, 1, 1);
	assert_read(spool, A, 2, 2);
	spool_acknowledge(spool, A, 4, acked);
	assert_sums(acked, 2 + 3 + 4, 3);
	assert_sums(stats_of(spool).corrupt, 1, 1);
	spool_close(spool);
}

static void damage_found_at_opening_is_counted(void **state)
{
	struct spool *spool = open_spool(*state);
	struct spool_batch batch;

	append_many(spool, A, 1, 6);
	spool_close(spool);
	spoil_file(*state, "a-0000000000000003.seg", 64 + 200);
	spool = open_spool(*state);
	assert_int_equal(stats_of(spool).corrupt_stretches, 1);
	assert_int_equal(stats_of(spool).missing_batches, 1);
	assert_sums(stats_of(spool).records, 1 + 2 + 4 + 5 + 6, 5);
	assert_int_equal(spool_read(spool, A, 3, &batch), -ENOENT);
	assert_read(spool, A, 4, 4);
	spool_close(spool);
}

static void another_sensors_spool_is_refused(void **state)
{
	struct spool_options options = options_of(*state);
	struct spool *spool = open_spool(*state);
	struct spool *other = NULL;

	append_many(spool, A, 1, 1);
	spool_close(spool);
	options.sensor[0] ^= 1;
	assert_int_equal(spool_open(&options, &other), -EUCLEAN);
	options = options_of("/nonexistent");
	assert_int_equal(spool_open(&options, &other), -ENOENT);
	assert_null(other);
}

/* A lane as a spool of another life left it, with so many records. */
static void make_lane(const char *directory, enum spool_lane lane, uint64_t generation, int records)
{
	struct spool_options options = options_of(directory);
	struct seglog_options log_options = {
		.directory = directory,
		.lane = (uint8_t)lane,
		.generation = generation,
		.segment_bytes_max = SEGMENT_BYTES,
		.now_ms = 1,
	};
	struct seglog_recovery recovery;
	struct seglog *log = NULL;
	uint64_t seq;

	memcpy(log_options.sensor, options.sensor, sizeof(options.sensor));
	assert_int_equal(seglog_open(&log_options, NULL, NULL, &log, &recovery), 0);
	for (int i = 0; i < records; i++)
		assert_int_equal(seglog_append(log, SEGMENT_BATCH, "no mark", 7, "x", 1, 2, &seq),
				 0);
	assert_int_equal(seglog_sync(log), 0);
	seglog_close(log);
}

static void fill_lane(const char *directory, enum spool_lane lane)
{
	struct spool *spool = open_spool(directory);

	append_many(spool, lane, 1, 1);
	spool_close(spool);
}

static void remove_lane(const char *directory, const char *name)
{
	char *path = temp_dir_path(directory, name);

	assert_int_equal(unlink(path), 0);
	free(path);
}

static void lanes_without_batches_follow_lane_a(void **state)
{
	struct spool *spool;

	make_lane(*state, A, 11, 0);
	make_lane(*state, B, 22, 0);
	spool = open_spool(*state);
	assert_int_equal(spool_generation(spool), 11);
	append_many(spool, B, 1, 1);
	spool_close(spool);
	spool = open_spool(*state);
	assert_int_equal(spool_generation(spool), 11);
	assert_int_equal(stats_of(spool).batches[B], 1);
	spool_close(spool);
}

static void the_lane_that_holds_batches_wins(void **state)
{
	struct spool *spool;
	uint64_t generation;

	fill_lane(*state, B);
	remove_lane(*state, "a-0000000000000001.seg");
	spool = open_spool(*state);
	generation = spool_generation(spool);
	assert_int_equal(stats_of(spool).batches[B], 1);
	assert_last_mark(spool, B, 1);
	spool_close(spool);

	remove_lane(*state, "a-0000000000000001.seg");
	make_lane(*state, A, 11, 0);
	spool = open_spool(*state);
	assert_int_equal(spool_generation(spool), generation);
	append_many(spool, A, 2, 2);
	spool_close(spool);
}

/* Nothing that may still be wanted is ever deleted to make ends meet. */
static void two_lanes_of_different_lives_are_refused(void **state)
{
	struct spool_options options = options_of(*state);
	struct spool *spool = NULL;

	fill_lane(*state, B);
	remove_lane(*state, "a-0000000000000001.seg");
	make_lane(*state, A, 11, 1);
	assert_int_equal(spool_open(&options, &spool), -EUCLEAN);
	assert_null(spool);
	assert_int_equal(count_files(*state, 'a'), 1);
	assert_int_equal(count_files(*state, 'b'), 1);
}

static void a_batch_without_readable_mark_counts_as_missing(void **state)
{
	struct spool *spool;
	struct spool_batch batch;

	make_lane(*state, A, 11, 2);
	spool = open_spool(*state);
	assert_int_equal(stats_of(spool).missing_batches, 2);
	assert_int_equal(stats_of(spool).batches[A], 0);
	assert_int_equal(spool_next_seq(spool, A), 3);
	assert_int_equal(spool_read(spool, A, 1, &batch), -ENOENT);
	spool_close(spool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SPOOL_TEST(a_torn_batch_is_as_if_never_written),
		SPOOL_TEST(a_batch_damaged_on_disk_is_told_apart),
		SPOOL_TEST(damage_found_at_opening_is_counted),
		SPOOL_TEST(another_sensors_spool_is_refused),
		SPOOL_TEST(lanes_without_batches_follow_lane_a),
		SPOOL_TEST(the_lane_that_holds_batches_wins),
		SPOOL_TEST(two_lanes_of_different_lives_are_refused),
		SPOOL_TEST(a_batch_without_readable_mark_counts_as_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

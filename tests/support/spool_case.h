/* SPDX-License-Identifier: Apache-2.0 */
/* A spool with batches whose marks follow from a number, for the tests of sensor/spool. */
#ifndef YAGURA_SUPPORT_SPOOL_CASE_H
#define YAGURA_SUPPORT_SPOOL_CASE_H

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "sensor/spool/spool.h"
#include "support/temp_dir.h"

#define INSTANCE 0xa1a2a3a4a5a6a7a8ull
#define SEGMENT_BYTES 1000 /* holds two batches of PAYLOAD_BYTES */
#define PAYLOAD_BYTES 382
#define A SPOOL_LANE_A
#define B SPOOL_LANE_B

static inline struct spool_options options_of(const char *directory)
{
	return (struct spool_options){
		.directory = directory,
		.sensor = "a sensor's uuid",
		.instance = INSTANCE,
		.bytes_max = 1 << 20,
		.segment_bytes_max = SEGMENT_BYTES,
		.now_ms = 1,
	};
}

static inline struct spool *open_with(const struct spool_options *options)
{
	struct spool *spool = NULL;

	assert_int_equal(spool_open(options, &spool), 0);
	assert_non_null(spool);
	return spool;
}

static inline struct spool *open_spool(const char *directory)
{
	struct spool_options options = options_of(directory);

	return open_with(&options);
}

/* Batch n holds n execs, 2n exits, 3n flows and one gap. */
static inline struct spool_mark mark_of(uint32_t n)
{
	return (struct spool_mark){
		.instance = INSTANCE,
		.ring_position = 1000ull * n,
		.counts = { n, 2 * n, 3 * n, 1 },
		.raw_size = 5000 + n,
	};
}

static inline int append_mark(struct spool *spool, enum spool_lane lane,
			      const struct spool_mark *mark)
{
	uint8_t payload[PAYLOAD_BYTES];

	memset(payload, (int)(mark->raw_size % 256), sizeof(payload));
	return spool_append(spool, lane, mark, payload, sizeof(payload), 2);
}

static inline void append(struct spool *spool, enum spool_lane lane, uint32_t n)
{
	struct spool_mark mark = mark_of(n);

	assert_int_equal(append_mark(spool, lane, &mark), 0);
}

static inline void append_many(struct spool *spool, enum spool_lane lane, uint32_t first,
			       uint32_t last)
{
	for (uint32_t n = first; n <= last; n++)
		append(spool, lane, n);
	assert_int_equal(spool_sync(spool), 0);
}

static inline void assert_mark(const struct spool_mark *mark, uint32_t n)
{
	struct spool_mark want = mark_of(n);

	assert_int_equal(mark->instance, want.instance);
	assert_int_equal(mark->ring_position, want.ring_position);
	assert_memory_equal(mark->counts, want.counts, sizeof(want.counts));
	assert_int_equal(mark->raw_size, want.raw_size);
}

static inline void assert_last_mark(const struct spool *spool, enum spool_lane lane, uint32_t n)
{
	struct spool_mark mark = { 0 };

	assert_true(spool_last_mark(spool, lane, &mark));
	assert_mark(&mark, n);
}

static inline void assert_read(struct spool *spool, enum spool_lane lane, uint64_t seq, uint32_t n)
{
	struct spool_batch batch;

	assert_int_equal(spool_read(spool, lane, seq, &batch), 0);
	assert_int_equal(batch.seq, seq);
	assert_mark(&batch.mark, n);
	assert_int_equal(batch.size, PAYLOAD_BYTES);
	for (uint32_t i = 0; i < batch.size; i++)
		assert_int_equal(batch.payload[i], (5000 + n) % 256);
}

static inline struct spool_stats stats_of(const struct spool *spool)
{
	struct spool_stats stats;

	spool_stats(spool, &stats);
	return stats;
}

/* `counts` of batches whose numbers add up to `sum`, `batches` of them. */
static inline void assert_sums(const uint64_t counts[RECORD_CLASS_COUNT], uint64_t sum,
			       uint64_t batches)
{
	assert_int_equal(counts[RECORD_EXEC], sum);
	assert_int_equal(counts[RECORD_EXIT], 2 * sum);
	assert_int_equal(counts[RECORD_FLOW], 3 * sum);
	assert_int_equal(counts[RECORD_GAP], batches);
}

static inline int count_files(const char *directory, char lane)
{
	const struct dirent *item;
	DIR *open_directory = opendir(directory);
	int count = 0;

	assert_non_null(open_directory);
	while ((item = readdir(open_directory)))
		count += item->d_name[0] == lane;
	closedir(open_directory);
	return count;
}

static inline off_t file_size(const char *directory, const char *name)
{
	char *path = temp_dir_path(directory, name);
	struct stat stat_now;

	assert_int_equal(stat(path, &stat_now), 0);
	free(path);
	return stat_now.st_size;
}

static inline int set_up(void **state)
{
	*state = temp_dir_new();
	return 0;
}

static inline int tear_down(void **state)
{
	temp_dir_remove(*state);
	return 0;
}

#define SPOOL_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

#endif

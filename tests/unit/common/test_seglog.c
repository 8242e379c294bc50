/* SPDX-License-Identifier: Apache-2.0 */
#include "common/seglog.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/temp_dir.h"

/* Every record of these tests: the aux is its number as text, the payload 16 bytes. */
#define AUX_BYTES 4
#define PAYLOAD_BYTES 16
#define RECORD_BYTES (SEGMENT_RECORD_BYTES + AUX_BYTES + PAYLOAD_BYTES)
#define THREE_RECORDS (SEGMENT_HEADER_BYTES + 3 * RECORD_BYTES)
#define FIRST_SEGMENT "a-0000000000000001.seg"
#define SECOND_SEGMENT "a-0000000000000004.seg" /* with three records a segment */

struct fixture {
	char *directory;
	struct seglog_options options;
	struct seglog_recovery recovery;
	struct seglog *log;
	uint64_t seen[64]; /* what seglog_open and seglog_drop_oldest reported */
	size_t seen_count;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->directory = temp_dir_new();
	f->options = (struct seglog_options){ .directory = f->directory,
					      .sensor = { 1, 2, 3 },
					      .generation = 7,
					      .segment_bytes_max = THREE_RECORDS,
					      .now_ms = 1000 };
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	seglog_close(f->log);
	temp_dir_remove(f->directory);
	free(f);
	return 0;
}

static void fill(uint64_t seq, char aux[AUX_BYTES + 1], char payload[PAYLOAD_BYTES + 1])
{
	snprintf(aux, AUX_BYTES + 1, "%04" PRIu64, seq % 10000);
	snprintf(payload, PAYLOAD_BYTES + 1, "payload %08" PRIu64, seq % 100000000);
}

static void assert_record(const struct segment_record *record, uint64_t seq)
{
	char aux[AUX_BYTES + 1];
	char payload[PAYLOAD_BYTES + 1];

	fill(seq, aux, payload);
	assert_true(record->seq == seq);
	assert_int_equal(record->type, SEGMENT_BATCH);
	assert_int_equal(record->aux_size, AUX_BYTES);
	assert_memory_equal(record->aux, aux, AUX_BYTES);
	assert_int_equal(record->payload_size, PAYLOAD_BYTES);
	assert_memory_equal(record->payload, payload, PAYLOAD_BYTES);
}

static void see(void *context, const struct segment_record *record)
{
	struct fixture *f = context;

	assert_record(record, record->seq);
	assert_true(f->seen_count < sizeof(f->seen) / sizeof(f->seen[0]));
	f->seen[f->seen_count++] = record->seq;
}

static int reopen(struct fixture *f)
{
	seglog_close(f->log);
	f->log = NULL;
	f->seen_count = 0;
	return seglog_open(&f->options, see, f, &f->log, &f->recovery);
}

static int append(struct fixture *f, uint64_t *ret_seq)
{
	char aux[AUX_BYTES + 1];
	char payload[PAYLOAD_BYTES + 1];

	fill(seglog_next_seq(f->log), aux, payload);
	return seglog_append(f->log, SEGMENT_BATCH, aux, AUX_BYTES, payload, PAYLOAD_BYTES, 2000,
			     ret_seq);
}

static void append_up_to(struct fixture *f, uint64_t last)
{
	uint64_t seq = 0;

	while (seglog_next_seq(f->log) <= last) {
		uint64_t want = seglog_next_seq(f->log);

		assert_int_equal(append(f, &seq), 0);
		assert_true(seq == want);
	}
}

static int read_seq(struct fixture *f, uint64_t seq)
{
	struct segment_record record;
	int r = seglog_read(f->log, seq, &record);

	if (r == 0)
		assert_record(&record, seq);
	return r;
}

static void assert_readable(struct fixture *f, uint64_t first, uint64_t last)
{
	for (uint64_t seq = first; seq <= last; seq++)
		assert_int_equal(read_seq(f, seq), 0);
}

static bool exists(struct fixture *f, const char *name)
{
	char *path = temp_dir_path(f->directory, name);
	bool is_there = access(path, F_OK) == 0;

	free(path);
	return is_there;
}

static off_t file_size(struct fixture *f, const char *name)
{
	char *path = temp_dir_path(f->directory, name);
	struct stat status;

	assert_int_equal(stat(path, &status), 0);
	free(path);
	return status.st_size;
}

static uint8_t *file_bytes(struct fixture *f, const char *name, size_t *ret_size)
{
	size_t size = (size_t)file_size(f, name);
	char *path = temp_dir_path(f->directory, name);
	uint8_t *bytes = malloc(size + 1);
	FILE *file = fopen(path, "re");

	assert_non_null(file);
	assert_int_equal(fread(bytes, 1, size, file), size);
	fclose(file);
	free(path);
	*ret_size = size;
	return bytes;
}

static void damage(struct fixture *f, const char *name, size_t offset)
{
	size_t size;
	uint8_t *bytes = file_bytes(f, name, &size);

	assert_true(offset < size);
	bytes[offset] ^= 0xff;
	temp_dir_write(f->directory, name, bytes, size);
	free(bytes);
}

static void check_new_log(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(reopen(f), 0);
	assert_true(seglog_first_seq(f->log) == 1);
	assert_true(seglog_next_seq(f->log) == 1);
	assert_true(seglog_generation(f->log) == 7);
	assert_true(seglog_bytes(f->log) == SEGMENT_HEADER_BYTES);
	assert_int_equal(read_seq(f, 0), -ENOENT);
	assert_int_equal(read_seq(f, 1), -ENOENT);
	assert_int_equal(read_seq(f, UINT64_MAX), -ENOENT);
	assert_int_equal(seglog_sync(f->log), 0);
	assert_true(exists(f, FIRST_SEGMENT));
}

static void check_append_and_reopen(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(reopen(f), 0);
	append_up_to(f, 8);
	assert_int_equal(seglog_sync(f->log), 0);
	assert_readable(f, 1, 8);
	assert_int_equal(file_size(f, FIRST_SEGMENT), THREE_RECORDS);
	assert_int_equal(file_size(f, SECOND_SEGMENT), THREE_RECORDS);
	assert_int_equal(file_size(f, "a-0000000000000007.seg"), THREE_RECORDS - RECORD_BYTES);
	assert_true(seglog_bytes(f->log) == 3 * THREE_RECORDS - RECORD_BYTES);

	f->options.generation = 8; /* for new logs only */
	assert_int_equal(reopen(f), 0);
	assert_true(seglog_generation(f->log) == 7);
	assert_true(seglog_first_seq(f->log) == 1);
	assert_true(seglog_next_seq(f->log) == 9);
	assert_true(seglog_bytes(f->log) == 3 * THREE_RECORDS - RECORD_BYTES);
	assert_int_equal(f->seen_count, 8);
	for (size_t i = 0; i < 8; i++)
		assert_true(f->seen[i] == i + 1);
	assert_true(f->recovery.records == 8);
	assert_true(f->recovery.torn_bytes == 0);
	assert_true(f->recovery.corrupt_stretches == 0);
	assert_true(f->recovery.missing_seqs == 0);
	append_up_to(f, 20);
	for (uint64_t seq = 20; seq > 0; seq--) /* against the grain */
		assert_int_equal(read_seq(f, seq), 0);
}

/* A record larger than a segment gets one of its own. */
static void check_large_record(void **state)
{
	struct fixture *f = *state;
	static const uint8_t payload[4 * THREE_RECORDS] = { 1, 2, 3 };
	struct segment_record record;
	uint64_t seq;

	assert_int_equal(reopen(f), 0);
	append_up_to(f, 1);
	assert_int_equal(seglog_append(f->log, 9, NULL, 0, payload, sizeof(payload), 0, &seq), 0);
	assert_true(seq == 2);
	append_up_to(f, 3);
	assert_int_equal(seglog_read(f->log, 2, &record), 0);
	assert_int_equal(record.type, 9);
	assert_int_equal(record.payload_size, sizeof(payload));
	assert_memory_equal(record.payload, payload, sizeof(payload));
	assert_true(exists(f, "a-0000000000000002.seg"));
	assert_true(exists(f, "a-0000000000000003.seg"));
}

static void check_limits(void **state)
{
	struct fixture *f = *state;
	uint64_t seq = 77;

	assert_int_equal(reopen(f), 0);
	assert_int_equal(seglog_append(f->log, 1, "", SEGMENT_AUX_BYTES_MAX + 1, "", 0, 0, &seq),
			 -EMSGSIZE);
	assert_int_equal(
		seglog_append(f->log, 1, "", 0, "", SEGMENT_PAYLOAD_BYTES_MAX + 1, 0, &seq),
		-EMSGSIZE);
	assert_true(seq == 77);
	assert_true(seglog_next_seq(f->log) == 1);
	f->options.lane = 26;
	assert_int_equal(reopen(f), -EINVAL);
	f->options.lane = 0;
	f->options.segment_bytes_max = (64 << 20) + 1;
	assert_int_equal(reopen(f), -EINVAL);
	f->options.segment_bytes_max = 4096;
	f->options.directory = "/nonexistent";
	assert_int_equal(reopen(f), -ENOENT);
	assert_null(f->log);
}

static void check_lanes_apart(void **state)
{
	struct fixture *f = *state;

	temp_dir_write(f->directory, "a-0000000000000001.seg.tmp", "x", 1);
	temp_dir_write(f->directory, "a-000000000000000G.seg", "x", 1);
	temp_dir_write(f->directory, "a-0000000000000000.seg", "x", 1);
	temp_dir_write(f->directory, "a-ffffffffffffffff.seg", "x", 1);
	assert_int_equal(reopen(f), 0);
	append_up_to(f, 5);
	f->options.lane = 1;
	assert_int_equal(reopen(f), 0);
	assert_int_equal(f->seen_count, 0);
	assert_true(seglog_next_seq(f->log) == 1);
	assert_true(exists(f, "b-0000000000000001.seg"));
}

static void check_drop_before(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(reopen(f), 0);
	append_up_to(f, 8);
	assert_int_equal(read_seq(f, 1), 0);
	assert_int_equal(seglog_drop_before(f->log, 3), 0); /* 3 itself is still wanted */
	assert_true(seglog_first_seq(f->log) == 1);
	assert_int_equal(seglog_drop_before(f->log, 4), 0);
	assert_true(seglog_first_seq(f->log) == 4);
	assert_false(exists(f, FIRST_SEGMENT));
	assert_int_equal(read_seq(f, 3), -ENOENT);
	assert_readable(f, 4, 8);

	/* Everything is acknowledged: the last segment stays, and with it the numbers. */
	assert_int_equal(seglog_drop_before(f->log, UINT64_MAX), 0);
	assert_true(seglog_first_seq(f->log) == 7);
	f->options.generation = 8;
	assert_int_equal(reopen(f), 0);
	assert_true(seglog_next_seq(f->log) == 9);
	assert_true(seglog_generation(f->log) == 7);
	assert_true(f->recovery.missing_seqs == 0);
	append_up_to(f, 9);
}

static void check_drop_oldest(void **state)
{
	struct fixture *f = *state;
	uint64_t first = 0;
	uint64_t last = 0;

	assert_int_equal(reopen(f), 0);
	append_up_to(f, 7);
	f->seen_count = 0;
	assert_int_equal(seglog_drop_oldest(f->log, see, f, &first, &last), 0);
	assert_true(first == 1 && last == 3);
	assert_int_equal(f->seen_count, 3);
	assert_true(f->seen[0] == 1 && f->seen[2] == 3);
	assert_false(exists(f, FIRST_SEGMENT));
	assert_true(seglog_bytes(f->log) == 2 * THREE_RECORDS - 2 * RECORD_BYTES);
	assert_int_equal(seglog_drop_oldest(f->log, NULL, NULL, &first, &last), 0);
	assert_true(first == 4 && last == 6);
	assert_int_equal(seglog_drop_oldest(f->log, see, f, &first, &last), -ENOENT);
	assert_true(first == 4 && last == 6);
	assert_readable(f, 7, 7);
}

/* The power went at every byte of a log of three records in its first segment. */
static void check_torn_tail(void **state)
{
	struct fixture *f = *state;
	size_t size;

	assert_int_equal(reopen(f), 0);
	append_up_to(f, 3);
	uint8_t *bytes = file_bytes(f, FIRST_SEGMENT, &size);

	assert_int_equal(size, THREE_RECORDS);
	for (size_t cut = 0; cut <= size; cut++) {
		size_t whole = cut < SEGMENT_HEADER_BYTES
				       ? 0
				       : (cut - SEGMENT_HEADER_BYTES) / RECORD_BYTES;
		size_t end = SEGMENT_HEADER_BYTES + whole * RECORD_BYTES;

		temp_dir_write(f->directory, FIRST_SEGMENT, bytes, cut);
		assert_int_equal(reopen(f), 0);
		assert_int_equal(f->seen_count, whole);
		assert_true(f->recovery.records == whole);
		assert_true(f->recovery.torn_bytes == (cut < end ? cut : cut - end));
		assert_true(f->recovery.corrupt_stretches == 0);
		assert_true(f->recovery.missing_seqs == 0);
		assert_true(seglog_next_seq(f->log) == whole + 1);
		assert_int_equal(file_size(f, FIRST_SEGMENT), end);
		append_up_to(f, 3);
		assert_readable(f, 1, 3);
	}
	free(bytes);
}

/* What was written holds zeroes where the disk had not got to it. */
static void check_zeroed_tail(void **state)
{
	struct fixture *f = *state;
	size_t size;

	assert_int_equal(reopen(f), 0);
	append_up_to(f, 2);
	uint8_t *bytes = file_bytes(f, FIRST_SEGMENT, &size);

	memset(bytes + size - RECORD_BYTES, 0, RECORD_BYTES);
	temp_dir_write(f->directory, FIRST_SEGMENT, bytes, size);
	free(bytes);
	assert_int_equal(reopen(f), 0);
	assert_true(f->recovery.records == 1);
	assert_true(f->recovery.torn_bytes == RECORD_BYTES);
	assert_true(f->recovery.corrupt_stretches == 0);
	assert_true(seglog_next_seq(f->log) == 2);
}

/* These bytes are in the sizes of the second record's head. Changed, they make it end beyond a
 * small file, like a torn write. */
static bool looks_torn(size_t at)
{
	return at == 5 || at == 10 || at == 11;
}

/* One byte of the second of three records rots, in an older segment (last == 4) or in the last one
 * (last == 3): the others stay, and no number is given away again. */
static void check_damaged_byte(struct fixture *f, uint64_t last, size_t at)
{
	assert_int_equal(reopen(f), 0);
	append_up_to(f, last);
	damage(f, FIRST_SEGMENT, SEGMENT_HEADER_BYTES + RECORD_BYTES + at);
	assert_int_equal(reopen(f), 0);
	assert_true(f->recovery.records == last - 1);
	assert_true(f->recovery.corrupt_stretches == 1);
	assert_true(f->recovery.missing_seqs == 1);
	assert_true(f->recovery.torn_bytes == 0);
	assert_true(seglog_next_seq(f->log) == last + 1);
	assert_int_equal(read_seq(f, 1), 0);
	assert_int_equal(read_seq(f, 2), -ENOENT);
	assert_readable(f, 3, last);
	damage(f, FIRST_SEGMENT, SEGMENT_HEADER_BYTES + RECORD_BYTES + at); /* and back */
}

static void check_damaged_middle(void **state)
{
	for (size_t at = 0; at < RECORD_BYTES; at++) {
		if (!looks_torn(at))
			check_damaged_byte(*state, 3, at);
	}
	for (size_t at = 0; at < RECORD_BYTES; at++)
		check_damaged_byte(*state, 4, at);
}

static void check_torn_size_in_last(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(reopen(f), 0);
	append_up_to(f, 3);
	damage(f, FIRST_SEGMENT, SEGMENT_HEADER_BYTES + RECORD_BYTES + 11);
	assert_int_equal(reopen(f), 0);
	assert_true(f->recovery.records == 1);
	assert_true(f->recovery.torn_bytes == 2 * RECORD_BYTES);
	assert_true(seglog_next_seq(f->log) == 2);
}

/* Found by fuzz_segment: the second record claims to reach into the torn fourth. If that were cut
 * off, the second would look torn the next time, and the good third one would go with it. */
static void check_damage_before_torn_tail(void **state)
{
	struct fixture *f = *state;
	const size_t claimed_byte = SEGMENT_HEADER_BYTES + RECORD_BYTES + 11;
	size_t size;

	f->options.segment_bytes_max = 4096;
	assert_int_equal(reopen(f), 0);
	append_up_to(f, 4);
	uint8_t *bytes = file_bytes(f, FIRST_SEGMENT, &size);

	bytes[claimed_byte] = PAYLOAD_BYTES + RECORD_BYTES + 5;
	temp_dir_write(f->directory, FIRST_SEGMENT, bytes, size - 20);
	free(bytes);
	assert_int_equal(reopen(f), 0);
	for (uint64_t next = 4; next < 7; next++) {
		assert_true(f->recovery.records == next - 2);
		assert_true(f->recovery.corrupt_stretches == 2);
		assert_true(f->recovery.missing_seqs == 1);
		assert_true(seglog_next_seq(f->log) == next);
		append_up_to(f, next);
		assert_readable(f, 3, next);
		assert_int_equal(reopen(f), 0);
	}
	assert_int_equal(file_size(f, FIRST_SEGMENT), size - 20);
	assert_int_equal(file_size(f, SECOND_SEGMENT), THREE_RECORDS);
}

/* The end of an older segment is gone: its numbers are missing, not reused. */
static void check_short_older(void **state)
{
	struct fixture *f = *state;
	size_t size;

	assert_int_equal(reopen(f), 0);
	append_up_to(f, 4);
	uint8_t *bytes = file_bytes(f, FIRST_SEGMENT, &size);

	temp_dir_write(f->directory, FIRST_SEGMENT, bytes, size - RECORD_BYTES - 1);
	free(bytes);
	assert_int_equal(reopen(f), 0);
	assert_true(f->recovery.records == 2);
	assert_true(f->recovery.corrupt_stretches == 1);
	assert_true(f->recovery.missing_seqs == 2);
	assert_true(f->recovery.torn_bytes == 0);
	assert_int_equal(read_seq(f, 2), -ENOENT);
	assert_int_equal(read_seq(f, 3), -ENOENT);
	assert_int_equal(read_seq(f, 4), 0);
	assert_true(seglog_next_seq(f->log) == 5);
}

/* A payload that looks like a record of the log is not taken for one behind damage. */
static void check_forged_record(void **state)
{
	struct fixture *f = *state;
	const struct segment_record forged = { .seq = 1000, .type = SEGMENT_BATCH };
	uint8_t payload[SEGMENT_RECORD_BYTES];
	uint64_t seq;

	f->options.segment_bytes_max = 4096;
	assert_int_equal(reopen(f), 0);
	segment_record_write(payload, &forged);
	assert_int_equal(seglog_append(f->log, 1, "", 0, payload, sizeof(payload), 0, &seq), 0);
	append_up_to(f, 2);
	damage(f, FIRST_SEGMENT, SEGMENT_HEADER_BYTES);
	assert_int_equal(reopen(f), 0);
	assert_int_equal(f->seen_count, 1);
	assert_true(f->seen[0] == 2);
	assert_true(seglog_next_seq(f->log) == 3);
}

static void check_rot_after_opening(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(reopen(f), 0);
	append_up_to(f, 4);
	damage(f, FIRST_SEGMENT, THREE_RECORDS - 1);
	assert_readable(f, 1, 2);
	assert_int_equal(read_seq(f, 3), -EBADMSG);
	assert_int_equal(read_seq(f, 4), 0);
}

/* The newest segment was being created when the power went, at each byte of its header. */
static void check_torn_header(void **state)
{
	struct fixture *f = *state;
	size_t size;

	assert_int_equal(reopen(f), 0);
	append_up_to(f, 4);
	uint8_t *bytes = file_bytes(f, SECOND_SEGMENT, &size);

	f->options.generation = 8;
	for (size_t cut = 0; cut < SEGMENT_HEADER_BYTES; cut++) {
		temp_dir_write(f->directory, SECOND_SEGMENT, bytes, cut);
		assert_int_equal(reopen(f), 0);
		assert_true(f->recovery.records == 3);
		assert_true(f->recovery.torn_bytes == cut);
		assert_true(seglog_next_seq(f->log) == 4);
		assert_true(seglog_generation(f->log) == 7);
		assert_true(seglog_bytes(f->log) == THREE_RECORDS + SEGMENT_HEADER_BYTES);
		append_up_to(f, 4);
		assert_int_equal(reopen(f), 0);
		assert_true(f->recovery.records == 4);
		assert_true(f->recovery.torn_bytes == 0);
	}
	free(bytes);
}

/* A header rots: the records behind it stay readable, new ones go to a new segment. */
static void check_damaged_headers(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(reopen(f), 0);
	append_up_to(f, 5);
	damage(f, FIRST_SEGMENT, 20);
	damage(f, SECOND_SEGMENT, 20);
	f->options.generation = 9; /* nobody knows the old one any more */
	assert_int_equal(reopen(f), 0);
	assert_true(f->recovery.records == 5);
	assert_true(f->recovery.corrupt_stretches == 2);
	assert_true(f->recovery.missing_seqs == 0);
	assert_true(seglog_generation(f->log) == 9);
	assert_readable(f, 1, 5);
	append_up_to(f, 6);
	assert_true(exists(f, "a-0000000000000006.seg"));
	f->options.generation = 10;
	assert_int_equal(reopen(f), 0);
	assert_true(f->recovery.records == 6);
	assert_true(f->recovery.corrupt_stretches == 2);
	assert_true(seglog_generation(f->log) == 9);
}

/* Found by fuzz_segment: a damaged header is no room that records can have been lost from. Opening
 * twice has to come to the same end. */
static void check_leap_behind_damaged_header(void **state)
{
	struct fixture *f = *state;
	size_t size;

	assert_int_equal(reopen(f), 0);
	append_up_to(f, 3);
	uint8_t *bytes = file_bytes(f, FIRST_SEGMENT, &size);

	bytes[20] ^= 0xff;
	memmove(bytes + SEGMENT_HEADER_BYTES, bytes + SEGMENT_HEADER_BYTES + RECORD_BYTES,
		2 * RECORD_BYTES);
	temp_dir_write(f->directory, FIRST_SEGMENT, bytes, size - RECORD_BYTES);
	free(bytes);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(reopen(f), 0);
		assert_true(f->recovery.records == 0);
		assert_true(f->recovery.torn_bytes == (i == 0 ? size - RECORD_BYTES : 0));
		assert_true(seglog_next_seq(f->log) == 1);
	}
}

static void check_foreign(void **state)
{
	struct fixture *f = *state;
	size_t size;

	assert_int_equal(reopen(f), 0);
	append_up_to(f, 4);
	f->options.sensor[0] = 99;
	assert_int_equal(reopen(f), -EUCLEAN);
	assert_null(f->log);
	f->options.sensor[0] = 1;

	/* A segment under another number's name. */
	uint8_t *bytes = file_bytes(f, SECOND_SEGMENT, &size);

	temp_dir_write(f->directory, "a-0000000000000009.seg", bytes, size);
	free(bytes);
	assert_int_equal(reopen(f), -EUCLEAN);
}

static void check_mixed_generations(void **state)
{
	struct fixture *f = *state;
	struct segment_header header = { .sensor = { 1, 2, 3 }, .generation = 6, .first_seq = 9 };
	uint8_t bytes[SEGMENT_HEADER_BYTES];

	assert_int_equal(reopen(f), 0);
	append_up_to(f, 4);
	segment_header_write(bytes, &header);
	temp_dir_write(f->directory, "a-0000000000000009.seg", bytes, sizeof(bytes));
	assert_int_equal(reopen(f), -EUCLEAN);
}

/* Limits file sizes to `bytes` while one append is tried: the kernel's own refusal, no mock. */
static int append_within(struct fixture *f, rlim_t bytes)
{
	struct rlimit old;
	struct rlimit narrow;
	uint64_t seq = 77;
	int r;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	narrow = (struct rlimit){ .rlim_cur = bytes, .rlim_max = old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &narrow), 0);
	r = append(f, &seq);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_true(r == 0 || seq == 77);
	return r;
}

static void check_failed_append(void **state)
{
	struct fixture *f = *state;
	const off_t used = THREE_RECORDS - RECORD_BYTES;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(reopen(f), 0);
	append_up_to(f, 2);
	/* Nothing of the record fits, then all numbers of its bytes. */
	assert_int_equal(append_within(f, (rlim_t)used), -EFBIG);
	assert_int_equal(file_size(f, FIRST_SEGMENT), used);
	for (rlim_t part = 1; part < RECORD_BYTES; part++) {
		assert_int_equal(append_within(f, (rlim_t)used + part), -ENOSPC);
		assert_int_equal(file_size(f, FIRST_SEGMENT), used);
		assert_true(seglog_next_seq(f->log) == 3);
		assert_true(seglog_bytes(f->log) == (uint64_t)used);
	}
	assert_readable(f, 1, 2);
	append_up_to(f, 3);
	assert_int_equal(reopen(f), 0);
	assert_true(f->recovery.records == 3);
	assert_true(f->recovery.torn_bytes == 0);
}

static void check_failed_roll_over(void **state)
{
	struct fixture *f = *state;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(reopen(f), 0);
	append_up_to(f, 3);
	assert_int_equal(append_within(f, SEGMENT_HEADER_BYTES - 1), -ENOSPC);
	assert_false(exists(f, SECOND_SEGMENT));
	assert_true(seglog_next_seq(f->log) == 4);
	assert_true(seglog_bytes(f->log) == THREE_RECORDS);
	/* The new segment can be made, but not filled: it stays, and the next record goes there. */
	assert_int_equal(append_within(f, SEGMENT_HEADER_BYTES), -EFBIG);
	assert_int_equal(file_size(f, SECOND_SEGMENT), SEGMENT_HEADER_BYTES);
	append_up_to(f, 6);
	assert_readable(f, 1, 6);
	assert_int_equal(reopen(f), 0);
	assert_true(f->recovery.records == 6);
}

#define TEST(check) cmocka_unit_test_setup_teardown(check, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(check_new_log),	       TEST(check_append_and_reopen),
		TEST(check_large_record),      TEST(check_limits),
		TEST(check_lanes_apart),       TEST(check_drop_before),
		TEST(check_drop_oldest),       TEST(check_torn_tail),
		TEST(check_zeroed_tail),       TEST(check_damaged_middle),
		TEST(check_torn_size_in_last), TEST(check_damage_before_torn_tail),
		TEST(check_short_older),       TEST(check_forged_record),
		TEST(check_rot_after_opening), TEST(check_torn_header),
		TEST(check_damaged_headers),   TEST(check_leap_behind_damaged_header),
		TEST(check_foreign),	       TEST(check_mixed_generations),
		TEST(check_failed_append),     TEST(check_failed_roll_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

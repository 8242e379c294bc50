/* SPDX-License-Identifier: Apache-2.0 */
#include "common/seglog.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/seglog_fixture.h"
#include "support/temp_dir.h"

/* The power went at every byte of a log of three records in its first segment. */
static void check_torn_tail(void **state)
{
	struct seglog_fixture *f = *state;
	size_t size;

	assert_int_equal(seglog_fixture_reopen(f), 0);
	seglog_fixture_append_up_to(f, 3);
	uint8_t *bytes = seglog_fixture_file_bytes(f, FIRST_SEGMENT, &size);

	assert_int_equal(size, THREE_RECORDS);
	for (size_t cut = 0; cut <= size; cut++) {
		size_t whole = cut < SEGMENT_HEADER_BYTES
				       ? 0
				       : (cut - SEGMENT_HEADER_BYTES) / RECORD_BYTES;
		size_t end = SEGMENT_HEADER_BYTES + whole * RECORD_BYTES;

		temp_dir_write(f->directory, FIRST_SEGMENT, bytes, cut);
		assert_int_equal(seglog_fixture_reopen(f), 0);
		assert_int_equal(f->seen_count, whole);
		assert_true(f->recovery.records == whole);
		assert_true(f->recovery.torn_bytes == (cut < end ? cut : cut - end));
		assert_true(f->recovery.corrupt_stretches == 0);
		assert_true(f->recovery.missing_seqs == 0);
		assert_true(seglog_next_seq(f->log) == whole + 1);
		assert_int_equal(seglog_fixture_file_size(f, FIRST_SEGMENT), end);
		seglog_fixture_append_up_to(f, 3);
		seglog_fixture_assert_readable(f, 1, 3);
	}
	free(bytes);
}

/* What was written holds zeroes where the disk had not got to it. */
static void check_zeroed_tail(void **state)
{
	struct seglog_fixture *f = *state;
	size_t size;

	assert_int_equal(seglog_fixture_reopen(f), 0);
	seglog_fixture_append_up_to(f, 2);
	uint8_t *bytes = seglog_fixture_file_bytes(f, FIRST_SEGMENT, &size);

	memset(bytes + size - RECORD_BYTES, 0, RECORD_BYTES);
	temp_dir_write(f->directory, FIRST_SEGMENT, bytes, size);
	free(bytes);
	assert_int_equal(seglog_fixture_reopen(f), 0);
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
static void check_damaged_byte(struct seglog_fixture *f, uint64_t last, size_t at)
{
	assert_int_equal(seglog_fixture_reopen(f), 0);
	seglog_fixture_append_up_to(f, last);
	seglog_fixture_damage(f, FIRST_SEGMENT, SEGMENT_HEADER_BYTES + RECORD_BYTES + at);
	assert_int_equal(seglog_fixture_reopen(f), 0);
	assert_true(f->recovery.records == last - 1);
	assert_true(f->recovery.corrupt_stretches == 1);
	assert_true(f->recovery.missing_seqs == 1);
	assert_true(f->recovery.torn_bytes == 0);
	assert_true(seglog_next_seq(f->log) == last + 1);
	assert_int_equal(seglog_fixture_read_seq(f, 1), 0);
	assert_int_equal(seglog_fixture_read_seq(f, 2), -ENOENT);
	seglog_fixture_assert_readable(f, 3, last);
	seglog_fixture_damage(f, FIRST_SEGMENT,
			      SEGMENT_HEADER_BYTES + RECORD_BYTES + at); /* and back */
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
	struct seglog_fixture *f = *state;

	assert_int_equal(seglog_fixture_reopen(f), 0);
	seglog_fixture_append_up_to(f, 3);
	seglog_fixture_damage(f, FIRST_SEGMENT, SEGMENT_HEADER_BYTES + RECORD_BYTES + 11);
	assert_int_equal(seglog_fixture_reopen(f), 0);
	assert_true(f->recovery.records == 1);
	assert_true(f->recovery.torn_bytes == 2 * RECORD_BYTES);
	assert_true(seglog_next_seq(f->log) == 2);
}

/* Found by fuzz_segment: the second record claims to reach into the torn fourth. If that were cut
 * off, the second would look torn the next time, and the good third one would go with it. */
static void check_damage_before_torn_tail(void **state)
{
	struct seglog_fixture *f = *state;
	const size_t claimed_byte = SEGMENT_HEADER_BYTES + RECORD_BYTES + 11;
	size_t size;

	f->options.segment_bytes_max = 4096;
	assert_int_equal(seglog_fixture_reopen(f), 0);
	seglog_fixture_append_up_to(f, 4);
	uint8_t *bytes = seglog_fixture_file_bytes(f, FIRST_SEGMENT, &size);

	bytes[claimed_byte] = PAYLOAD_BYTES + RECORD_BYTES + 5;
	temp_dir_write(f->directory, FIRST_SEGMENT, bytes, size - 20);
	free(bytes);
	assert_int_equal(seglog_fixture_reopen(f), 0);
	for (uint64_t next = 4; next < 7; next++) {
		assert_true(f->recovery.records == next - 2);
		assert_true(f->recovery.corrupt_stretches == 2);
		assert_true(f->recovery.missing_seqs == 1);
		assert_true(seglog_next_seq(f->log) == next);
		seglog_fixture_append_up_to(f, next);
		seglog_fixture_assert_readable(f, 3, next);
		assert_int_equal(seglog_fixture_reopen(f), 0);
	}
	assert_int_equal(seglog_fixture_file_size(f, FIRST_SEGMENT), size - 20);
	assert_int_equal(seglog_fixture_file_size(f, SECOND_SEGMENT), THREE_RECORDS);
}

/* The end of an older segment is gone: its numbers are missing, not reused. */
static void check_short_older(void **state)
{
	struct seglog_fixture *f = *state;
	size_t size;

	assert_int_equal(seglog_fixture_reopen(f), 0);
	seglog_fixture_append_up_to(f, 4);
	uint8_t *bytes = seglog_fixture_file_bytes(f, FIRST_SEGMENT, &size);

	temp_dir_write(f->directory, FIRST_SEGMENT, bytes, size - RECORD_BYTES - 1);
	free(bytes);
	assert_int_equal(seglog_fixture_reopen(f), 0);
	assert_true(f->recovery.records == 2);
	assert_true(f->recovery.corrupt_stretches == 1);
	assert_true(f->recovery.missing_seqs == 2);
	assert_true(f->recovery.torn_bytes == 0);
	assert_int_equal(seglog_fixture_read_seq(f, 2), -ENOENT);
	assert_int_equal(seglog_fixture_read_seq(f, 3), -ENOENT);
	assert_int_equal(seglog_fixture_read_seq(f, 4), 0);
	assert_true(seglog_next_seq(f->log) == 5);
}

/* A payload that looks like a record of the log is not taken for one behind damage. */
static void check_forged_record(void **state)
{
	struct seglog_fixture *f = *state;
	const struct segment_record forged = { .seq = 1000, .type = SEGMENT_BATCH };
	uint8_t payload[SEGMENT_RECORD_BYTES];
	uint64_t seq;

	f->options.segment_bytes_max = 4096;
	assert_int_equal(seglog_fixture_reopen(f), 0);
	segment_record_write(payload, &forged);
	assert_int_equal(seglog_append(f->log, 1, "", 0, payload, sizeof(payload), 0, &seq), 0);
	seglog_fixture_append_up_to(f, 2);
	seglog_fixture_damage(f, FIRST_SEGMENT, SEGMENT_HEADER_BYTES);
	assert_int_equal(seglog_fixture_reopen(f), 0);
	assert_int_equal(f->seen_count, 1);
	assert_true(f->seen[0] == 2);
	assert_true(seglog_next_seq(f->log) == 3);
}

/* The newest segment was being created when the power went, at each byte of its header. */
static void check_torn_header(void **state)
{
	struct seglog_fixture *f = *state;
	size_t size;

	assert_int_equal(seglog_fixture_reopen(f), 0);
	seglog_fixture_append_up_to(f, 4);
	uint8_t *bytes = seglog_fixture_file_bytes(f, SECOND_SEGMENT, &size);

	f->options.generation = 8;
	for (size_t cut = 0; cut < SEGMENT_HEADER_BYTES; cut++) {
		temp_dir_write(f->directory, SECOND_SEGMENT, bytes, cut);
		assert_int_equal(seglog_fixture_reopen(f), 0);
		assert_true(f->recovery.records == 3);
		assert_true(f->recovery.torn_bytes == cut);
		assert_true(seglog_next_seq(f->log) == 4);
		assert_true(seglog_generation(f->log) == 7);
		assert_true(seglog_bytes(f->log) == THREE_RECORDS + SEGMENT_HEADER_BYTES);
		seglog_fixture_append_up_to(f, 4);
		assert_int_equal(seglog_fixture_reopen(f), 0);
		assert_true(f->recovery.records == 4);
		assert_true(f->recovery.torn_bytes == 0);
	}
	free(bytes);
}

/* A header rots: the records behind it stay readable, new ones go to a new segment. */
static void check_damaged_headers(void **state)
{
	struct seglog_fixture *f = *state;

	assert_int_equal(seglog_fixture_reopen(f), 0);
	seglog_fixture_append_up_to(f, 5);
	seglog_fixture_damage(f, FIRST_SEGMENT, 20);
	seglog_fixture_damage(f, SECOND_SEGMENT, 20);
	f->options.generation = 9; /* nobody knows the old one any more */
	assert_int_equal(seglog_fixture_reopen(f), 0);
	assert_true(f->recovery.records == 5);
	assert_true(f->recovery.corrupt_stretches == 2);
	assert_true(f->recovery.missing_seqs == 0);
	assert_true(seglog_generation(f->log) == 9);
	seglog_fixture_assert_readable(f, 1, 5);
	seglog_fixture_append_up_to(f, 6);
	assert_true(seglog_fixture_exists(f, "a-0000000000000006.seg"));
	f->options.generation = 10;
	assert_int_equal(seglog_fixture_reopen(f), 0);
	assert_true(f->recovery.records == 6);
	assert_true(f->recovery.corrupt_stretches == 2);
	assert_true(seglog_generation(f->log) == 9);
}

/* Found by fuzz_segment: a damaged header is no room that records can have been lost from. Opening
 * twice has to come to the same end. */
static void check_leap_behind_damaged_header(void **state)
{
	struct seglog_fixture *f = *state;
	size_t size;

	assert_int_equal(seglog_fixture_reopen(f), 0);
	seglog_fixture_append_up_to(f, 3);
	uint8_t *bytes = seglog_fixture_file_bytes(f, FIRST_SEGMENT, &size);

	bytes[20] ^= 0xff;
	memmove(bytes + SEGMENT_HEADER_BYTES, bytes + SEGMENT_HEADER_BYTES + RECORD_BYTES,
		2 * RECORD_BYTES);
	temp_dir_write(f->directory, FIRST_SEGMENT, bytes, size - RECORD_BYTES);
	free(bytes);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(seglog_fixture_reopen(f), 0);
		assert_true(f->recovery.records == 0);
		assert_true(f->recovery.torn_bytes == (i == 0 ? size - RECORD_BYTES : 0));
		assert_true(seglog_next_seq(f->log) == 1);
	}
}

static void check_foreign(void **state)
{
	struct seglog_fixture *f = *state;
	size_t size;

	assert_int_equal(seglog_fixture_reopen(f), 0);
	seglog_fixture_append_up_to(f, 4);
	f->options.sensor[0] = 99;
	assert_int_equal(seglog_fixture_reopen(f), -EUCLEAN);
	assert_null(f->log);
	f->options.sensor[0] = 1;

	/* A segment under another number's name. */
	uint8_t *bytes = seglog_fixture_file_bytes(f, SECOND_SEGMENT, &size);

	temp_dir_write(f->directory, "a-0000000000000009.seg", bytes, size);
	free(bytes);
	assert_int_equal(seglog_fixture_reopen(f), -EUCLEAN);
}

static void check_mixed_generations(void **state)
{
	struct seglog_fixture *f = *state;
	struct segment_header header = { .sensor = { 1, 2, 3 }, .generation = 6, .first_seq = 9 };
	uint8_t bytes[SEGMENT_HEADER_BYTES];

	assert_int_equal(seglog_fixture_reopen(f), 0);
	seglog_fixture_append_up_to(f, 4);
	segment_header_write(bytes, &header);
	temp_dir_write(f->directory, "a-0000000000000009.seg", bytes, sizeof(bytes));
	assert_int_equal(seglog_fixture_reopen(f), -EUCLEAN);
}

#define TEST(check)                                                                                \
	cmocka_unit_test_setup_teardown(check, seglog_fixture_set_up, seglog_fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(check_torn_tail),
		TEST(check_zeroed_tail),
		TEST(check_damaged_middle),
		TEST(check_torn_size_in_last),
		TEST(check_damage_before_torn_tail),
		TEST(check_short_older),
		TEST(check_forged_record),
		TEST(check_torn_header),
		TEST(check_damaged_headers),
		TEST(check_leap_behind_damaged_header),
		TEST(check_foreign),
		TEST(check_mixed_generations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "common/seglog.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "support/seglog_fixture.h"
#include "support/temp_dir.h"

static void check_new_log(void **state)
{
	struct seglog_fixture *f = *state;

	assert_int_equal(seglog_fixture_reopen(f), 0);
	assert_true(seglog_first_seq(f->log) == 1);
	assert_true(seglog_next_seq(f->log) == 1);
	assert_true(seglog_generation(f->log) == 7);
	assert_true(seglog_bytes(f->log) == SEGMENT_HEADER_BYTES);
	assert_int_equal(seglog_fixture_read_seq(f, 0), -ENOENT);
	assert_int_equal(seglog_fixture_read_seq(f, 1), -ENOENT);
	assert_int_equal(seglog_fixture_read_seq(f, UINT64_MAX), -ENOENT);
	assert_int_equal(seglog_sync(f->log), 0);
	assert_true(seglog_fixture_exists(f, FIRST_SEGMENT));
}

static void check_append_and_reopen(void **state)
{
	struct seglog_fixture *f = *state;

	assert_int_equal(seglog_fixture_reopen(f), 0);
	seglog_fixture_append_up_to(f, 8);
	assert_int_equal(seglog_sync(f->log), 0);
	seglog_fixture_assert_readable(f, 1, 8);
	assert_int_equal(seglog_fixture_file_size(f, FIRST_SEGMENT), THREE_RECORDS);
	assert_int_equal(seglog_fixture_file_size(f, SECOND_SEGMENT), THREE_RECORDS);
	assert_int_equal(seglog_fixture_file_size(f, "a-0000000000000007.seg"),
			 THREE_RECORDS - RECORD_BYTES);
	assert_true(seglog_bytes(f->log) == 3 * THREE_RECORDS - RECORD_BYTES);

	f->options.generation = 8; /* for new logs only */
	assert_int_equal(seglog_fixture_reopen(f), 0);
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
	seglog_fixture_append_up_to(f, 20);
	for (uint64_t seq = 20; seq > 0; seq--) /* against the grain */
		assert_int_equal(seglog_fixture_read_seq(f, seq), 0);
}

/* A record larger than a segment gets one of its own. */
static void check_large_record(void **state)
{
	struct seglog_fixture *f = *state;
	static const uint8_t payload[4 * THREE_RECORDS] = { 1, 2, 3 };
	struct segment_record record;
	uint64_t seq;

	assert_int_equal(seglog_fixture_reopen(f), 0);
	seglog_fixture_append_up_to(f, 1);
	assert_int_equal(seglog_append(f->log, 9, NULL, 0, payload, sizeof(payload), 0, &seq), 0);
	assert_true(seq == 2);
	seglog_fixture_append_up_to(f, 3);
	assert_int_equal(seglog_read(f->log, 2, &record), 0);
	assert_int_equal(record.type, 9);
	assert_int_equal(record.payload_size, sizeof(payload));
	assert_memory_equal(record.payload, payload, sizeof(payload));
	assert_true(seglog_fixture_exists(f, "a-0000000000000002.seg"));
	assert_true(seglog_fixture_exists(f, "a-0000000000000003.seg"));
}

static void check_limits(void **state)
{
	struct seglog_fixture *f = *state;
	uint64_t seq = 77;

	assert_int_equal(seglog_fixture_reopen(f), 0);
	assert_int_equal(seglog_append(f->log, 1, "", SEGMENT_AUX_BYTES_MAX + 1, "", 0, 0, &seq),
			 -EMSGSIZE);
	assert_int_equal(
		seglog_append(f->log, 1, "", 0, "", SEGMENT_PAYLOAD_BYTES_MAX + 1, 0, &seq),
		-EMSGSIZE);
	assert_true(seq == 77);
	assert_true(seglog_next_seq(f->log) == 1);
	f->options.lane = 26;
	assert_int_equal(seglog_fixture_reopen(f), -EINVAL);
	f->options.lane = 0;
	f->options.segment_bytes_max = (64 << 20) + 1;
	assert_int_equal(seglog_fixture_reopen(f), -EINVAL);
	f->options.segment_bytes_max = 4096;
	f->options.directory = "/nonexistent";
	assert_int_equal(seglog_fixture_reopen(f), -ENOENT);
	assert_null(f->log);
}

static void check_lanes_apart(void **state)
{
	struct seglog_fixture *f = *state;

	temp_dir_write(f->directory, "a-0000000000000001.seg.tmp", "x", 1);
	temp_dir_write(f->directory, "a-000000000000000G.seg", "x", 1);
	temp_dir_write(f->directory, "a-0000000000000000.seg", "x", 1);
	temp_dir_write(f->directory, "a-ffffffffffffffff.seg", "x", 1);
	assert_int_equal(seglog_fixture_reopen(f), 0);
	seglog_fixture_append_up_to(f, 5);
	f->options.lane = 1;
	assert_int_equal(seglog_fixture_reopen(f), 0);
	assert_int_equal(f->seen_count, 0);
	assert_true(seglog_next_seq(f->log) == 1);
	assert_true(seglog_fixture_exists(f, "b-0000000000000001.seg"));
}

static void check_drop_before(void **state)
{
	struct seglog_fixture *f = *state;

	assert_int_equal(seglog_fixture_reopen(f), 0);
	seglog_fixture_append_up_to(f, 8);
	assert_int_equal(seglog_fixture_read_seq(f, 1), 0);
	assert_int_equal(seglog_drop_before(f->log, 3), 0); /* 3 itself is still wanted */
	assert_true(seglog_first_seq(f->log) == 1);
	assert_int_equal(seglog_drop_before(f->log, 4), 0);
	assert_true(seglog_first_seq(f->log) == 4);
	assert_false(seglog_fixture_exists(f, FIRST_SEGMENT));
	assert_int_equal(seglog_fixture_read_seq(f, 3), -ENOENT);
	seglog_fixture_assert_readable(f, 4, 8);

	/* Everything is acknowledged: the last segment stays, and with it the numbers. */
	assert_int_equal(seglog_drop_before(f->log, UINT64_MAX), 0);
	assert_true(seglog_first_seq(f->log) == 7);
	f->options.generation = 8;
	assert_int_equal(seglog_fixture_reopen(f), 0);
	assert_true(seglog_next_seq(f->log) == 9);
	assert_true(seglog_generation(f->log) == 7);
	assert_true(f->recovery.missing_seqs == 0);
	seglog_fixture_append_up_to(f, 9);
}

static void check_drop_oldest(void **state)
{
	struct seglog_fixture *f = *state;
	uint64_t first = 0;
	uint64_t last = 0;

	assert_int_equal(seglog_fixture_reopen(f), 0);
	seglog_fixture_append_up_to(f, 7);
	f->seen_count = 0;
	assert_int_equal(seglog_drop_oldest(f->log, seglog_fixture_see, f, &first, &last), 0);
	assert_true(first == 1 && last == 3);
	assert_int_equal(f->seen_count, 3);
	assert_true(f->seen[0] == 1 && f->seen[2] == 3);
	assert_false(seglog_fixture_exists(f, FIRST_SEGMENT));
	assert_true(seglog_bytes(f->log) == 2 * THREE_RECORDS - 2 * RECORD_BYTES);
	assert_int_equal(seglog_drop_oldest(f->log, NULL, NULL, &first, &last), 0);
	assert_true(first == 4 && last == 6);
	assert_int_equal(seglog_drop_oldest(f->log, seglog_fixture_see, f, &first, &last), -ENOENT);
	assert_true(first == 4 && last == 6);
	seglog_fixture_assert_readable(f, 7, 7);
}

static void check_rot_after_opening(void **state)
{
	struct seglog_fixture *f = *state;

	assert_int_equal(seglog_fixture_reopen(f), 0);
	seglog_fixture_append_up_to(f, 4);
	seglog_fixture_damage(f, FIRST_SEGMENT, THREE_RECORDS - 1);
	seglog_fixture_assert_readable(f, 1, 2);
	assert_int_equal(seglog_fixture_read_seq(f, 3), -EBADMSG);
	assert_int_equal(seglog_fixture_read_seq(f, 4), 0);
}

/* Limits file sizes to `bytes` while one append is tried: the kernel's own refusal, no mock. */
static int append_within(struct seglog_fixture *f, rlim_t bytes)
{
	struct rlimit old;
	struct rlimit narrow;
	uint64_t seq = 77;
	int r;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	narrow = (struct rlimit){ .rlim_cur = bytes, .rlim_max = old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &narrow), 0);
	r = seglog_fixture_append(f, &seq);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_true(r == 0 || seq == 77);
	return r;
}

static void check_failed_append(void **state)
{
	struct seglog_fixture *f = *state;
	const off_t used = THREE_RECORDS - RECORD_BYTES;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(seglog_fixture_reopen(f), 0);
	seglog_fixture_append_up_to(f, 2);
	/* Nothing of the record fits, then all numbers of its bytes. */
	assert_int_equal(append_within(f, (rlim_t)used), -EFBIG);
	assert_int_equal(seglog_fixture_file_size(f, FIRST_SEGMENT), used);
	for (rlim_t part = 1; part < RECORD_BYTES; part++) {
		assert_int_equal(append_within(f, (rlim_t)used + part), -ENOSPC);
		assert_int_equal(seglog_fixture_file_size(f, FIRST_SEGMENT), used);
		assert_true(seglog_next_seq(f->log) == 3);
		assert_true(seglog_bytes(f->log) == (uint64_t)used);
	}
	seglog_fixture_assert_readable(f, 1, 2);
	seglog_fixture_append_up_to(f, 3);
	assert_int_equal(seglog_fixture_reopen(f), 0);
	assert_true(f->recovery.records == 3);
	assert_true(f->recovery.torn_bytes == 0);
}

static void check_failed_roll_over(void **state)
{
	struct seglog_fixture *f = *state;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(seglog_fixture_reopen(f), 0);
	seglog_fixture_append_up_to(f, 3);
	assert_int_equal(append_within(f, SEGMENT_HEADER_BYTES - 1), -ENOSPC);
	assert_false(seglog_fixture_exists(f, SECOND_SEGMENT));
	assert_true(seglog_next_seq(f->log) == 4);
	assert_true(seglog_bytes(f->log) == THREE_RECORDS);
	/* The new segment can be made, but not filled: it stays, and the next record goes there. */
	assert_int_equal(append_within(f, SEGMENT_HEADER_BYTES), -EFBIG);
	assert_int_equal(seglog_fixture_file_size(f, SECOND_SEGMENT), SEGMENT_HEADER_BYTES);
	seglog_fixture_append_up_to(f, 6);
	seglog_fixture_assert_readable(f, 1, 6);
	assert_int_equal(seglog_fixture_reopen(f), 0);
	assert_true(f->recovery.records == 6);
}

#define TEST(check)                                                                                \
	cmocka_unit_test_setup_teardown(check, seglog_fixture_set_up, seglog_fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(check_new_log),	   TEST(check_append_and_reopen),
		TEST(check_large_record),  TEST(check_limits),
		TEST(check_lanes_apart),   TEST(check_drop_before),
		TEST(check_drop_oldest),   TEST(check_rot_after_opening),
		TEST(check_failed_append), TEST(check_failed_roll_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

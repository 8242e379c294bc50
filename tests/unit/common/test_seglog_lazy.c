/* SPDX-License-Identifier: Apache-2.0 */
/* What the collector's log needs beyond the spool's: opening fast, cutting, syncing while others
 * append. */
#include "common/seglog.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/seglog_fixture.h"

static void open_lazily_with(struct seglog_fixture *f, uint64_t last)
{
	f->options.is_lazy = true;
	assert_int_equal(seglog_fixture_reopen(f), 0);
	seglog_fixture_append_up_to(f, last);
	f->seen_count = 0;
	assert_int_equal(seglog_fixture_reopen(f), 0);
}

static void only_the_last_segment_is_looked_at(void **state)
{
	struct seglog_fixture *f = *state;

	open_lazily_with(f, 8);
	assert_int_equal(f->seen_count, 2);
	assert_true(f->seen[0] == 7);
	assert_true(f->recovery.records == 2);
	assert_true(f->recovery.missing_seqs == 0);
	assert_true(seglog_first_seq(f->log) == 1);
	assert_true(seglog_next_seq(f->log) == 9);
	assert_true(seglog_bytes(f->log) == 3 * THREE_RECORDS - RECORD_BYTES);
	assert_int_equal(seglog_segment_count(f->log), 3);
	assert_true(seglog_segment_first(f->log, 1) == 4);
	seglog_fixture_assert_readable(f, 1, 8);
	seglog_fixture_append_up_to(f, 20);
	seglog_fixture_assert_readable(f, 1, 20);
}

static void damage_is_found_when_it_is_read(void **state)
{
	struct seglog_fixture *f = *state;

	open_lazily_with(f, 8);
	seglog_fixture_damage(f, SECOND_SEGMENT, SEGMENT_HEADER_BYTES + RECORD_BYTES + 30);
	assert_int_equal(seglog_fixture_read_seq(f, 4), 0);
	assert_int_equal(seglog_fixture_read_seq(f, 5), -ENOENT);
	assert_int_equal(seglog_fixture_read_seq(f, 6), 0);
	seglog_fixture_damage(f, FIRST_SEGMENT, THREE_RECORDS - 1); /* the last of its segment */
	assert_int_equal(seglog_fixture_read_seq(f, 3), -ENOENT);
	assert_int_equal(seglog_fixture_read_seq(f, 2), 0);
	assert_true(seglog_next_seq(f->log) == 9);
}

static void unread_segments_are_dropped_like_others(void **state)
{
	struct seglog_fixture *f = *state;

	open_lazily_with(f, 8);
	assert_int_equal(seglog_drop_before(f->log, 7), 0);
	assert_false(seglog_fixture_exists(f, SECOND_SEGMENT));
	assert_true(seglog_first_seq(f->log) == 7);
	seglog_fixture_assert_readable(f, 7, 8);
}

static void room_is_made_before_the_record(void **state)
{
	struct seglog_fixture *f = *state;
	const size_t bytes = AUX_BYTES + PAYLOAD_BYTES;

	assert_int_equal(seglog_fixture_reopen(f), 0);
	assert_int_equal(seglog_make_room(f->log, bytes, 0), 1);
	seglog_fixture_append_up_to(f, 2);
	assert_int_equal(seglog_make_room(f->log, bytes, 0), 0);
	seglog_fixture_append_up_to(f, 3);
	assert_int_equal(seglog_make_room(f->log, bytes, 0), 1);
	assert_int_equal(seglog_make_room(f->log, bytes, 0), 1); /* still nothing stands there */
	assert_true(seglog_fixture_exists(f, SECOND_SEGMENT));
	assert_int_equal(seglog_segment_count(f->log), 2);
}

static void cut_records_are_gone_and_their_numbers_free(void **state)
{
	struct seglog_fixture *f = *state;

	assert_int_equal(seglog_fixture_reopen(f), 0);
	seglog_fixture_append_up_to(f, 6);
	assert_int_equal(seglog_cut(f->log, 7), 0); /* nothing there */
	assert_int_equal(seglog_cut(f->log, 5), 0);
	assert_int_equal(seglog_fixture_file_size(f, SECOND_SEGMENT),
			 SEGMENT_HEADER_BYTES + RECORD_BYTES);
	assert_true(seglog_next_seq(f->log) == 5);
	assert_int_equal(seglog_fixture_read_seq(f, 5), -ENOENT);
	seglog_fixture_append_up_to(f, 6);
	assert_int_equal(seglog_cut(f->log, 1), 0); /* never beyond the last segment */
	assert_true(seglog_next_seq(f->log) == 4);
	assert_int_equal(seglog_fixture_reopen(f), 0);
	seglog_fixture_assert_readable(f, 1, 3);
}

static void tail_can_be_synced_from_outside(void **state)
{
	struct seglog_fixture *f = *state;
	int fd;

	assert_int_equal(seglog_fixture_reopen(f), 0);
	seglog_fixture_append_up_to(f, 2);
	fd = seglog_tail_dup(f->log);
	assert_true(fd >= 0);
	seglog_fixture_append_up_to(f, 5); /* the descriptor outlives its segment's turn */
	assert_int_equal(fdatasync(fd), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), THREE_RECORDS);
	close(fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, seglog_fixture_set_up, seglog_fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_the_last_segment_is_looked_at),
		TEST(damage_is_found_when_it_is_read),
		TEST(unread_segments_are_dropped_like_others),
		TEST(room_is_made_before_the_record),
		TEST(cut_records_are_gone_and_their_numbers_free),
		TEST(tail_can_be_synced_from_outside),
	};

	return cmocka_run_group_tests_name("seglog lazy", tests, NULL, NULL);
}

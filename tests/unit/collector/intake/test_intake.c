/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/intake/intake.h"

#include "common/log.h"
#include "support/temp_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#define SEGMENT_BYTES (64u << 10)
#define PAYLOAD_BYTES 10000u
#define LONG_MS 20000u /* nobody waits that long unless something is wrong */

static const uint8_t sensor[16] = { 0xaa };

struct fixture {
	char *directory;
	struct intake_options options;
	struct intake *intake;
	int told; /* the eventfd */
};

static int open_again(struct fixture *f)
{
	char error[INTAKE_ERROR_BYTES] = "";
	int r;

	intake_close(f->intake);
	f->intake = NULL;
	r = intake_open(&f->options, &f->intake, error);
	if (r == 0)
		r = intake_watch(f->intake, f->told);
	return r < 0 ? r : intake_start(f->intake);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	signal(SIGXFSZ, SIG_IGN);
	log_init("test", LOG_LEVEL_ERROR);
	f->directory = temp_dir_new();
	f->told = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	f->options = (struct intake_options){ .directory = f->directory,
					      .bytes_max = 64u << 20,
					      .segment_bytes_max = SEGMENT_BYTES };
	*state = f;
	return open_again(f);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	intake_close(f->intake);
	temp_dir_remove(f->directory);
	close(f->told);
	free(f);
	return 0;
}

static int put(struct fixture *f, uint64_t seq, struct intake_ticket *ret_ticket)
{
	static const uint8_t payload[PAYLOAD_BYTES] = { 1, 2, 3 };
	struct dedupe_key key = { .sensor = sensor, .generation = 1, .lane = 0 };
	struct verify_batch batch = {
		.seq = seq, .raw_bytes = 5, .payload = payload, .payload_bytes = sizeof(payload)
	};
	struct intake_outcome outcome;

	return intake_batch(f->intake, &key, &batch, &outcome, ret_ticket);
}

static enum intake_state wait_for(struct fixture *f, const struct intake_ticket *ticket)
{
	struct pollfd told = { .fd = f->told, .events = POLLIN };
	enum intake_state found;
	uint64_t count;

	while ((found = intake_ask(f->intake, ticket)) == INTAKE_PENDING) {
		assert_int_equal(poll(&told, 1, LONG_MS), 1);
		assert_int_equal(read(f->told, &count, sizeof(count)), sizeof(count));
	}
	return found;
}

static void put_up_to(struct fixture *f, uint64_t first, uint64_t last)
{
	struct intake_ticket ticket = { 0 };

	for (uint64_t seq = first; seq <= last; seq++)
		assert_int_equal(put(f, seq, &ticket), 0);
	assert_int_equal(wait_for(f, &ticket), INTAKE_DURABLE);
}

static uint64_t mark(struct fixture *f)
{
	struct dedupe_key key = { .sensor = sensor, .generation = 1, .lane = 0 };
	uint64_t found = 0;

	while (intake_knows(f->intake, &key, found + 1))
		found++;
	return found;
}

/* The next batch's number; checkpoints and starts are passed over. 0: there is none. */
static uint64_t next_batch(struct intake_reader *reader)
{
	struct entry entry;
	int r;

	while ((r = intake_reader_next(reader, 0, &entry)) == 1) {
		if (entry.type != ENTRY_BATCH)
			continue;
		assert_memory_equal(entry.sensor, sensor, 16);
		assert_int_equal(entry.batch.payload_bytes, PAYLOAD_BYTES);
		assert_int_equal(entry.batch.payload[2], 3);
		return entry.batch.seq;
	}
	assert_int_equal(r, 0);
	return 0;
}

static void read_all(struct intake_reader *reader, uint64_t first, uint64_t last)
{
	for (uint64_t seq = first; seq <= last; seq++)
		assert_true(next_batch(reader) == seq);
	assert_true(next_batch(reader) == 0);
}

static void what_was_put_is_read_in_order(void **state)
{
	struct fixture *f = *state;
	struct intake_place place = { .is_holding = true };
	struct intake_reader *reader;

	put_up_to(f, 1, 3);
	assert_int_equal(intake_reader_new(f->intake, &place, &reader), 0);
	read_all(reader, 1, 3);
	put_up_to(f, 4, 30); /* several segments */
	read_all(reader, 4, 30);
	intake_reader_free(reader);
}

static void repeats_are_not_written(void **state)
{
	struct fixture *f = *state;
	struct intake_place place = { .is_holding = true };
	struct intake_reader *reader;
	struct intake_ticket ticket;

	put_up_to(f, 1, 3);
	assert_int_equal(put(f, 2, &ticket), 0);
	assert_int_equal(wait_for(f, &ticket),
			 INTAKE_DURABLE); /* though nothing was synced for it */
	assert_int_equal(intake_reader_new(f->intake, &place, &reader), 0);
	read_all(reader, 1, 3);
	intake_reader_free(reader);
}

static void marks_come_from_the_log(void **state)
{
	struct fixture *f = *state;

	put_up_to(f, 1, 40);
	assert_int_equal(open_again(f), 0);
	assert_true(mark(f) == 40);
	assert_false(intake_is_new(f->intake));
}

static char *segment(const struct fixture *f, bool is_last)
{
	char *path = temp_dir_path(f->directory, "intake");
	char *found = NULL;
	struct dirent **names;
	int count = scandir(path, &names, NULL, alphasort);

	assert_true(count > 4); /* . and .. and several segments */
	assert_true(asprintf(&found, "%s/%s", path, names[is_last ? count - 1 : 2]->d_name) > 0);
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
	free(path);
	return found;
}

/* Killed between beginning a segment and its checkpoint: the segment before knows. */
static void a_segment_without_checkpoint_is_mended(void **state)
{
	struct fixture *f = *state;
	struct intake_place place = { .is_holding = true };
	struct intake_reader *reader;
	char *path;

	put_up_to(f, 1, 25);
	path = segment(f, true);
	assert_int_equal(truncate(path, SEGMENT_HEADER_BYTES + 10), 0);
	free(path);
	assert_int_equal(open_again(f), 0);
	assert_true(mark(f) > 10 && mark(f) < 25);
	put_up_to(f, mark(f) + 1, 25);
	assert_int_equal(open_again(f), 0);
	assert_true(mark(f) == 25);
	assert_int_equal(intake_reader_new(f->intake, &place, &reader), 0);
	read_all(reader, 1, 25);
	intake_reader_free(reader);
}

static void a_damaged_entry_is_told_and_passed(void **state)
{
	struct fixture *f = *state;
	struct intake_place place = { .is_holding = true };
	struct intake_reader *reader;
	struct entry entry;
	char *path;
	int damaged = 0;
	int batches = 0;
	int fd, r;

	put_up_to(f, 1, 25);
	path = segment(f, false);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "damage", 6, 20000), 6);
	close(fd);
	free(path);
	assert_int_equal(open_again(f), 0);
	assert_true(mark(f) == 25);
	assert_int_equal(intake_reader_new(f->intake, &place, &reader), 0);
	while ((r = intake_reader_next(reader, 0, &entry)) != 0) {
		damaged += r == -EBADMSG;
		batches += r == 1 && entry.type == ENTRY_BATCH;
	}
	assert_int_equal(damaged, 1);
	assert_int_equal(batches, 24);
	intake_reader_free(reader);
}

static void readers_go_on_where_they_settled(void **state)
{
	struct fixture *f = *state;
	struct intake_place place = { .is_holding = true };
	struct intake_reader *reader;

	put_up_to(f, 1, 20);
	assert_int_equal(intake_reader_new(f->intake, &place, &reader), 0);
	for (uint64_t seq = 1; seq <= 10; seq++)
		assert_true(next_batch(reader) == seq);
	place.generation = intake_generation(f->intake);
	place.position = intake_reader_position(reader);
	intake_reader_settle(reader, place.position);
	intake_reader_free(reader);
	assert_int_equal(open_again(f), 0);
	assert_int_equal(intake_reader_new(f->intake, &place, &reader), 0);
	read_all(reader, 11, 20);
	intake_reader_free(reader);
	place.generation++; /* of another log: its numbers mean nothing here */
	assert_int_equal(intake_reader_new(f->intake, &place, &reader), 0);
	assert_true(intake_reader_position(reader) < place.position);
	assert_true(next_batch(reader) < 11);
	intake_reader_free(reader);
}

/* Full behind the slowest reader, and open again once that one has moved. */
static void a_slow_reader_stops_the_intake(void **state)
{
	struct fixture *f = *state;
	struct intake_place place = { .is_holding = true };
	struct intake_reader *slow, *fast;
	struct pollfd told = { .fd = f->told, .events = POLLIN };
	struct intake_stats stats;
	uint64_t count, seq = 0;

	f->options.bytes_max = SEGMENT_PAYLOAD_BYTES_MAX + 4 * SEGMENT_BYTES;
	assert_int_equal(open_again(f), 0);
	assert_int_equal(intake_reader_new(f->intake, &place, &slow), 0);
	assert_int_equal(intake_reader_new(f->intake, &place, &fast), 0);
	while (intake_has_room(f->intake)) {
		put_up_to(f, seq + 1, seq + 1);
		assert_true(next_batch(fast) == ++seq);
		intake_reader_settle(fast, intake_reader_position(fast));
		assert_true(seq < 1000);
	}
	intake_stats(f->intake, &stats);
	assert_true(stats.is_full && stats.bytes <= f->options.bytes_max && stats.first == 1);
	while (read(f->told, &count, sizeof(count)) > 0)
		;
	read_all(slow, 1, seq);
	intake_reader_settle(slow, intake_reader_position(slow));
	assert_int_equal(poll(&told, 1, LONG_MS), 1);
	assert_true(intake_has_room(f->intake));
	intake_stats(f->intake, &stats);
	assert_true(!stats.is_full && stats.first > 1);
	put_up_to(f, seq + 1, seq + 1);
	read_all(slow, seq + 1, seq + 1);
	intake_reader_free(slow);
	intake_reader_free(fast);
}

/* A disk that takes no more: what was not durable is given up, what was stays, and later all goes
 * on as if nothing had been. */
static void failed_writes_are_taken_back(void **state)
{
	struct fixture *f = *state;
	struct intake_place place = { .is_holding = true };
	struct rlimit before, none;
	struct intake_reader *reader;
	struct intake_ticket ticket;

	put_up_to(f, 1, 3);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = (struct rlimit){ .rlim_cur = 35000, .rlim_max = before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_true(put(f, 4, &ticket) < 0);
	assert_int_equal(intake_ask(f->intake, &ticket), INTAKE_DURABLE); /* of what there is */
	assert_true(intake_is_refusing(f->intake));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_true(mark(f) == 3);
	while (put(f, 4, &ticket) == -EBUSY)
		usleep(10000);
	assert_int_equal(wait_for(f, &ticket), INTAKE_DURABLE);
	assert_int_equal(intake_reader_new(f->intake, &place, &reader), 0);
	read_all(reader, 1, 4);
	intake_reader_free(reader);
	assert_int_equal(open_again(f), 0);
	assert_true(mark(f) == 4);
}

static void waiting_readers_are_woken(void **state)
{
	struct fixture *f = *state;
	struct intake_place place = { .is_holding = false };
	struct intake_reader *reader;
	struct entry entry;

	put_up_to(f, 1, 3);
	assert_int_equal(intake_reader_new(f->intake, &place, &reader), 0); /* misses what was */
	put_up_to(f, 4, 4);
	assert_int_equal(intake_reader_next(reader, LONG_MS, &entry), 1);
	assert_true(entry.batch.seq == 4);
	intake_reader_stop(reader, true);
	assert_int_equal(intake_reader_next(reader, LONG_MS, &entry), -ECANCELED);
	intake_reader_free(reader);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_put_is_read_in_order),
		TEST(repeats_are_not_written),
		TEST(marks_come_from_the_log),
		TEST(a_segment_without_checkpoint_is_mended),
		TEST(a_damaged_entry_is_told_and_passed),
		TEST(readers_go_on_where_they_settled),
		TEST(a_slow_reader_stops_the_intake),
		TEST(failed_writes_are_taken_back),
		TEST(waiting_readers_are_woken),
	};

	return cmocka_run_group_tests_name("intake", tests, NULL, NULL);
}

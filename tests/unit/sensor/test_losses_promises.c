/* SPDX-License-Identifier: Apache-2.0 */
/* Updates that execs promise: due with the batch that promises, kept with the one that tells, lost
 * with the worker. */
#include "sensor/losses.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define MEMORY_BYTES (64u << 10)

struct fixture {
	struct losses losses;
	struct journal *journal;
	void *memory;
	uint64_t next_seq;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->memory = calloc(1, MEMORY_BYTES);
	f->next_seq = 1;
	*state = f;
	if (!f->memory || journal_open(f->memory, MEMORY_BYTES, 7, &f->journal) < 0)
		return -1;
	losses_init(&f->losses, f->journal, f->next_seq);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	journal_close(f->journal);
	free(f->memory);
	free(f);
	return 0;
}

static void promise(struct fixture *f, int count)
{
	while (count-- > 0)
		losses_promised(&f->losses);
}

static void keep(struct fixture *f, int count)
{
	while (count-- > 0)
		losses_kept(&f->losses);
}

/* The batch goes to the spool; killed in between, with it or without, another worker goes on. */
static void begin_writing(struct fixture *f)
{
	losses_writing(&f->losses, f->journal, f->next_seq);
}

static void write_batch(struct fixture *f)
{
	begin_writing(f);
	f->next_seq++;
	losses_written(&f->losses, f->journal);
}

static void take_over(struct fixture *f)
{
	losses_init(&f->losses, f->journal, f->next_seq);
}

static uint64_t due(const struct fixture *f)
{
	return losses_updates_due(&f->losses, f->journal);
}

static uint64_t lost(const struct fixture *f)
{
	return f->losses.seen[GAP_WORKER_ENDED][RECORD_EXEC_UPDATE];
}

static void promises_that_are_kept_leave_nothing(void **state)
{
	struct fixture *f = *state;

	promise(f, 3);
	assert_int_equal(due(f), 3);
	write_batch(f);
	assert_int_equal(due(f), 3);
	keep(f, 3);
	write_batch(f);
	take_over(f);
	assert_int_equal(due(f), 3);
	assert_int_equal(lost(f), 0);
}

static void what_a_worker_owed_is_lost_with_it(void **state)
{
	struct fixture *f = *state;

	promise(f, 3);
	write_batch(f);
	keep(f, 1);
	write_batch(f);
	take_over(f);
	assert_int_equal(lost(f), 2);
	assert_int_equal(due(f), 3);
	promise(f, 1);
	write_batch(f);
	take_over(f);
	assert_int_equal(lost(f), 3);
	assert_int_equal(due(f), 4);
}

/* The execs are read from the ring again, and promise again. */
static void what_was_not_written_was_not_promised(void **state)
{
	struct fixture *f = *state;

	promise(f, 2);
	begin_writing(f);
	take_over(f);
	assert_int_equal(due(f), 0);
	assert_int_equal(lost(f), 0);
}

static void what_was_just_written_was(void **state)
{
	struct fixture *f = *state;

	promise(f, 2);
	begin_writing(f);
	f->next_seq++;
	take_over(f);
	assert_int_equal(due(f), 2);
	assert_int_equal(lost(f), 2);
}

/* Kept only in memory: as good as not kept. */
static void an_update_counts_once_it_is_written(void **state)
{
	struct fixture *f = *state;

	promise(f, 1);
	write_batch(f);
	keep(f, 1);
	begin_writing(f);
	take_over(f);
	assert_int_equal(lost(f), 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(promises_that_are_kept_leave_nothing),
		TEST(what_a_worker_owed_is_lost_with_it),
		TEST(what_was_not_written_was_not_promised),
		TEST(what_was_just_written_was),
		TEST(an_update_counts_once_it_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

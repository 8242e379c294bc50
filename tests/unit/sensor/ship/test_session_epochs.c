/* SPDX-License-Identifier: Apache-2.0 */
/* Batches that build on each other: where a session begins, and what it cannot send any more. */
#include "support/session_case.h"

#include <stdlib.h>

#define EPOCH 8

static int set_up_epochs(void **state)
{
	int r = set_up(state);

	world.spool.epoch_batches = EPOCH; /* 1 to 8, 9 to 16, 17 to 20 */
	return r;
}

static void send_all(void)
{
	assert_int_equal(session_send(&world.session, world.output), 0);
}

/* The collector has up to 11 in its store, but forgot what 12 builds on. */
static void resumes_at_the_epochs_start(void **state)
{
	(void)state;
	greet(12, BATCHES + 1, 1 << 20);
	assert_int_equal(world.acked_records, 11 + BATCHES);
	send_all();
	expect_sent(0, 9, BATCHES);
	expect_nothing_more();
	assert_int_equal(world.spool.written_off, 0);
}

static void begins_where_an_epoch_does(void **state)
{
	(void)state;
	greet(9, 17, 1 << 20);
	send_all();
	expect_sent(0, 9, BATCHES);
	expect_sent(1, 17, BATCHES);
	expect_nothing_more();
}

/* Nothing is wanted yet; what comes next goes on in an epoch all the same. */
static void a_batch_made_later_resumes_too(void **state)
{
	(void)state;
	greet(BATCHES + 1, BATCHES + 1, 1 << 20);
	send_all();
	expect_nothing_more();
	world.spool.next_seq[0] = world.spool.synced_seq[0] = BATCHES + 2;
	send_all();
	expect_sent(0, 17, BATCHES + 1);
	world.spool.next_seq[0] = world.spool.synced_seq[0] = BATCHES + 3;
	send_all();
	expect_sent(0, BATCHES + 2, BATCHES + 2); /* now the collector knows */
	expect_nothing_more();
}

/* Each repeat is acknowledged by its own number: what is under way counts until then, as the
 * collector counts it. */
static void repeats_count_for_the_window(void **state)
{
	(void)state;
	greet(12, BATCHES + 1, 4 * PAYLOAD_BYTES);
	send_all();
	expect_sent(0, 9, 12);
	expect_nothing_more();
	assert_int_equal(receive_ack(0, 9), 0);
	assert_int_equal(world.session.unacked_bytes, 3 * PAYLOAD_BYTES);
	assert_int_equal(world.acked_records, 11 + BATCHES); /* counted when it said hello */
	send_all();
	expect_sent(0, 13, 13);
	assert_int_equal(receive_ack(0, 12), 0);
	assert_int_equal(world.acked_records, 12 + BATCHES);
	assert_int_equal(world.session.unacked_bytes, PAYLOAD_BYTES);
}

/* What builds on a batch that is damaged nobody can read: it is given up, up to the next epoch. */
static void the_rest_of_a_broken_epoch_is_written_off(void **state)
{
	(void)state;
	world.spool.lost[0][4] = true;
	greet(1, BATCHES + 1, 1 << 20);
	send_all();
	expect_sent(0, 1, 3);
	expect_sent(0, 9, BATCHES);
	expect_nothing_more();
	assert_int_equal(world.spool.written_off, 4); /* 5 to 8 */
}

/* The same when the damage is in what was acknowledged already. */
static void an_epoch_that_cannot_be_resumed_is_written_off(void **state)
{
	(void)state;
	world.spool.lost[0][9] = true;
	greet(12, BATCHES + 1, 1 << 20);
	send_all();
	expect_sent(0, 17, BATCHES);
	expect_nothing_more();
	assert_int_equal(world.spool.written_off, 5); /* 12 to 16 */
}

static void damage_after_the_start_of_what_is_resumed(void **state)
{
	(void)state;
	world.spool.lost[0][10] = true;
	greet(12, BATCHES + 1, 1 << 20);
	send_all();
	expect_sent(0, 9, 9);
	expect_sent(0, 17, BATCHES);
	expect_nothing_more();
	assert_int_equal(world.spool.written_off, 5);
}

/* The spool gave up the beginning of what was being sent; the next begins with an epoch. */
static void a_dropped_segment_is_passed_over(void **state)
{
	(void)state;
	greet(1, BATCHES + 1, 4 * PAYLOAD_BYTES);
	send_all();
	expect_sent(0, 1, 4);
	world.spool.first_seq[0] = 9;
	assert_int_equal(receive_ack(0, 4), 0);
	send_all();
	expect_sent(0, 9, 12);
	expect_nothing_more();
	assert_int_equal(world.spool.written_off, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_epochs, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(resumes_at_the_epochs_start),
		TEST(begins_where_an_epoch_does),
		TEST(a_batch_made_later_resumes_too),
		TEST(repeats_count_for_the_window),
		TEST(the_rest_of_a_broken_epoch_is_written_off),
		TEST(an_epoch_that_cannot_be_resumed_is_written_off),
		TEST(damage_after_the_start_of_what_is_resumed),
		TEST(a_dropped_segment_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

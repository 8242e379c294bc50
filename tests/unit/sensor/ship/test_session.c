/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of the collector, one by one: what each does to the window, and which end the session. */
#include "support/session_case.h"

static void test_hello(void **state)
{
	Yagura__Transport__Frame *frame;
	const uint8_t *body;
	size_t size;

	(void)state;
	world.spool.first_seq[SPOOL_LANE_B] = 7;
	assert_int_equal(session_greet(&world.session, world.output), 0);
	assert_int_equal(frame_peek(world.output, SESSION_FRAME_BYTES_MAX, &body, &size), 1);
	frame = yagura__transport__frame__unpack(NULL, size, body);
	assert_non_null(frame);
	assert_int_equal(frame->body_case, YAGURA__TRANSPORT__FRAME__BODY_HELLO);
	assert_int_equal(frame->hello->protocol, 2);
	assert_int_equal(frame->hello->sensor.len, 16);
	assert_int_equal(frame->hello->boot_id.len, 16);
	assert_int_equal(frame->hello->n_lanes, 2);
	assert_int_equal(frame->hello->lanes[1]->lane, 1);
	assert_int_equal(frame->hello->lanes[1]->first_seq, 7);
	assert_int_equal(frame->hello->lanes[1]->next_seq, BATCHES + 1);
	assert_string_equal(frame->hello->kernel, "6.1");
	yagura__transport__frame__free_unpacked(frame, NULL);
}

static void test_nothing_before_the_hello(void **state)
{
	(void)state;
	assert_int_equal(session_send(&world.session, world.output), 0);
	expect_nothing_more();
}

/* Four batches fit 4,999 bytes; the collector would refuse the fifth. */
static void test_window(void **state)
{
	(void)state;
	greet(1, 1, 5 * PAYLOAD_BYTES - 1);
	assert_int_equal(session_send(&world.session, world.output), 0);
	expect_sent(0, 1, 4);
	expect_nothing_more();
	assert_int_equal(receive_ack(0, 3), 0);
	assert_int_equal(world.session.unacked_bytes, PAYLOAD_BYTES);
	assert_int_equal(session_send(&world.session, world.output), 0);
	expect_sent(0, 5, 7);
	expect_nothing_more();
	assert_int_equal(world.acked_bytes, 3 * PAYLOAD_BYTES);
	assert_int_equal(world.acked_records, 3);
}

/* A batch of lane A that does not fit now is not overtaken by smaller ones of lane B. */
static void test_full_window_holds_both_lanes(void **state)
{
	(void)state;
	greet(1, 1, 3 * PAYLOAD_BYTES);
	world.spool.synced_seq[SPOOL_LANE_A] = 3;
	assert_int_equal(session_send(&world.session, world.output), 0);
	expect_sent(0, 1, 2);
	expect_sent(1, 1, 1);
	world.spool.synced_seq[SPOOL_LANE_A] = BATCHES + 1;
	assert_int_equal(receive_ack(1, 1), 0);
	world.spool.payload_bytes = PAYLOAD_BYTES + 1;
	assert_int_equal(session_send(&world.session, world.output), 0);
	expect_nothing_more();
	assert_int_equal(receive_ack(0, 2), 0);
	assert_int_equal(session_send(&world.session, world.output), 0);
	expect_sent(0, 3, 4);
	expect_nothing_more();
}

static void test_smallest_window_still_moves(void **state)
{
	(void)state;
	greet(BATCHES + 1, 1, 1);
	for (uint64_t seq = 1; seq <= BATCHES; seq++) {
		assert_int_equal(session_send(&world.session, world.output), 0);
		expect_sent(1, seq, seq);
		expect_nothing_more();
		assert_int_equal(receive_ack(1, seq), 0);
	}
	assert_true(session_is_idle(&world.session));
}

static void test_lane_a_first(void **state)
{
	(void)state;
	greet(1, 1, 1 << 20);
	assert_int_equal(session_send(&world.session, world.output), 0);
	expect_sent(0, 1, BATCHES);
	expect_sent(1, 1, BATCHES);
	expect_nothing_more();
	assert_false(session_is_idle(&world.session));
}

static void test_output_is_bounded(void **state)
{
	(void)state;
	world.spool.payload_bytes = FAKE_SPOOL_PAYLOAD_BYTES_MAX;
	greet(1, 1, 1 << 30);
	assert_int_equal(session_send(&world.session, world.output), 0);
	assert_in_range(evbuffer_get_length(world.output), SESSION_OUTPUT_BYTES_MAX,
			SESSION_OUTPUT_BYTES_MAX + FAKE_SPOOL_PAYLOAD_BYTES_MAX + 100);
}

/* In a window that never fills; and the ring of those under way wraps. */
static void test_flight_is_bounded(void **state)
{
	const struct session_lane *lane = &world.session.lanes[0];

	(void)state;
	world.spool.payload_bytes = 1;
	fake_spool_fill(&world.spool, SPOOL_LANE_A, 3 * SESSION_FLIGHT_MAX);
	greet(1, BATCHES + 1, 1 << 20);
	assert_int_equal(session_send(&world.session, world.output), 0);
	expect_sent(0, 1, SESSION_FLIGHT_MAX);
	expect_nothing_more();
	assert_int_equal(receive_ack(0, 1000), 0);
	assert_int_equal(session_send(&world.session, world.output), 0);
	expect_sent(0, SESSION_FLIGHT_MAX + 1, SESSION_FLIGHT_MAX + 1000);
	expect_nothing_more();
	assert_int_equal(lane->flight_count, SESSION_FLIGHT_MAX);
	assert_int_equal(receive_ack(0, SESSION_FLIGHT_MAX + 999), 0);
	assert_int_equal(world.session.unacked_bytes, 1);
	assert_int_equal(lane->flight_count, 1);
}

static void test_resumes_where_the_collector_is(void **state)
{
	(void)state;
	world.spool.lost[SPOOL_LANE_A][2] = true;
	greet(5, BATCHES + 1, 1 << 20);
	assert_int_equal(world.acked_records, 3 + BATCHES);
	assert_int_equal(world.acked_bytes, (3 + BATCHES) * PAYLOAD_BYTES);
	assert_int_equal(world.spool.first_seq[SPOOL_LANE_A], 5);
	assert_int_equal(session_send(&world.session, world.output), 0);
	expect_sent(0, 5, BATCHES);
	expect_nothing_more();
}

static void test_collector_behind_the_spool(void **state)
{
	(void)state;
	world.spool.first_seq[SPOOL_LANE_A] = 9;
	greet(3, 1, 1 << 20);
	assert_int_equal(world.acked_records, 0);
	assert_int_equal(session_send(&world.session, world.output), 0);
	expect_sent(0, 9, BATCHES);
}

/* The spool gave up its oldest ones while they were under way or still to send. */
static void test_spool_drops_under_us(void **state)
{
	(void)state;
	greet(1, BATCHES + 1, 2 * PAYLOAD_BYTES);
	assert_int_equal(session_send(&world.session, world.output), 0);
	expect_sent(0, 1, 2);
	world.spool.first_seq[SPOOL_LANE_A] = 10;
	assert_int_equal(receive_ack(0, 2), 0);
	assert_int_equal(world.session.unacked_bytes, 0);
	assert_int_equal(session_send(&world.session, world.output), 0);
	expect_sent(0, 10, 11);
}

static void test_acks_are_cumulative(void **state)
{
	(void)state;
	greet(1, 1, 1 << 20);
	session_send(&world.session, world.output);
	assert_int_equal(receive_ack(0, 10), 0);
	assert_int_equal(receive_ack(0, 10), 0);
	assert_int_equal(receive_ack(0, 4), 0); /* late, harmless */
	assert_int_equal(receive_ack(0, 0), 0);
	assert_int_equal(world.acked_records, 10);
	assert_int_equal(world.session.unacked_bytes, (2 * BATCHES - 10) * PAYLOAD_BYTES);
}

static void test_unsent_is_refused(void **state)
{
	(void)state;
	assert_int_equal(receive_ack(0, 1), -EPROTO); /* before its hello */
	greet(1, 1, PAYLOAD_BYTES);
	session_send(&world.session, world.output);
	assert_int_equal(receive_ack(0, 2), -EPROTO);
	assert_int_equal(receive_ack(1, 1), -EPROTO);
	assert_int_equal(receive_ack(2, 1), -EPROTO);
	assert_int_equal(receive_ack(0, UINT64_MAX), -EPROTO);
	assert_int_equal(world.acked_records, 0);
	assert_int_equal(receive_ack(0, 1), 0);
}

static struct hello_case {
	const char *name;
	uint32_t protocol;
	struct hello_lane lanes[3];
	size_t count;
	uint64_t window_bytes;
	const char *want_error;
} hellos[] = {
	{ "protocol 1", 1, { { 0, 1 }, { 1, 1 } }, 2, 1, "speaks protocol 1" },
	{ "no window", 2, { { 0, 1 }, { 1, 1 } }, 2, 0, "no window" },
	{ "no lane", 2, { { 0 } }, 0, 1, "names 0 lanes" },
	{ "one lane", 2, { { 0, 1 } }, 1, 1, "names 1 lanes" },
	{ "three lanes", 2, { { 0, 1 }, { 1, 1 }, { 2, 1 } }, 3, 1, "names 3 lanes" },
	{ "a lane twice", 2, { { 1, 1 }, { 1, 1 } }, 2, 1, "lane 1 wrongly" },
	{ "lane 2", 2, { { 0, 1 }, { 2, 1 } }, 2, 1, "lane 2 wrongly" },
	{ "one ahead", 2, { { 0, BATCHES + 2 }, { 1, 1 } }, 2, 1, "made 20; was it set back" },
	{ "far ahead", 2, { { 0, 1 }, { 1, UINT64_MAX } }, 2, 1, "of lane b" },
};

static void check_hello(void **state)
{
	const struct hello_case *c = *state;

	assert_int_equal(set_up(NULL), 0);
	assert_int_equal(receive_hello(c->protocol, c->lanes, c->count, c->window_bytes), -EPROTO);
	assert_non_null(strstr(world.session.error, c->want_error));
	assert_false(world.session.greeted);
	assert_int_equal(world.acked_records, 0); /* nothing half done */
	tear_down(NULL);
}

static void test_hello_twice(void **state)
{
	const struct hello_lane wanted[] = { { 0, 1 }, { 1, 1 } };

	(void)state;
	greet(1, 1, 1);
	assert_int_equal(receive_hello(2, wanted, 2, 1), -EPROTO);
}

static void test_frames_of_the_sensor_come_back(void **state)
{
	const uint8_t *body;
	size_t size;

	(void)state;
	assert_int_equal(session_greet(&world.session, world.output), 0);
	assert_int_equal(frame_peek(world.output, SESSION_FRAME_BYTES_MAX, &body, &size), 1);
	assert_int_equal(session_receive(&world.session, body, size), -EPROTO);
	assert_int_equal(session_receive(&world.session, body, 0), -EPROTO);
	assert_int_equal(session_receive(&world.session, body, size - 1), -EPROTO);
}

#define TEST(function)                                                                             \
	{                                                                                          \
#function, function, set_up, tear_down, NULL                                       \
	}

static const struct CMUnitTest plain[] = {
	TEST(test_hello),
	TEST(test_nothing_before_the_hello),
	TEST(test_window),
	TEST(test_full_window_holds_both_lanes),
	TEST(test_smallest_window_still_moves),
	TEST(test_lane_a_first),
	TEST(test_output_is_bounded),
	TEST(test_flight_is_bounded),
	TEST(test_resumes_where_the_collector_is),
	TEST(test_collector_behind_the_spool),
	TEST(test_spool_drops_under_us),
	TEST(test_acks_are_cumulative),
	TEST(test_unsent_is_refused),
	TEST(test_hello_twice),
	TEST(test_frames_of_the_sensor_come_back),
};

#define PLAIN_COUNT (sizeof(plain) / sizeof(*plain))
#define HELLO_COUNT (sizeof(hellos) / sizeof(*hellos))

int main(void)
{
	struct CMUnitTest tests[PLAIN_COUNT + HELLO_COUNT];

	memcpy(tests, plain, sizeof(plain));
	for (size_t i = 0; i < HELLO_COUNT; i++)
		tests[PLAIN_COUNT + i] =
			(struct CMUnitTest){ hellos[i].name, check_hello, NULL, NULL, &hellos[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

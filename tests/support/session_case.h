/* SPDX-License-Identifier: Apache-2.0 */
/* A session over a spool in memory, what the collector says to it and what it sends. Defines
 * spool.h's functions (support/fake_spool.h): include it from one file. */
#ifndef YAGURA_TESTS_SUPPORT_SESSION_CASE_H
#define YAGURA_TESTS_SUPPORT_SESSION_CASE_H

#include "common/frame.h"
#include "sensor/ship/session.h"
#include "support/fake_spool.h"

#include "proto/transport.pb-c.h"

#include <event2/buffer.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define PAYLOAD_BYTES 1000u
#define BATCHES 20

static struct world {
	struct session session;
	struct spool spool;
	struct evbuffer *output;
	uint64_t acked_records;
	uint64_t acked_bytes;
} world;

static const struct ship_options options = { .kernel_release = "6.1", .host = "h" };

static inline void on_acked(void *context, enum spool_lane lane, uint64_t seq,
			    const uint64_t acked[RECORD_CLASS_COUNT], uint64_t payload_bytes)
{
	(void)context, (void)lane, (void)seq;
	world.acked_records += acked[RECORD_EXEC];
	world.acked_bytes += payload_bytes;
}

static inline int set_up(void **state)
{
	(void)state;
	world = (struct world){ .spool = { .payload_bytes = PAYLOAD_BYTES },
				.output = evbuffer_new() };
	fake_spool_fill(&world.spool, SPOOL_LANE_A, BATCHES);
	fake_spool_fill(&world.spool, SPOOL_LANE_B, BATCHES);
	session_init(&world.session, &options, &world.spool, on_acked, NULL);
	return world.output ? 0 : -1;
}

static inline int tear_down(void **state)
{
	(void)state;
	evbuffer_free(world.output);
	return 0;
}

static inline int receive(const Yagura__Transport__Frame *frame)
{
	uint8_t body[512];

	return session_receive(&world.session, body, yagura__transport__frame__pack(frame, body));
}

struct hello_lane {
	uint32_t lane;
	uint64_t next_seq;
};

static inline int receive_hello(uint32_t protocol, const struct hello_lane *wanted, size_t count,
				uint64_t window_bytes)
{
	Yagura__Transport__Lane lanes[4];
	Yagura__Transport__Lane *pointers[4];
	Yagura__Transport__HelloAck ack;
	Yagura__Transport__Frame frame;

	for (size_t i = 0; i < count; i++) {
		yagura__transport__lane__init(&lanes[i]);
		lanes[i].lane = wanted[i].lane;
		lanes[i].next_seq = wanted[i].next_seq;
		pointers[i] = &lanes[i];
	}
	yagura__transport__hello_ack__init(&ack);
	yagura__transport__frame__init(&frame);
	ack.protocol = protocol;
	ack.n_lanes = count;
	ack.lanes = pointers;
	ack.window_bytes = window_bytes;
	frame.body_case = YAGURA__TRANSPORT__FRAME__BODY_HELLO_ACK;
	frame.hello_ack = &ack;
	return receive(&frame);
}

static inline void greet(uint64_t next_a, uint64_t next_b, uint64_t window_bytes)
{
	const struct hello_lane wanted[] = { { 0, next_a }, { 1, next_b } };

	assert_int_equal(receive_hello(2, wanted, 2, window_bytes), 0);
}

static inline int receive_ack(uint32_t lane, uint64_t seq)
{
	Yagura__Transport__Ack ack;
	Yagura__Transport__Frame frame;

	yagura__transport__ack__init(&ack);
	yagura__transport__frame__init(&frame);
	ack.lane = lane;
	ack.seq = seq;
	frame.body_case = YAGURA__TRANSPORT__FRAME__BODY_ACK;
	frame.ack = &ack;
	return receive(&frame);
}

/* Sends what may be sent and checks which batches those are. */
static inline void expect_sent(uint32_t lane, uint64_t first, uint64_t last)
{
	const uint8_t *body;
	size_t size;

	for (uint64_t seq = first; seq <= last; seq++) {
		Yagura__Transport__Frame *frame;

		assert_int_equal(frame_peek(world.output, SESSION_FRAME_BYTES_MAX, &body, &size),
				 1);
		frame = yagura__transport__frame__unpack(NULL, size, body);
		assert_non_null(frame);
		assert_int_equal(frame->body_case, YAGURA__TRANSPORT__FRAME__BODY_BATCH);
		assert_int_equal(frame->batch->lane, lane);
		assert_int_equal(frame->batch->seq, seq);
		yagura__transport__frame__free_unpacked(frame, NULL);
		frame_drain(world.output, size);
	}
}

static inline void expect_nothing_more(void)
{
	assert_int_equal(evbuffer_get_length(world.output), 0);
}

#endif

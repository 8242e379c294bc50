/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a collector may answer: its frames through a session, which sends after each. */
#include "common/frame.h"
#include "sensor/ship/session.h"
#include "support/fake_spool.h"

#include <event2/buffer.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void on_acked(void *context, enum spool_lane lane, uint64_t seq,
		     const uint64_t acked[RECORD_CLASS_COUNT], uint64_t payload_bytes)
{
	(void)context, (void)acked, (void)payload_bytes;
	if (lane >= SPOOL_LANE_COUNT || seq == 0)
		abort();
}

/* What must hold whatever came in. */
static void check(const struct session *session)
{
	uint64_t under_way = 0;

	for (int lane = 0; lane < SPOOL_LANE_COUNT; lane++) {
		const struct session_lane *l = &session->lanes[lane];

		for (uint32_t i = 0; i < l->flight_count; i++)
			under_way +=
				l->flight[(l->flight_first + i) % SESSION_FLIGHT_MAX].payload_bytes;
		if (l->flight_count > SESSION_FLIGHT_MAX || l->sent_seq > 64)
			abort();
	}
	if (under_way != session->unacked_bytes)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct ship_options options = { .kernel_release = "", .host = "" };
	static struct session session;
	static struct spool spool;
	struct evbuffer *input = evbuffer_new();
	struct evbuffer *output = evbuffer_new();
	const uint8_t *body;
	size_t body_size;
	int r = 0;

	spool.payload_bytes = 64;
	fake_spool_fill(&spool, SPOOL_LANE_A, 64);
	fake_spool_fill(&spool, SPOOL_LANE_B, 64);
	session_init(&session, &options, &spool, on_acked, NULL);
	evbuffer_add(input, bytes, size);
	while (r == 0 && frame_peek(input, SESSION_FRAME_BYTES_MAX, &body, &body_size) == 1) {
		r = session_receive(&session, body, body_size);
		frame_drain(input, body_size);
		if (r == 0)
			r = session_send(&session, output);
		if (r < 0 && session.error[0] == '\0')
			abort();
		check(&session);
		evbuffer_drain(output, evbuffer_get_length(output));
	}
	evbuffer_free(input);
	evbuffer_free(output);
	return 0;
}

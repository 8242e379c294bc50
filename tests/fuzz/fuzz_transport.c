/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a sensor may send, through the collector's protocol state machine: frames as common/frame.h
 * cuts them from the stream, each checked by verify_frame. The first byte says whether the session
 * was greeted already.
 */
#include "collector/verify/verify.h"
#include "common/frame.h"

#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_BYTES 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct verify_session *session, const struct verify_message *message)
{
	if (message->kind == VERIFY_HELLO && memchr(message->hello.host, '\n', VERIFY_TEXT_BYTES))
		abort();
	if (message->kind == VERIFY_BATCH &&
	    (!session->is_greeted || message->batch.lane >= VERIFY_LANES ||
	     message->batch.payload_bytes == 0))
		abort();
	if (message->kind == VERIFY_FAILURE && message->failure.why[0] == '\0')
		abort();
}

static void run_session(struct verify_session *session, struct evbuffer *input)
{
	enum verify_kind kind = VERIFY_HELLO;
	const uint8_t *body;
	size_t size;

	while (kind != VERIFY_FAILURE &&
	       frame_peek(input, verify_frame_bytes_max(session), &body, &size) == 1) {
		struct verify_message message;

		verify_frame(session, body, size, &message);
		check(session, &message);
		kind = message.kind;
		verify_message_done(&message);
		frame_drain(input, size);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t sensor[16] = "sensor-number-1";
	struct verify_session session;
	struct evbuffer *input;

	if (size == 0)
		return 0;
	input = evbuffer_new();
	if (!input)
		return 0;
	evbuffer_add(input, data + 1, size - 1);
	verify_session_init(&session, sensor, WINDOW_BYTES);
	session.is_greeted = data[0] & 1;
	run_session(&session, input);
	evbuffer_free(input);
	return 0;
}

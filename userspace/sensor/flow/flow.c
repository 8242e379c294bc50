/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/flow/flow.h"

#include <stdlib.h>
#include <utlist.h>

struct flow *flow_new(const struct flow_key *key)
{
	struct flow *flow = calloc(1, sizeof(*flow));

	if (flow) {
		flow->key.cookie = key->cookie;
		flow->key.index = key->index;
	}
	return flow;
}

void flow_free(struct flow *flow)
{
	fingerprint_session_free(flow->session);
	marks_done(&flow->marks);
	free(flow);
}

void flow_become(struct flow *flow, const struct flow_key *key)
{
	struct fingerprint_session *session = flow->session;
	struct marks marks;

	if (session)
		fingerprint_session_clear(session);
	marks_clear(&flow->marks);
	marks = flow->marks;
	*flow = (struct flow){ .key.cookie = key->cookie,
			       .key.index = key->index,
			       .marks = marks,
			       .session = session };
}

size_t flow_marks_bytes(const struct flow *flow)
{
	return marks_heap_bytes(&flow->marks) + fingerprint_session_bytes(flow->session);
}

struct flow_message *flow_find_message(const struct flow *flow, enum fingerprint_side side,
				       uint32_t start)
{
	struct flow_message *message;

	DL_FOREACH (flow->messages, message)
		if (message->side == side && message->start == start)
			return message;
	return NULL;
}

struct flow_message *flow_surplus_message(const struct flow *flow, enum fingerprint_side side)
{
	struct flow_message *oldest = NULL;
	struct flow_message *message;
	unsigned int count = 0;

	DL_FOREACH (flow->messages, message) {
		if (message->side != side)
			continue;
		if (!oldest)
			oldest = message;
		count++;
	}
	return count >= FLOW_MESSAGES_MAX ? oldest : NULL;
}

bool flow_is_done(const struct flow *flow, enum fingerprint_side side, uint32_t start)
{
	const struct flow_done *done = &flow->done[side];

	for (uint32_t i = 0; i < done->count && i < FLOW_DONE_MAX; i++)
		if (done->starts[i] == start)
			return true;
	return false;
}

void flow_set_done(struct flow *flow, enum fingerprint_side side, uint32_t start)
{
	struct flow_done *done = &flow->done[side];

	done->starts[done->count % FLOW_DONE_MAX] = start;
	done->count++;
	if (done->count == 2 * FLOW_DONE_MAX) /* never back to where some places are free */
		done->count = FLOW_DONE_MAX;
}

bool flow_is_datagram(enum fingerprint_protocol protocol)
{
	return protocol == FINGERPRINT_DNS || protocol == FINGERPRINT_QUIC ||
	       protocol == FINGERPRINT_DTLS;
}

size_t flow_bytes_max(const struct fingerprint_parser *parser)
{
	size_t bytes_max = flow_is_datagram(parser->protocol) ? FLOW_DATAGRAM_BYTES_MAX
							      : FLOW_STREAM_BYTES_MAX;

	return parser->bytes_max < bytes_max ? parser->bytes_max : bytes_max;
}

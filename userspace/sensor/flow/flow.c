/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/flow/flow.h"

#include <stdlib.h>
#include <string.h>
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

_Static_assert(MARK_KIND_COUNT <= 64, "a bit each");

#define TAKEN_BACK                                                                                 \
	(1ull << MARK_SERVER_NAME | 1ull << MARK_ALPN | 1ull << MARK_JA3 | 1ull << MARK_JA4 |      \
	 1ull << MARK_JA4_R | 1ull << MARK_JA3S | 1ull << MARK_NPF | 1ull << MARK_HASSH |          \
	 1ull << MARK_HASSH_SERVER)

/* 0 for what no message gave: an NPF of a connection's first segment is of no message. */
static uint64_t kind_of(const struct mark *mark)
{
	static const char of_syn[4] = { 't', 'c', 'p', '/' };

	if (mark->kind == MARK_NPF && mark->value.length >= sizeof(of_syn) &&
	    memcmp(mark->value.at, of_syn, sizeof(of_syn)) == 0)
		return 0;
	return TAKEN_BACK & 1ull << mark->kind;
}

uint64_t flow_kinds(const struct flow *flow)
{
	uint64_t kinds = 0;

	for (size_t i = 0; i < flow->marks.count; i++)
		kinds |= kind_of(&flow->marks.at[i]);
	return kinds;
}

static bool is_taken_back(const struct mark *mark, const void *said)
{
	return (kind_of(mark) & *(const uint64_t *)said) != 0;
}

void flow_take_back(struct flow *flow, enum fingerprint_side side)
{
	marks_forget(&flow->marks, is_taken_back, &flow->said[side]);
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

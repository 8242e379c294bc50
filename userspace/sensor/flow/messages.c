/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/flow/messages.h"

#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

void flow_messages_init(struct flow_messages *messages, size_t bytes_max,
			struct flow_table_stats *stats)
{
	*messages = (struct flow_messages){ .bytes_max = bytes_max, .stats = stats };
}

static size_t held_bytes(const struct flow_message *message)
{
	return sizeof(*message) + first_bytes_heap(&message->bytes);
}

/* Wipes it. */
static void drop_message(struct flow_messages *messages, struct flow_message *message)
{
	messages->stats->pending_bytes -= held_bytes(message);
	DL_DELETE(message->flow->messages, message);
	DL_DELETE2(messages->oldest, message, older, newer);
	first_bytes_done(&message->bytes);
	free(message);
}

static enum parse_status parse(struct flow *flow, const struct fingerprint_message *message)
{
	uint64_t before = flow_kinds(flow);
	enum parse_status status;

	if (!flow->session)
		flow->session = fingerprint_session_new();
	if (!flow->session)
		return PARSE_NEED_MORE;
	status = fingerprint_parse(flow->session, message, &flow->marks);
	flow->said[message->side] |= flow_kinds(flow) & ~before;
	return status;
}

/* True when the message is done with, so that nothing of it need be kept. */
static bool conclude(struct flow_messages *messages, enum parse_status status)
{
	messages->stats->messages += status == PARSE_OK;
	messages->stats->malformed += status == PARSE_MALFORMED;
	return status != PARSE_NEED_MORE;
}

/* No more of a datagram will come: one that ends too early is broken. */
static enum parse_status status_of_whole(enum fingerprint_protocol protocol,
					 enum parse_status status, bool is_whole)
{
	if (status == PARSE_NEED_MORE && is_whole && flow_is_datagram(protocol))
		return PARSE_MALFORMED;
	return status;
}

static bool is_read_to_the_end(struct flow_messages *messages, struct flow_message *message)
{
	struct fingerprint_message now = {
		.protocol = message->parser->protocol,
		.side = message->side,
		.start = message->start,
		.bytes = first_bytes_read(&message->bytes),
	};

	return conclude(messages, status_of_whole(now.protocol, parse(message->flow, &now),
						  first_bytes_is_whole(&message->bytes)));
}

static void finish_message(struct flow_messages *messages, struct flow_message *message)
{
	flow_set_done(message->flow, message->side, message->start);
	drop_message(messages, message);
}

static void truncate_message(struct flow_messages *messages, struct flow_message *message,
			     const char *reason)
{
	messages->stats->truncated++;
	fingerprint_cut(&message->flow->marks, reason);
	finish_message(messages, message);
}

/* Nothing more will come of it. */
static void end_message(struct flow_messages *messages, struct flow_message *message,
			const char *reason)
{
	if (first_bytes_has_news(&message->bytes) && is_read_to_the_end(messages, message))
		finish_message(messages, message);
	else
		truncate_message(messages, message, reason);
}

/* Those that grew longest ago give way. False when even that is not enough. */
static bool make_room(struct flow_messages *messages, const struct flow_message *needs,
		      size_t bytes)
{
	size_t bytes_max = messages->bytes_max;

	while (messages->stats->pending_bytes + bytes > bytes_max && messages->oldest &&
	       messages->oldest != needs)
		end_message(messages, messages->oldest, "limit");
	return messages->stats->pending_bytes + bytes <= bytes_max;
}

static struct flow_message *begin_message(struct flow_messages *messages, struct flow *flow,
					  const struct flow_piece *piece)
{
	const struct fingerprint_parser *parser = fingerprint_parser_of(piece->protocol);
	struct flow_message *surplus = flow_surplus_message(flow, piece->side);
	struct flow_message *message = calloc(1, sizeof(*message));

	if (!message)
		return NULL;
	if (surplus)
		end_message(messages, surplus, "limit");
	message->flow = flow;
	message->parser = parser;
	message->side = piece->side;
	message->start = piece->start;
	first_bytes_init(&message->bytes, flow_bytes_max(parser));
	DL_APPEND(flow->messages, message);
	DL_APPEND2(messages->oldest, message, older, newer);
	messages->stats->pending_bytes += held_bytes(message);
	return message;
}

/* 0, or why the message is good for nothing any more. */
static int grow(struct flow_messages *messages, struct flow_message *message,
		const struct flow_piece *piece)
{
	size_t growth = first_bytes_growth(&message->bytes, piece->offset, piece->bytes.left);
	int r;

	DL_DELETE2(messages->oldest, message, older, newer);
	DL_APPEND2(messages->oldest, message, older, newer);
	if (growth > 0 && !make_room(messages, message, growth))
		return -ENOSPC;
	messages->stats->pending_bytes -= held_bytes(message);
	r = first_bytes_add(&message->bytes, piece->offset, piece->bytes);
	messages->stats->pending_bytes += held_bytes(message);
	first_bytes_expect(&message->bytes, piece->total_bytes);
	return r;
}

static const char *reason_of(int error)
{
	if (error == -EBADMSG)
		return "overlap";
	return error == -ENOMEM ? "memory" : "limit";
}

static int extend(struct flow_messages *messages, struct flow_message *message,
		  const struct flow_piece *piece)
{
	int r = grow(messages, message, piece);

	if (r < 0)
		truncate_message(messages, message, reason_of(r));
	else if (first_bytes_is_due(&message->bytes) && is_read_to_the_end(messages, message))
		finish_message(messages, message);
	else if (first_bytes_is_full(&message->bytes))
		truncate_message(messages, message, "limit");
	return r == -ENOMEM ? r : 0;
}

/* A message's first piece is most often all of it: it is read where it lies. How many bytes of it
 * were read: none when it is not worth it yet. */
static size_t read_in_place(struct flow *flow, const struct flow_piece *piece,
			    enum parse_status *ret_status)
{
	size_t bytes_max = flow_bytes_max(fingerprint_parser_of(piece->protocol));
	struct cursor rest = piece->bytes;
	struct fingerprint_message message = {
		.protocol = piece->protocol,
		.side = piece->side,
		.start = piece->start,
		.bytes = cursor_take(&rest, rest.left < bytes_max ? rest.left : bytes_max),
	};

	*ret_status = PARSE_NEED_MORE;
	if (piece->offset != 0 || piece->bytes.left < piece->total_bytes)
		return 0;
	*ret_status = parse(flow, &message);
	return message.bytes.left;
}

static int begin(struct flow_messages *messages, struct flow *flow, const struct flow_piece *piece)
{
	enum parse_status status;
	size_t size = read_in_place(flow, piece, &status);
	bool is_whole = size > 0 && size >= piece->total_bytes && piece->total_bytes > 0;
	struct flow_message *message;

	if (conclude(messages, status_of_whole(piece->protocol, status, is_whole))) {
		flow_set_done(flow, piece->side, piece->start);
		return 0;
	}
	message = begin_message(messages, flow, piece);
	if (message) {
		first_bytes_was_read(&message->bytes, size);
		return extend(messages, message, piece);
	}
	messages->stats->truncated++;
	fingerprint_cut(&flow->marks, reason_of(-ENOMEM));
	return -ENOMEM;
}

int flow_messages_piece(struct flow_messages *messages, struct flow *flow,
			const struct flow_piece *piece)
{
	struct flow_message *message = flow_find_message(flow, piece->side, piece->start);

	if (message)
		return extend(messages, message, piece);
	if (flow_is_done(flow, piece->side, piece->start))
		return 0;
	return begin(messages, flow, piece);
}

bool flow_messages_end_side(struct flow_messages *messages, struct flow *flow,
			    enum fingerprint_side side, const char *reason)
{
	struct flow_message *message, *after;
	bool had_any = false;

	DL_FOREACH_SAFE (flow->messages, message, after) {
		if (message->side != side)
			continue;
		end_message(messages, message, reason);
		had_any = true;
	}
	return had_any;
}

void flow_messages_drop(struct flow_messages *messages, struct flow *flow)
{
	for (; flow->messages; drop_message(messages, flow->messages))
		messages->stats->truncated++;
}

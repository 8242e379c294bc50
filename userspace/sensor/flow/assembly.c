/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/flow/assembly.h"

#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

void assembly_init(struct assembly *assembly, size_t bytes_max, struct flow_table_stats *stats)
{
	*assembly = (struct assembly){ .bytes_max = bytes_max, .stats = stats };
}

static size_t held_bytes(const struct flow_message *message)
{
	return sizeof(*message) + first_bytes_heap(&message->bytes);
}

/* Wipes it. */
static void drop_message(struct assembly *assembly, struct flow_message *message)
{
	assembly->stats->pending_bytes -= held_bytes(message);
	DL_DELETE(message->flow->messages, message);
	DL_DELETE2(assembly->messages, message, older, newer);
	first_bytes_done(&message->bytes);
	free(message);
}

static enum parse_status parse(struct flow *flow, const struct fingerprint_message *message)
{
	if (!flow->session)
		flow->session = fingerprint_session_new();
	return flow->session ? fingerprint_parse(flow->session, message, &flow->marks)
			     : PARSE_NEED_MORE;
}

/* True when the message is done with, so that nothing of it need be kept. */
static bool conclude(struct assembly *assembly, enum parse_status status)
{
	assembly->stats->messages += status == PARSE_OK;
	assembly->stats->malformed += status == PARSE_MALFORMED;
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

static bool is_read_to_the_end(struct assembly *assembly, struct flow_message *message)
{
	struct fingerprint_message now = {
		.protocol = message->parser->protocol,
		.side = message->side,
		.start = message->start,
		.bytes = first_bytes_read(&message->bytes),
	};

	return conclude(assembly, status_of_whole(now.protocol, parse(message->flow, &now),
						  first_bytes_is_whole(&message->bytes)));
}

static void finish_message(struct assembly *assembly, struct flow_message *message)
{
	flow_set_done(message->flow, message->side, message->start);
	drop_message(assembly, message);
}

static void truncate_message(struct assembly *assembly, struct flow_message *message,
			     const char *reason)
{
	assembly->stats->truncated++;
	fingerprint_cut(&message->flow->marks, reason);
	finish_message(assembly, message);
}

/* Nothing more will come of it. */
static void end_message(struct assembly *assembly, struct flow_message *message, const char *reason)
{
	if (first_bytes_has_news(&message->bytes) && is_read_to_the_end(assembly, message))
		finish_message(assembly, message);
	else
		truncate_message(assembly, message, reason);
}

/* Those that grew longest ago give way. False when even that is not enough. */
static bool make_room(struct assembly *assembly, const struct flow_message *needs, size_t bytes)
{
	size_t bytes_max = assembly->bytes_max;

	while (assembly->stats->pending_bytes + bytes > bytes_max && assembly->messages &&
	       assembly->messages != needs)
		end_message(assembly, assembly->messages, "limit");
	return assembly->stats->pending_bytes + bytes <= bytes_max;
}

static struct flow_message *begin_message(struct assembly *assembly, struct flow *flow,
					  const struct flow_piece *piece)
{
	const struct fingerprint_parser *parser = fingerprint_parser_of(piece->protocol);
	struct flow_message *surplus = flow_surplus_message(flow, piece->side);
	struct flow_message *message = calloc(1, sizeof(*message));

	if (!message)
		return NULL;
	if (surplus)
		end_message(assembly, surplus, "limit");
	message->flow = flow;
	message->parser = parser;
	message->side = piece->side;
	message->start = piece->start;
	first_bytes_init(&message->bytes, flow_bytes_max(parser));
	DL_APPEND(flow->messages, message);
	DL_APPEND2(assembly->messages, message, older, newer);
	assembly->stats->pending_bytes += held_bytes(message);
	return message;
}

/* 0, or why the message is good for nothing any more. */
static int grow(struct assembly *assembly, struct flow_message *message,
		const struct flow_piece *piece)
{
	size_t growth = first_bytes_growth(&message->bytes, piece->offset, piece->bytes.left);
	int r;

	DL_DELETE2(assembly->messages, message, older, newer);
	DL_APPEND2(assembly->messages, message, older, newer);
	if (growth > 0 && !make_room(assembly, message, growth))
		return -ENOSPC;
	assembly->stats->pending_bytes -= held_bytes(message);
	r = first_bytes_add(&message->bytes, piece->offset, piece->bytes);
	assembly->stats->pending_bytes += held_bytes(message);
	first_bytes_expect(&message->bytes, piece->total_bytes);
	return r;
}

static const char *reason_of(int error)
{
	if (error == -EBADMSG)
		return "overlap";
	return error == -ENOMEM ? "memory" : "limit";
}

static int extend(struct assembly *assembly, struct flow_message *message,
		  const struct flow_piece *piece)
{
	int r = grow(assembly, message, piece);

	if (r < 0)
		truncate_message(assembly, message, reason_of(r));
	else if (first_bytes_is_due(&message->bytes) && is_read_to_the_end(assembly, message))
		finish_message(assembly, message);
	else if (first_bytes_is_full(&message->bytes))
		truncate_message(assembly, message, "limit");
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

static int begin(struct assembly *assembly, struct flow *flow, const struct flow_piece *piece)
{
	enum parse_status status;
	size_t size = read_in_place(flow, piece, &status);
	bool is_whole = size > 0 && size >= piece->total_bytes && piece->total_bytes > 0;
	struct flow_message *message;

	if (conclude(assembly, status_of_whole(piece->protocol, status, is_whole))) {
		flow_set_done(flow, piece->side, piece->start);
		return 0;
	}
	message = begin_message(assembly, flow, piece);
	if (message) {
		first_bytes_was_read(&message->bytes, size);
		return extend(assembly, message, piece);
	}
	assembly->stats->truncated++;
	fingerprint_cut(&flow->marks, reason_of(-ENOMEM));
	return -ENOMEM;
}

int assembly_piece(struct assembly *assembly, struct flow *flow, const struct flow_piece *piece)
{
	struct flow_message *message = flow_find_message(flow, piece->side, piece->start);

	if (message)
		return extend(assembly, message, piece);
	if (flow_is_done(flow, piece->side, piece->start))
		return 0;
	return begin(assembly, flow, piece);
}

bool assembly_end_side(struct assembly *assembly, struct flow *flow, enum fingerprint_side side,
		       const char *reason)
{
	struct flow_message *message, *after;
	bool had_any = false;

	DL_FOREACH_SAFE (flow->messages, message, after) {
		if (message->side != side)
			continue;
		end_message(assembly, message, reason);
		had_any = true;
	}
	return had_any;
}

void assembly_drop(struct assembly *assembly, struct flow *flow)
{
	for (; flow->messages; drop_message(assembly, flow->messages))
		assembly->stats->truncated++;
}

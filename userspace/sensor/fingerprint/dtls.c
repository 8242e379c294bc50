/* SPDX-License-Identifier: Apache-2.0 */
/* DTLS datagrams: a hello may be cut into fragments, over records and datagrams, in any order.
 * RFC 6347 4.1, 4.2; 9147 4, 5 */
#include "common/pieces.h"
#include "sensor/fingerprint/parser_table.h"
#include "sensor/fingerprint/tls_marks.h"

#include <stdlib.h>

#define DATAGRAM_BYTES_MAX (16 << 10)
#define VERSION_MAJOR 0xfe
#define SEQUENCE_BYTES 6

enum content_type { CHANGE_CIPHER_SPEC = 20, HANDSHAKE = 22, HEARTBEAT = 24, ACK = 26 };

/* What one end is saying: the message that its fragments make up now. */
struct dtls_end {
	bool is_done; /* nothing more of it is of interest */
	bool is_open;
	uint8_t type;
	uint16_t sequence;
	uint32_t length;
	struct pieces body;
};

struct dtls_state {
	struct dtls_end ends[SIDE_COUNT];
};

struct fragment {
	uint8_t type;
	uint32_t length; /* of the whole message */
	uint16_t sequence;
	uint32_t offset;
	struct cursor bytes;
};

/* "dtls/" keeps the order of the wire; the form with sorted extensions is "dtls/1/". */
static const struct tls_transport transport = {
	.ja4 = 'd',
	.is_dtls = true,
	.npf = { { "dtls/1/", NPF_SORTED }, { "dtls/", NPF_WIRE } },
};

void dtls_state_free(struct dtls_state *state)
{
	if (!state)
		return;
	for (size_t i = 0; i < SIDE_COUNT; i++)
		pieces_done(&state->ends[i].body);
	free(state);
}

bool dtls_state_is_unfinished(const struct dtls_state *state, enum fingerprint_side side)
{
	return state && state->ends[side].is_open;
}

size_t dtls_state_bytes(const struct dtls_state *state)
{
	return state ? sizeof(*state) + pieces_heap(&state->ends[SIDE_SOURCE].body) +
			       pieces_heap(&state->ends[SIDE_DESTINATION].body)
		     : 0;
}

static void close_message(struct dtls_end *end, bool is_done)
{
	pieces_done(&end->body);
	end->is_open = false;
	end->is_done = is_done;
}

static enum parse_status give_up(struct dtls_end *end, struct marks *marks, const char *reason)
{
	close_message(end, true);
	fingerprint_cut(marks, reason);
	return PARSE_OK;
}

/* A whole message: nothing more after a hello, the next one after HelloRetryRequest. */
static enum parse_status take_whole(struct fingerprint_session *session, struct dtls_end *end,
				    const struct fragment *fragment, struct marks *marks)
{
	enum parse_status status =
		tls_handshake_message(session, &transport, fragment->type, fragment->bytes, marks);

	close_message(end, status == PARSE_OK);
	return status == PARSE_MALFORMED ? PARSE_MALFORMED : PARSE_OK;
}

/* Another message than before: what was there of that one is given up, as its sender has done. */
static void open_message(struct dtls_end *end, const struct fragment *fragment)
{
	if (end->is_open && end->sequence == fragment->sequence && end->type == fragment->type &&
	    end->length == fragment->length)
		return;
	close_message(end, false);
	end->is_open = true;
	end->type = fragment->type;
	end->sequence = fragment->sequence;
	end->length = fragment->length;
}

static enum parse_status add_fragment(struct fingerprint_session *session, struct dtls_end *end,
				      struct fragment *fragment, struct marks *marks)
{
	int r;

	if (fragment->length > TLS_HELLO_BYTES_MAX)
		return give_up(end, marks, "limit");
	if (fragment->bytes.left == fragment->length)
		return take_whole(session, end, fragment, marks);
	open_message(end, fragment);
	r = pieces_add(&end->body, fragment->offset, fragment->bytes);
	if (r < 0)
		return give_up(end, marks, pieces_reason(r));
	fragment->bytes = pieces_bytes(&end->body);
	if (fragment->bytes.left < fragment->length)
		return PARSE_OK;
	return take_whole(session, end, fragment, marks);
}

/* u8 msg_type; u24 length; u16 message_seq; u24 fragment_offset; u24 fragment_length; bytes */
static enum parse_status read_fragments(struct fingerprint_session *session, struct dtls_end *end,
					struct cursor record, struct marks *marks)
{
	enum parse_status status = PARSE_OK;

	while (record.left > 0 && status == PARSE_OK && !end->is_done) {
		struct fragment fragment;

		fragment.type = cursor_u8(&record);
		fragment.length = (uint32_t)cursor_be(&record, 3);
		fragment.sequence = cursor_u16(&record);
		fragment.offset = (uint32_t)cursor_be(&record, 3);
		fragment.bytes = cursor_block(&record, 3);
		if (!cursor_ok(&record) || fragment.offset > fragment.length ||
		    fragment.bytes.left > fragment.length - fragment.offset)
			return PARSE_MALFORMED;
		if (fragment.type == TLS_CLIENT_HELLO || fragment.type == TLS_SERVER_HELLO)
			status = add_fragment(session, end, &fragment, marks);
	}
	return status;
}

/* u8 type; u16 version; u16 epoch; u48 sequence_number; u16 length; fragment. The first epoch is
 * the plain one. Nothing after a record of DTLS 1.3's other form can be read. */
static enum parse_status read_record(struct fingerprint_session *session, struct dtls_end *end,
				     struct cursor *datagram, struct marks *marks)
{
	uint8_t type = cursor_u8(datagram);
	uint16_t version = cursor_u16(datagram);
	uint16_t epoch = cursor_u16(datagram);
	struct cursor record;

	cursor_take(datagram, SEQUENCE_BYTES);
	record = cursor_block(datagram, 2);
	if (type < CHANGE_CIPHER_SPEC || type > ACK || type == HEARTBEAT)
		return PARSE_MALFORMED;
	if (!cursor_ok(datagram))
		return PARSE_NEED_MORE;
	if (version >> 8 != VERSION_MAJOR)
		return PARSE_MALFORMED;
	return type == HANDSHAKE && epoch == 0 ? read_fragments(session, end, record, marks)
					       : PARSE_OK;
}

static enum parse_status parse(struct fingerprint_session *session,
			       const struct fingerprint_message *message, struct marks *marks)
{
	struct cursor datagram = message->bytes;
	enum parse_status status = datagram.left > 0 ? PARSE_OK : PARSE_NEED_MORE;
	bool is_first = true;
	struct dtls_end *end;

	if (!session->dtls)
		session->dtls = calloc(1, sizeof(*session->dtls));
	if (!session->dtls) {
		fingerprint_cut(marks, "no_room");
		return PARSE_OK;
	}
	end = &session->dtls->ends[message->side];
	while (datagram.left > 0 && status == PARSE_OK && !end->is_done) {
		status = read_record(session, end, &datagram, marks);
		if (status == PARSE_MALFORMED && !is_first)
			return PARSE_OK;
		is_first = false;
	}
	return status;
}

const struct fingerprint_parser fingerprint_dtls = {
	.name = "dtls",
	.protocol = FINGERPRINT_DTLS,
	.bytes_max = DATAGRAM_BYTES_MAX,
	.parse = parse,
};

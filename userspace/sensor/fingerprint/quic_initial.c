/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QUIC datagrams: the hellos in the CRYPTO frames of Initial packets. Frames come in any order,
 * over several packets; beside them, in the same datagram, there may be packets of other types. RFC
 * 9000 17.2, 19; 9001 4, 5
 */
#include "sensor/fingerprint/parser_table.h"
#include "sensor/fingerprint/quic_state.h"
#include "sensor/fingerprint/quic_varint.h"
#include "sensor/fingerprint/tls_marks.h"

#include <stdlib.h>

#define DATAGRAM_BYTES_MAX (16 << 10)
#define CRYPTO_BYTES_MAX (64 << 10)
#define PACKETS_MAX 8 /* of a datagram that are looked at */
#define IDS_MAX 3
#define HANDSHAKE_HEADER_BYTES 4
#define NPF_PREFIX_BYTES 16 /* "quic/(00000001)" */

enum frame_type {
	FRAME_PADDING = 0x00,
	FRAME_PING = 0x01,
	FRAME_ACK = 0x02,
	FRAME_ACK_ECN = 0x03,
	FRAME_CRYPTO = 0x06,
	FRAME_CONNECTION_CLOSE = 0x1c,
};

/* What one datagram is read with. */
struct reading {
	struct fingerprint_session *session;
	struct quic_state *state;
	struct quic_crypto *crypto; /* contexts of kilobytes: a flow that waits holds none */
	struct quic_end *end;
	enum fingerprint_side side;
	struct marks *marks;
	uint8_t plain[DATAGRAM_BYTES_MAX];
};

static void finish_end(struct quic_end *end)
{
	pieces_done(&end->crypto);
	end->read_bytes = 0;
	end->is_done = true;
}

static enum parse_status give_up(struct reading *reading, const char *reason)
{
	finish_end(reading->end);
	fingerprint_cut(reading->marks, reason);
	return PARSE_OK;
}

static enum parse_status read_message(struct reading *reading, uint32_t version, uint8_t type,
				      struct cursor body)
{
	struct fingerprint_session *session = reading->session;
	bool had_hello = session->has_client_hello;
	char prefix[NPF_PREFIX_BYTES + 1], digits[9];
	struct writer writer = writer_of(prefix, sizeof(prefix));
	struct tls_transport transport = { .ja4 = 'q', .npf = { { prefix, NPF_SORTED } } };
	enum parse_status status;

	writer_string(&writer, "quic/(");
	writer_hex(&writer, version, 4);
	writer_string(&writer, ")");
	writer_char(&writer, '\0');
	status = tls_handshake_message(session, &transport, type, body, reading->marks);
	if (!had_hello && session->has_client_hello) {
		writer = writer_of(digits, sizeof(digits));
		writer_hex(&writer, version, 4);
		marks_add(reading->marks, MARK_QUIC_VERSION, writer_done(&writer));
	}
	return status;
}

/* Handshake messages that are whole by now: the hello, before a server's a HelloRetryRequest. */
static enum parse_status read_messages(struct reading *reading, uint32_t version)
{
	struct quic_end *end = reading->end;

	while (!end->is_done) {
		struct cursor stream = pieces_bytes(&end->crypto);
		struct cursor body;
		enum parse_status status;
		uint8_t type;
		size_t length;

		cursor_take(&stream, end->read_bytes);
		type = cursor_u8(&stream);
		length = (size_t)cursor_be(&stream, 3);
		if (!cursor_ok(&stream))
			return PARSE_OK;
		if (length > TLS_HELLO_BYTES_MAX)
			return give_up(reading, "limit");
		body = cursor_take(&stream, length);
		if (!cursor_ok(&body))
			return PARSE_OK;
		status = read_message(reading, version, type, body);
		end->read_bytes += HANDSHAKE_HEADER_BYTES + length;
		if (status != PARSE_NEED_MORE) {
			finish_end(end);
			return status;
		}
	}
	return PARSE_OK;
}

/* varint largest; varint delay; varint count; varint first range; count times two varints */
static void skip_ack(struct cursor *frames, bool has_ecn)
{
	uint64_t numbers;

	quic_varint(frames);
	quic_varint(frames);
	numbers = quic_varint(frames);
	numbers = 1 + 2 * numbers + (has_ecn ? 3 : 0);
	for (uint64_t i = 0; i < numbers && cursor_ok(frames); i++)
		quic_varint(frames);
}

/* varint offset; varint length; bytes */
static enum parse_status take_crypto(struct reading *reading, struct cursor *frames)
{
	uint64_t offset = quic_varint(frames);
	struct cursor bytes = cursor_take(frames, (size_t)quic_varint(frames));
	int r;

	if (!cursor_ok(&bytes))
		return PARSE_MALFORMED;
	if (offset > CRYPTO_BYTES_MAX || bytes.left > CRYPTO_BYTES_MAX - offset)
		return give_up(reading, "limit");
	r = pieces_add(&reading->end->crypto, (size_t)offset, bytes);
	return r < 0 ? give_up(reading, pieces_reason(r)) : PARSE_OK;
}

/* RFC 9000 12.4: the frames that an Initial may hold. */
static enum parse_status read_frames(struct reading *reading, struct cursor frames)
{
	enum parse_status status = PARSE_OK;

	while (frames.left > 0 && status == PARSE_OK && !reading->end->is_done) {
		uint64_t type = quic_varint(&frames);

		if (type == FRAME_PADDING || type == FRAME_PING)
			continue;
		if (type == FRAME_CRYPTO) {
			status = take_crypto(reading, &frames);
		} else if (type == FRAME_ACK || type == FRAME_ACK_ECN) {
			skip_ack(&frames, type == FRAME_ACK_ECN);
		} else if (type == FRAME_CONNECTION_CLOSE) {
			quic_varint(&frames);
			quic_varint(&frames);
			cursor_take(&frames, (size_t)quic_varint(&frames));
		} else {
			return PARSE_MALFORMED;
		}
	}
	return cursor_ok(&frames) ? status : PARSE_MALFORMED;
}

static bool try_id(struct reading *reading, const struct quic_packet *packet, bool is_server,
		   struct cursor id, size_t *ret_plain_bytes)
{
	const struct quic_version *version = NULL;

	while ((version = quic_version_next(version, packet->version))) {
		const struct quic_secret secret = {
			.salt = cursor_of(version->salt, sizeof(version->salt)),
			.is_v2 = version->is_v2,
			.is_server = is_server,
		};
		struct quic_end *end = reading->end;

		end->has_keys = quic_keys_derive(reading->crypto, &secret, id, &end->keys) &&
				quic_open(reading->crypto, &end->keys, packet->whole,
					  packet->number_at, reading->plain, ret_plain_bytes);
		if (end->has_keys)
			return true;
	}
	return false;
}

/* The first destination of the flow, this packet's own (which a client's first is, but later ones
 * are not), a Retry's source. The one that opens the packet is what the other end's keys follow
 * from as well. */
static bool try_ids(struct reading *reading, const struct quic_packet *packet, bool is_server,
		    size_t *ret_plain_bytes)
{
	const struct quic_id *first = &reading->state->first, *retry = &reading->state->retry;
	struct cursor ids[IDS_MAX];
	size_t count = 0;

	if (first->is_known)
		ids[count++] = cursor_of(first->bytes, first->length);
	if (!is_server && (count == 0 || cursor_compare(ids[0], packet->destination_id) != 0))
		ids[count++] = packet->destination_id;
	if (retry->is_known)
		ids[count++] = cursor_of(retry->bytes, retry->length);
	for (size_t i = 0; i < count; i++)
		if (try_id(reading, packet, is_server, ids[i], ret_plain_bytes)) {
			quic_remember(&reading->state->first, ids[i]);
			return true;
		}
	return false;
}

/* Which end spoke first is not always known: both ends' keys are tried. */
static bool open_initial(struct reading *reading, const struct quic_packet *packet,
			 size_t *ret_plain_bytes)
{
	bool is_server = reading->side == SIDE_DESTINATION;
	struct quic_end *end = reading->end;

	if (end->has_keys && quic_open(reading->crypto, &end->keys, packet->whole,
				       packet->number_at, reading->plain, ret_plain_bytes))
		return true;
	return try_ids(reading, packet, is_server, ret_plain_bytes) ||
	       try_ids(reading, packet, !is_server, ret_plain_bytes);
}

static enum parse_status read_initial(struct reading *reading, const struct quic_packet *packet)
{
	size_t plain_bytes = 0;
	enum parse_status status = PARSE_MALFORMED;

	if (open_initial(reading, packet, &plain_bytes)) {
		status = read_frames(reading, cursor_of(reading->plain, plain_bytes));
		if (status == PARSE_OK)
			status = read_messages(reading, packet->version);
		explicit_bzero(reading->plain, plain_bytes);
	} else if (reading->side == SIDE_DESTINATION) {
		quic_keep_waiting(reading->state, packet->whole);
	}
	return status;
}

static enum parse_status read_packet(struct reading *reading, const struct quic_packet *packet)
{
	struct quic_state *state = reading->state;

	if (reading->side == SIDE_SOURCE && !state->first.is_known &&
	    (packet->type == QUIC_INITIAL || packet->type == QUIC_ZERO_RTT))
		quic_remember(&state->first, packet->destination_id);
	/* Each datagram may be answered by one; a client takes the first: RFC 9000 17.2.5.2. */
	if (packet->type == QUIC_RETRY && !state->retry.is_known)
		quic_remember(&state->retry, packet->source_id);
	return packet->type == QUIC_INITIAL ? read_initial(reading, packet) : PARSE_OK;
}

/* One packet after the other. What follows them and is none, a short header or padding, does not
 * take back what was read. */
static enum parse_status read_datagram(struct reading *reading, struct cursor datagram)
{
	enum parse_status status = datagram.left > 0 ? PARSE_OK : PARSE_NEED_MORE;

	for (int i = 0; i < PACKETS_MAX && datagram.left > 0 && !reading->end->is_done; i++) {
		struct quic_packet packet;
		enum parse_status header = quic_packet_read(&datagram, &packet);

		if (header == PARSE_MALFORMED && i > 0)
			return status;
		if (header != PARSE_OK)
			return header;
		status = read_packet(reading, &packet);
	}
	return status;
}

/* What the other end said before, now that its keys are known. */
static void read_waiting(struct reading *reading)
{
	struct quic_state *state = reading->state;
	struct cursor bytes = cursor_of(state->waiting, state->waiting_bytes);
	struct quic_packet packet;

	if (!state->waiting || !state->first.is_known)
		return;
	reading->side = SIDE_DESTINATION;
	reading->end = &state->ends[SIDE_DESTINATION];
	if (!reading->end->is_done && quic_packet_read(&bytes, &packet) == PARSE_OK)
		read_initial(reading, &packet);
	quic_drop_waiting(state);
}

static enum parse_status parse(struct fingerprint_session *session,
			       const struct fingerprint_message *message, struct marks *marks)
{
	struct reading reading;
	enum parse_status status;

	if (!session->quic)
		session->quic = calloc(1, sizeof(*session->quic));
	if (session->quic && session->quic->ends[message->side].is_done)
		return PARSE_OK;
	reading.crypto = session->quic ? quic_crypto_new() : NULL;
	if (!reading.crypto) {
		fingerprint_cut(marks, "no_room");
		return PARSE_OK;
	}
	reading.session = session;
	reading.state = session->quic;
	reading.end = &session->quic->ends[message->side];
	reading.side = message->side;
	reading.marks = marks;
	status = read_datagram(&reading, message->bytes);
	read_waiting(&reading);
	quic_crypto_free(reading.crypto);
	return status;
}

const struct fingerprint_parser fingerprint_quic = {
	.name = "quic",
	.protocol = FINGERPRINT_QUIC,
	.bytes_max = DATAGRAM_BYTES_MAX,
	.parse = parse,
};

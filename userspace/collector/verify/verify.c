/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/verify/verify.h"

#include "collector/verify/unpack.h"
#include "common/crc32c.h"
#include "telemetry/batch_codec.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef Yagura__Transport__Frame Frame;
typedef Yagura__Transport__Hello Hello;
typedef Yagura__Transport__Batch Batch;

void verify_session_init(struct verify_session *session, const uint8_t sensor[16],
			 uint64_t window_bytes)
{
	*session = (struct verify_session){ .window_bytes = window_bytes };
	memcpy(session->sensor, sensor, sizeof(session->sensor));
}

size_t verify_frame_bytes_max(const struct verify_session *session)
{
	return session->is_greeted ? VERIFY_FRAME_BYTES_MAX : VERIFY_HELLO_BYTES_MAX;
}

__attribute__((format(printf, 3, 4))) static enum verify_kind
refuse(struct verify_message *message, enum verify_code code, const char *format, ...)
{
	va_list arguments;

	message->failure = (struct verify_failure){ .code = code };
	va_start(arguments, format);
	vsnprintf(message->failure.why, sizeof(message->failure.why), format, arguments);
	va_end(arguments);
	return VERIFY_FAILURE;
}

static bool has_size(const ProtobufCBinaryData *data, size_t size)
{
	return data->len == size && data->data;
}

/* These texts reach logs and terminals. */
static void copy_printable(char to[VERIFY_TEXT_BYTES], const char *from)
{
	size_t length = strnlen(from, VERIFY_TEXT_BYTES - 1);

	for (size_t i = 0; i < length; i++)
		to[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
	to[length] = '\0';
}

static bool has_valid_lanes(const Hello *hello)
{
	bool seen[VERIFY_LANES] = { false };

	for (size_t i = 0; i < hello->n_lanes; i++) {
		uint32_t lane = hello->lanes[i]->lane;

		if (lane >= VERIFY_LANES || seen[lane] ||
		    hello->lanes[i]->first_seq > hello->lanes[i]->next_seq)
			return false;
		seen[lane] = true;
	}
	return true;
}

static enum verify_kind check_hello(struct verify_session *session, const Hello *hello,
				    struct verify_message *message)
{
	if (session->is_greeted)
		return refuse(message, VERIFY_PROTOCOL_ERROR, "a second Hello");
	if (hello->protocol != VERIFY_PROTOCOL)
		return refuse(message, VERIFY_PROTOCOL_ERROR,
			      "protocol %" PRIu32 "; this collector speaks %u", hello->protocol,
			      VERIFY_PROTOCOL);
	if (!has_size(&hello->sensor, 16) || memcmp(hello->sensor.data, session->sensor, 16) != 0)
		return refuse(message, VERIFY_IDENTITY,
			      "Hello names another sensor than the certificate");
	if (!has_size(&hello->boot_id, sizeof(message->hello.boot_id)))
		return refuse(message, VERIFY_MALFORMED, "boot_id is not 16 bytes");
	if (!has_valid_lanes(hello))
		return refuse(message, VERIFY_MALFORMED, "lanes unknown, repeated or backwards");

	session->is_greeted = true;
	message->hello = (struct verify_hello){ .generation = hello->generation,
						.instance = hello->instance };
	for (size_t i = 0; i < hello->n_lanes; i++)
		message->hello.lanes[hello->lanes[i]->lane] = (struct verify_lane){
			.first_seq = hello->lanes[i]->first_seq,
			.next_seq = hello->lanes[i]->next_seq,
		};
	memcpy(message->hello.boot_id, hello->boot_id.data, sizeof(message->hello.boot_id));
	copy_printable(message->hello.version, hello->version);
	copy_printable(message->hello.kernel, hello->kernel);
	copy_printable(message->hello.host, hello->host);
	return VERIFY_HELLO;
}

/* One batch may always be under way, whatever its size. */
static bool passes_window(const struct verify_session *session, size_t size)
{
	return session->unacknowledged_bytes > 0 &&
	       session->unacknowledged_bytes + size > session->window_bytes;
}

static enum verify_kind check_batch(struct verify_session *session, const Batch *batch,
				    struct verify_message *message)
{
	if (!session->is_greeted)
		return refuse(message, VERIFY_PROTOCOL_ERROR, "a Batch before Hello");
	if (batch->lane >= VERIFY_LANES)
		return refuse(message, VERIFY_LIMIT, "lane %" PRIu32 " of %u", batch->lane,
			      VERIFY_LANES);
	if (batch->seq == 0 || batch->seq > INT64_MAX)
		return refuse(message, VERIFY_LIMIT, "sequence number %" PRIu64 " is out of bounds",
			      batch->seq);
	if (batch->raw_bytes > BATCH_RAW_BYTES_MAX || batch->payload.len > BATCH_RAW_BYTES_MAX)
		return refuse(message, VERIFY_LIMIT, "a batch of more than %u bytes",
			      BATCH_RAW_BYTES_MAX);
	if (batch->epoch_index >= BATCH_EPOCH_BATCHES_MAX || batch->epoch_index >= batch->seq)
		return refuse(message, VERIFY_LIMIT, "batch %" PRIu32 " of an epoch of at most %u",
			      batch->epoch_index, BATCH_EPOCH_BATCHES_MAX);
	if (batch->payload.len == 0)
		return refuse(message, VERIFY_MALFORMED, "a batch without payload");
	if (passes_window(session, batch->payload.len))
		return refuse(message, VERIFY_LIMIT, "more than %" PRIu64 " bytes unacknowledged",
			      session->window_bytes);
	if (crc32c(0, batch->payload.data, batch->payload.len) != batch->crc32c)
		return refuse(message, VERIFY_MALFORMED, "the payload's checksum is wrong");

	session->unacknowledged_bytes += batch->payload.len;
	message->batch = (struct verify_batch){
		.lane = batch->lane,
		.seq = batch->seq,
		.raw_bytes = batch->raw_bytes,
		.epoch_index = batch->epoch_index,
		.payload = batch->payload.data,
		.payload_bytes = batch->payload.len,
	};
	return VERIFY_BATCH;
}

static enum verify_kind check(struct verify_session *session, const Frame *frame,
			      struct verify_message *message)
{
	if (!frame)
		return refuse(message, VERIFY_MALFORMED, "not a frame");
	if (frame->body_case == YAGURA__TRANSPORT__FRAME__BODY_HELLO)
		return check_hello(session, frame->hello, message);
	if (frame->body_case == YAGURA__TRANSPORT__FRAME__BODY_BATCH)
		return check_batch(session, frame->batch, message);
	return refuse(message, VERIFY_PROTOCOL_ERROR, "a frame no sensor sends");
}

void verify_frame(struct verify_session *session, const uint8_t *body, size_t size,
		  struct verify_message *ret_message)
{
	Frame *frame = unpack_frame(body, size);

	*ret_message = (struct verify_message){ .frame = frame };
	ret_message->kind = check(session, frame, ret_message);
}

void verify_message_done(struct verify_message *message)
{
	unpack_free(message->frame);
	message->frame = NULL;
}

void verify_acknowledged(struct verify_session *session)
{
	session->unacknowledged_bytes = 0;
}

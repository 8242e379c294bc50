/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/ship/session.h"

#include "common/cleanup.h"
#include "common/crc32c.h"
#include "common/frame.h"

#include "proto/transport.pb-c.h"

#include <errno.h>
#include <event2/buffer.h>
#include <stdarg.h>
#include <string.h>

static const char lane_letters[SPOOL_LANE_COUNT] = { 'a', 'b' };

__attribute__((format(printf, 2, 3))) static int fail(struct session *session, const char *format,
						      ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(session->error, sizeof(session->error), format, arguments);
	va_end(arguments);
	return -EPROTO;
}

void session_init(struct session *session, const struct ship_options *options, struct spool *spool,
		  ship_acked_fn acked, void *context)
{
	*session = (struct session){
		.options = options,
		.spool = spool,
		.acked = acked,
		.context = context,
	};
}

/* --- out --- */

static int append_frame(struct session *session, const Yagura__Transport__Frame *frame,
			struct evbuffer *output)
{
	size_t size = yagura__transport__frame__get_packed_size(frame);
	_cleanup_free_ uint8_t *body = malloc(size);

	if (!body || frame_append(output, body, yagura__transport__frame__pack(frame, body)) < 0) {
		fail(session, "out of memory");
		return -ENOMEM;
	}
	return 0;
}

/* protobuf-c's structs take pointers to non-const; packing only reads them. */
static ProtobufCBinaryData bytes_field(const uint8_t *bytes, size_t size)
{
	return (ProtobufCBinaryData){ .len = size, .data = (uint8_t *)(uintptr_t)bytes };
}

static char *text_field(const char *text)
{
	return (char *)(uintptr_t)text;
}

int session_greet(struct session *session, struct evbuffer *output)
{
	const struct ship_options *options = session->options;
	Yagura__Transport__Lane lanes[SPOOL_LANE_COUNT];
	Yagura__Transport__Lane *lane_pointers[SPOOL_LANE_COUNT];
	Yagura__Transport__Hello hello;
	Yagura__Transport__Frame frame;

	yagura__transport__hello__init(&hello);
	yagura__transport__frame__init(&frame);
	for (uint32_t i = 0; i < SPOOL_LANE_COUNT; i++) {
		yagura__transport__lane__init(&lanes[i]);
		lanes[i].lane = i;
		lanes[i].first_seq = spool_first_seq(session->spool, (enum spool_lane)i);
		lanes[i].next_seq = spool_next_seq(session->spool, (enum spool_lane)i);
		lane_pointers[i] = &lanes[i];
	}
	hello.protocol = SESSION_PROTOCOL;
	hello.sensor = bytes_field(options->sensor, sizeof(options->sensor));
	hello.generation = spool_generation(session->spool);
	hello.boot_id = bytes_field(options->boot_id, sizeof(options->boot_id));
	hello.instance = options->instance;
	hello.n_lanes = SPOOL_LANE_COUNT;
	hello.lanes = lane_pointers;
	hello.version = text_field(YAGURA_VERSION);
	hello.kernel = text_field(options->kernel_release);
	hello.host = text_field(options->host);
	frame.body_case = YAGURA__TRANSPORT__FRAME__BODY_HELLO;
	frame.hello = &hello;
	return append_frame(session, &frame, output);
}

/* Where the epoch of a batch begins. */
static uint64_t epoch_of(const struct spool_batch *batch)
{
	return batch->seq > batch->mark.epoch_index ? batch->seq - batch->mark.epoch_index : 1;
}

static void remember_flight(struct session *session, enum spool_lane lane,
			    const struct spool_batch *batch)
{
	struct session_lane *l = &session->lanes[lane];
	uint32_t at = (l->flight_first + l->flight_count) % SESSION_FLIGHT_MAX;

	l->flight[at] = (struct session_flight){ .seq = batch->seq, .payload_bytes = batch->size };
	l->flight_count++;
	l->sent_seq = batch->seq;
	l->sent_epoch = epoch_of(batch);
	l->next_seq = batch->seq + 1;
	session->unacked_bytes += batch->size;
	session->sent_bytes += batch->size;
}

static int send_batch(struct session *session, enum spool_lane lane,
		      const struct spool_batch *stored, struct evbuffer *output)
{
	Yagura__Transport__Batch batch;
	Yagura__Transport__Frame frame;
	int r;

	yagura__transport__batch__init(&batch);
	yagura__transport__frame__init(&frame);
	batch.lane = lane;
	batch.seq = stored->seq;
	batch.raw_bytes = stored->mark.raw_size;
	batch.epoch_index = stored->mark.epoch_index;
	batch.crc32c = crc32c(0, stored->payload, stored->size);
	batch.payload = bytes_field(stored->payload, stored->size);
	frame.body_case = YAGURA__TRANSPORT__FRAME__BODY_BATCH;
	frame.batch = &batch;
	r = append_frame(session, &frame, output);
	if (r == 0)
		remember_flight(session, lane, stored);
	return r;
}

static bool may_send(const struct session *session, enum spool_lane lane,
		     const struct evbuffer *output)
{
	const struct session_lane *l = &session->lanes[lane];

	return l->next_seq < spool_synced_seq(session->spool, lane) &&
	       l->flight_count < SESSION_FLIGHT_MAX &&
	       evbuffer_get_length(output) < SESSION_OUTPUT_BYTES_MAX;
}

/* The collector refuses what passes its window. One batch may always be under way, whatever its
 * size. */
static bool passes_window(const struct session *session, uint32_t size)
{
	return session->unacked_bytes > 0 && session->unacked_bytes + size > session->window_bytes;
}

/* After a batch that is gone: the next that may exist. */
static uint64_t seq_after(const struct session *session, enum spool_lane lane, uint64_t seq)
{
	uint64_t first = spool_first_seq(session->spool, lane);

	return seq + 1 < first ? first : seq + 1;
}

/* The collector can read it: in this session it got all of its epoch that comes before. */
static bool is_readable(const struct session_lane *lane, const struct spool_batch *batch)
{
	return batch->mark.epoch_index == 0 ||
	       (lane->sent_epoch == epoch_of(batch) && lane->sent_seq + 1 == batch->seq);
}

/* What begins in the middle of an epoch starts over at its beginning, once in a session: the
 * collector has those in its store, but not their tables. Later the beginning can only be lost. */
static void go_back(struct session *session, enum spool_lane lane, const struct spool_batch *batch)
{
	struct session_lane *l = &session->lanes[lane];

	if (l->sent_epoch > 0 || l->went_back) {
		spool_write_off(session->spool, lane, batch->seq);
		l->next_seq = seq_after(session, lane, batch->seq);
		return;
	}
	l->went_back = true;
	l->next_seq = epoch_of(batch);
}

static int skip(struct session *session, enum spool_lane lane, int r)
{
	struct session_lane *l = &session->lanes[lane];

	if (r != -ENOENT)
		return fail(session, "cannot read batch %llu of lane %c: %s",
			    (unsigned long long)l->next_seq, lane_letters[lane], strerror(-r));
	l->next_seq = seq_after(session, lane, l->next_seq);
	return 0;
}

/* 0, 1 when the window is full, -errno. */
static int send_lane(struct session *session, enum spool_lane lane, struct evbuffer *output)
{
	struct session_lane *l = &session->lanes[lane];
	struct spool_batch batch;
	int r = 0;

	while (r == 0 && may_send(session, lane, output)) {
		r = spool_read(session->spool, lane, l->next_seq, &batch);
		if (r < 0)
			r = skip(session, lane, r);
		else if (!is_readable(l, &batch))
			go_back(session, lane, &batch);
		else if (passes_window(session, batch.size))
			r = 1;
		else
			r = send_batch(session, lane, &batch, output);
	}
	return r;
}

int session_send(struct session *session, struct evbuffer *output)
{
	int r = 0;

	if (!session->greeted)
		return 0;
	/* A full window ends it: what is smaller must not overtake lane A for ever. */
	for (int lane = 0; lane < SPOOL_LANE_COUNT && r == 0; lane++)
		r = send_lane(session, (enum spool_lane)lane, output);
	return r < 0 ? r : 0;
}

bool session_is_idle(const struct session *session)
{
	bool idle = session->unacked_bytes == 0;

	for (int lane = 0; lane < SPOOL_LANE_COUNT; lane++)
		idle = idle && session->lanes[lane].next_seq >=
				       spool_synced_seq(session->spool, (enum spool_lane)lane);
	return idle;
}

/* --- in --- */

static void acknowledge(struct session *session, enum spool_lane lane, uint64_t seq,
			uint64_t payload_bytes)
{
	uint64_t acked[RECORD_CLASS_COUNT] = { 0 };

	session->lanes[lane].acked_seq = seq;
	spool_acknowledge(session->spool, lane, seq, acked);
	session->acked(session->context, lane, seq, acked, payload_bytes);
}

/* Payload of spooled batches before `end`: they were sent in an earlier session. */
static uint64_t spooled_bytes_before(struct session *session, enum spool_lane lane, uint64_t end)
{
	struct spool_batch batch;
	uint64_t bytes = 0;

	for (uint64_t seq = spool_first_seq(session->spool, lane); seq < end; seq++)
		if (spool_read(session->spool, lane, seq, &batch) == 0)
			bytes += batch.size;
	return bytes;
}

/* What the collector does not want any more it has: the acknowledgement was lost on its way. */
static void resume_lane(struct session *session, enum spool_lane lane, uint64_t wanted)
{
	uint64_t first = spool_first_seq(session->spool, lane);

	if (wanted > first)
		acknowledge(session, lane, wanted - 1, spooled_bytes_before(session, lane, wanted));
	else
		session->lanes[lane].acked_seq = first - 1;
	session->lanes[lane].next_seq = wanted > first ? wanted : first;
}

/* The sequence number wanted of each lane; each lane exactly once. */
static int read_wanted(struct session *session, const Yagura__Transport__HelloAck *ack,
		       uint64_t ret_wanted[SPOOL_LANE_COUNT])
{
	bool seen[SPOOL_LANE_COUNT] = { false };

	if (ack->n_lanes != SPOOL_LANE_COUNT)
		return fail(session, "the collector's hello names %zu lanes", ack->n_lanes);
	for (size_t i = 0; i < ack->n_lanes; i++) {
		const Yagura__Transport__Lane *wanted = ack->lanes[i];
		uint64_t synced;

		if (wanted->lane >= SPOOL_LANE_COUNT || seen[wanted->lane])
			return fail(session, "the collector's hello names lane %u wrongly",
				    wanted->lane);
		synced = spool_synced_seq(session->spool, (enum spool_lane)wanted->lane);
		/* Going on would have it drop new batches as ones it knows: a loss unsaid. */
		if (wanted->next_seq > synced)
			return fail(session,
				    "the collector wants batch %llu of lane %c, this spool has "
				    "made %llu; was it set back?",
				    (unsigned long long)wanted->next_seq,
				    lane_letters[wanted->lane], (unsigned long long)(synced - 1));
		seen[wanted->lane] = true;
		ret_wanted[wanted->lane] = wanted->next_seq;
	}
	return 0;
}

static int receive_hello_ack(struct session *session, const Yagura__Transport__HelloAck *ack)
{
	uint64_t wanted[SPOOL_LANE_COUNT];
	int r;

	if (session->greeted)
		return fail(session, "the collector said hello twice");
	if (ack->protocol != SESSION_PROTOCOL)
		return fail(session, "the collector speaks protocol %u, this sensor %u",
			    ack->protocol, SESSION_PROTOCOL);
	if (ack->window_bytes == 0)
		return fail(session, "the collector leaves no window");
	r = read_wanted(session, ack, wanted);
	if (r < 0)
		return r;
	for (int lane = 0; lane < SPOOL_LANE_COUNT; lane++)
		resume_lane(session, (enum spool_lane)lane, wanted[lane]);
	session->window_bytes = ack->window_bytes;
	session->greeted = true;
	return 0;
}

/* Takes everything up to `seq` off the ring of batches under way; returns its payload bytes. */
static uint64_t land(struct session_lane *lane, uint64_t seq)
{
	uint64_t bytes = 0;

	while (lane->flight_count > 0 && lane->flight[lane->flight_first].seq <= seq) {
		bytes += lane->flight[lane->flight_first].payload_bytes;
		lane->flight_first = (lane->flight_first + 1) % SESSION_FLIGHT_MAX;
		lane->flight_count--;
	}
	return bytes;
}

static int receive_ack(struct session *session, const Yagura__Transport__Ack *ack)
{
	struct session_lane *lane;
	uint64_t bytes;

	if (!session->greeted)
		return fail(session, "the collector acknowledged before its hello");
	if (ack->lane >= SPOOL_LANE_COUNT)
		return fail(session, "the collector acknowledged lane %u", ack->lane);
	lane = &session->lanes[ack->lane];
	if (ack->seq > lane->acked_seq && ack->seq > lane->sent_seq)
		return fail(session, "the collector acknowledged batch %llu of lane %c, never sent",
			    (unsigned long long)ack->seq, lane_letters[ack->lane]);
	bytes = land(lane, ack->seq);
	session->unacked_bytes -= bytes;
	if (ack->seq <= lane->acked_seq) /* said before, or sent again for its tables */
		return 0;
	acknowledge(session, (enum spool_lane)ack->lane, ack->seq, bytes);
	return 0;
}

/* The text goes to a log: nothing in it may look like another line or move a cursor. */
static int receive_failure(struct session *session, const Yagura__Transport__Failure *failure)
{
	char text[SHIP_TEXT_BYTES / 2];

	snprintf(text, sizeof(text), "%s", failure->text);
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c >= 0x7f)
			*c = '?';
	return fail(session, "the collector refused (%u): %s", failure->code, text);
}

int session_receive(struct session *session, const uint8_t *body, size_t size)
{
	Yagura__Transport__Frame *frame = yagura__transport__frame__unpack(NULL, size, body);
	int r;

	if (!frame)
		return fail(session, "the collector sent a frame that does not decode");
	if (frame->body_case == YAGURA__TRANSPORT__FRAME__BODY_HELLO_ACK)
		r = receive_hello_ack(session, frame->hello_ack);
	else if (frame->body_case == YAGURA__TRANSPORT__FRAME__BODY_ACK)
		r = receive_ack(session, frame->ack);
	else if (frame->body_case == YAGURA__TRANSPORT__FRAME__BODY_FAILURE)
		r = receive_failure(session, frame->failure);
	else
		r = fail(session, "the collector sent a frame of kind %d", (int)frame->body_case);
	yagura__transport__frame__free_unpacked(frame, NULL);
	return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fake_collector.h"

#include "common/crc32c.h"
#include "common/frame.h"

#include "proto/transport.pb-c.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#define LANES 2
#define FRAME_BYTES_MAX (5u << 20)

struct fake_collector {
	const struct fake_collector_options *options;
	SSL_CTX *tls;
	struct evconnlistener *listener;
	struct bufferevent *bev; /* the session; NULL when there is none */
	struct event *ack_timer;
	uint64_t next_seq[LANES]; /* wanted */
	uint64_t acked_seq[LANES];
	uint64_t unacked_bytes;
	uint32_t batches; /* in this session */
	struct fake_collector_seen seen;
};

static bool has_fault(const struct fake_collector *collector, enum fake_fault fault)
{
	return collector->options->fault == fault && collector->seen.hellos <= 1;
}

static void close_session(struct fake_collector *collector)
{
	if (collector->bev)
		bufferevent_free(collector->bev);
	collector->bev = NULL;
	event_del(collector->ack_timer);
}

/* --- out --- */

static void send_frame(struct fake_collector *collector, const Yagura__Transport__Frame *frame)
{
	uint8_t body[1024];
	size_t size = yagura__transport__frame__pack(frame, body);

	frame_append(bufferevent_get_output(collector->bev), body, size);
}

static void send_hello_ack(struct fake_collector *collector)
{
	Yagura__Transport__Lane lanes[LANES];
	Yagura__Transport__Lane *pointers[LANES];
	Yagura__Transport__HelloAck ack;
	Yagura__Transport__Frame frame;

	for (uint32_t i = 0; i < LANES; i++) {
		yagura__transport__lane__init(&lanes[i]);
		lanes[i].lane = i;
		lanes[i].next_seq = collector->next_seq[i];
		if (has_fault(collector, FAULT_AHEAD))
			lanes[i].next_seq += FAKE_COLLECTOR_SEQ_MAX;
		pointers[i] = &lanes[i];
		collector->acked_seq[i] = collector->next_seq[i] - 1;
	}
	yagura__transport__hello_ack__init(&ack);
	yagura__transport__frame__init(&frame);
	ack.protocol = 2;
	ack.n_lanes = LANES;
	ack.lanes = pointers;
	ack.window_bytes = collector->options->window_bytes;
	frame.body_case = YAGURA__TRANSPORT__FRAME__BODY_HELLO_ACK;
	frame.hello_ack = &ack;
	send_frame(collector, &frame);
}

static void send_failure(struct fake_collector *collector)
{
	Yagura__Transport__Failure failure;
	Yagura__Transport__Frame frame;

	yagura__transport__failure__init(&failure);
	yagura__transport__frame__init(&frame);
	failure.code = 2;
	failure.text = (char *)(uintptr_t) "not on\nmy list";
	frame.body_case = YAGURA__TRANSPORT__FRAME__BODY_FAILURE;
	frame.failure = &failure;
	send_frame(collector, &frame);
}

static void send_ack(struct fake_collector *collector, uint32_t lane, uint64_t seq)
{
	Yagura__Transport__Ack ack;
	Yagura__Transport__Frame frame;

	yagura__transport__ack__init(&ack);
	yagura__transport__frame__init(&frame);
	ack.lane = lane;
	ack.seq = seq;
	frame.body_case = YAGURA__TRANSPORT__FRAME__BODY_ACK;
	frame.ack = &ack;
	send_frame(collector, &frame);
}

static void acknowledge(evutil_socket_t fd, short what, void *context)
{
	struct fake_collector *collector = context;

	(void)fd, (void)what;
	for (uint32_t lane = 0; lane < LANES; lane++) {
		if (collector->acked_seq[lane] == collector->next_seq[lane] - 1)
			continue;
		collector->acked_seq[lane] = collector->next_seq[lane] - 1;
		send_ack(collector, lane, collector->acked_seq[lane]);
	}
	collector->unacked_bytes = 0;
}

/* --- in --- */

/* True when the session ended. */
static bool misbehave(struct fake_collector *collector)
{
	struct evbuffer *output = bufferevent_get_output(collector->bev);

	if (collector->batches != collector->options->fault_after)
		return false;
	if (has_fault(collector, FAULT_ACK_UNSENT))
		send_ack(collector, 0, FAKE_COLLECTOR_SEQ_MAX);
	if (has_fault(collector, FAULT_GARBAGE))
		frame_append(output, "\xff\xff\xff", 3);
	if (has_fault(collector, FAULT_TOO_LONG))
		evbuffer_add(output, "\xff\xff\xff\xff", 4);
	if (has_fault(collector, FAULT_FORGET))
		for (int lane = 0; lane < LANES; lane++)
			collector->next_seq[lane] = collector->acked_seq[lane] + 1;
	if (has_fault(collector, FAULT_FORGET) || has_fault(collector, FAULT_LOSE_ACKS)) {
		close_session(collector);
		return true;
	}
	return false;
}

static bool is_intact(const Yagura__Transport__Batch *batch)
{
	uint8_t want = (uint8_t)(batch->seq * 2 + batch->lane);

	for (size_t i = 0; i < batch->payload.len; i++)
		if (batch->payload.data[i] != want)
			return false;
	return batch->crc32c == crc32c(0, batch->payload.data, batch->payload.len) &&
	       batch->raw_bytes == 2 * batch->payload.len;
}

static void take_batch(struct fake_collector *collector, const Yagura__Transport__Batch *batch)
{
	const struct timeval delay = {
		.tv_usec = (suseconds_t)collector->options->ack_delay_ms * 1000,
	};
	struct fake_collector_seen *seen = &collector->seen;

	collector->batches++;
	seen->bad_batches +=
		batch->lane >= LANES || batch->seq >= FAKE_COLLECTOR_SEQ_MAX || !is_intact(batch);
	if (seen->bad_batches > 0)
		return;
	seen->received[batch->lane][batch->seq]++;
	seen->resent_acked += batch->seq <= collector->acked_seq[batch->lane];
	seen->out_of_order += batch->seq < collector->next_seq[batch->lane];
	collector->next_seq[batch->lane] = batch->seq + 1;
	collector->unacked_bytes += batch->payload.len;
	if (collector->unacked_bytes > seen->unacked_bytes_max)
		seen->unacked_bytes_max = collector->unacked_bytes;
	if (!misbehave(collector) && !event_pending(collector->ack_timer, EV_TIMEOUT, NULL))
		event_add(collector->ack_timer, &delay);
}

static void take_hello(struct fake_collector *collector, const Yagura__Transport__Hello *hello)
{
	collector->seen.hellos++;
	collector->seen.generation = hello->generation;
	if (hello->sensor.len == sizeof(collector->seen.sensor))
		memcpy(collector->seen.sensor, hello->sensor.data, hello->sensor.len);
	if (has_fault(collector, FAULT_REFUSE_HELLO))
		send_failure(collector);
	else
		send_hello_ack(collector);
}

static void on_read(struct bufferevent *bev, void *context)
{
	struct fake_collector *collector = context;
	Yagura__Transport__Frame *frame;
	const uint8_t *body;
	size_t size;

	while (collector->bev == bev &&
	       frame_peek(bufferevent_get_input(bev), FRAME_BYTES_MAX, &body, &size) == 1) {
		frame = yagura__transport__frame__unpack(NULL, size, body);
		frame_drain(bufferevent_get_input(bev), size);
		if (frame && frame->body_case == YAGURA__TRANSPORT__FRAME__BODY_HELLO)
			take_hello(collector, frame->hello);
		else if (frame && frame->body_case == YAGURA__TRANSPORT__FRAME__BODY_BATCH)
			take_batch(collector, frame->batch);
		else
			collector->seen.bad_batches++;
		if (frame)
			yagura__transport__frame__free_unpacked(frame, NULL);
	}
}

static void on_event(struct bufferevent *bev, short what, void *context)
{
	(void)bev;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		close_session(context);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
		      int size, void *context)
{
	struct fake_collector *collector = context;

	(void)address, (void)size;
	close_session(collector);
	collector->batches = 0;
	collector->unacked_bytes = 0;
	collector->bev = bufferevent_openssl_socket_new(
		evconnlistener_get_base(listener), fd, SSL_new(collector->tls),
		BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	bufferevent_setcb(collector->bev, on_read, NULL, on_event, collector);
	bufferevent_enable(collector->bev, EV_READ | EV_WRITE);
}

/* --- life --- */

static SSL_CTX *server_context(const struct fake_collector_options *options)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	if (context && SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
	    SSL_CTX_load_verify_file(context, options->ca_file) == 1 &&
	    SSL_CTX_use_certificate_chain_file(context, options->certificate_file) == 1 &&
	    SSL_CTX_use_PrivateKey_file(context, options->key_file, SSL_FILETYPE_PEM) == 1) {
		SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
				   NULL);
		return context;
	}
	SSL_CTX_free(context);
	return NULL;
}

struct fake_collector *fake_collector_new(struct event_base *base,
					  const struct fake_collector_options *options)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct fake_collector *collector = calloc(1, sizeof(*collector));

	if (!collector)
		return NULL;
	collector->options = options;
	for (int lane = 0; lane < LANES; lane++)
		collector->next_seq[lane] = 1;
	collector->tls = server_context(options);
	collector->ack_timer = evtimer_new(base, acknowledge, collector);
	collector->listener = evconnlistener_new_bind(
		base, on_accept, collector, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 4,
		(struct sockaddr *)&address, sizeof(address));
	if (collector->tls && collector->ack_timer && collector->listener)
		return collector;
	fake_collector_free(collector);
	return NULL;
}

void fake_collector_free(struct fake_collector *collector)
{
	if (!collector)
		return;
	if (collector->ack_timer)
		close_session(collector);
	if (collector->ack_timer)
		event_free(collector->ack_timer);
	if (collector->listener)
		evconnlistener_free(collector->listener);
	SSL_CTX_free(collector->tls);
	free(collector);
}

uint16_t fake_collector_port(const struct fake_collector *collector)
{
	struct sockaddr_in address;
	socklen_t size = sizeof(address);

	if (getsockname(evconnlistener_get_fd(collector->listener), (struct sockaddr *)&address,
			&size) < 0)
		return 0;
	return ntohs(address.sin_port);
}

const struct fake_collector_seen *fake_collector_seen(const struct fake_collector *collector)
{
	return &collector->seen;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/accept/connection.h"

#include "collector/accept/identity.h"
#include "collector/accept/tls.h"
#include "common/frame.h"
#include "common/log.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Answers are short: so much of them waits only for who does not read. */
#define OUTPUT_BYTES_MAX (64u << 10)

enum state { HANDSHAKE, GREETING, OPEN, CLOSING };

struct connection {
	LIST_ENTRY(connection) link;
	struct connection_owner *owner;
	void *session; /* NULL until opened */
	struct bufferevent *stream;
	struct event *timer;
	struct event *pause; /* NULL until there was one */
	enum state state;
	bool is_paused; /* a frame was not taken; nothing is read */
	bool is_waiting; /* and nothing but connection_resume_all ends that */
	bool is_timed; /* a frame has begun and must end in time */
	char address[CONNECTION_PEER_BYTES];
};

static SSL *ssl_of(const struct connection *connection)
{
	return bufferevent_openssl_get_ssl(connection->stream);
}

static void release(struct connection *connection)
{
	struct connection_owner *owner = connection->owner;

	if (connection->session)
		owner->handlers.closed(connection->session);
	owner->waiting -= connection->is_waiting;
	LIST_REMOVE(connection, link);
	event_free(connection->timer);
	if (connection->pause)
		event_free(connection->pause);
	bufferevent_free(connection->stream);
	free(connection);
	owner->released(owner->context);
}

static void wake_in(struct connection *connection, long seconds)
{
	struct timeval after = { .tv_sec = seconds };

	event_add(connection->timer, &after);
}

static struct evbuffer *input_of(const struct connection *connection)
{
	return bufferevent_get_input(connection->stream);
}

/* Closing a socket with unread bytes resets it, and the peer may never see what was said last. So:
 * end our direction, drop what comes, wait for the peer's end or the timer. */
static void end_output(struct connection *connection)
{
	if (evbuffer_get_length(bufferevent_get_output(connection->stream)) > 0)
		return;
	if (SSL_is_init_finished(ssl_of(connection)))
		SSL_shutdown(ssl_of(connection));
	shutdown(bufferevent_getfd(connection->stream), SHUT_WR);
}

static void go_on(struct connection *connection)
{
	connection->owner->waiting -= connection->is_waiting;
	connection->is_waiting = false;
	connection->is_paused = false;
	bufferevent_enable(connection->stream, EV_READ);
}

void connection_close(struct connection *connection)
{
	if (connection->state == CLOSING)
		return;
	connection->state = CLOSING;
	go_on(connection); /* the peer's end must be seen */
	wake_in(connection, CONNECTION_LINGER_S);
	end_output(connection);
}

void connection_close_all(struct connection_owner *owner)
{
	struct connection *connection;

	for (connection = LIST_FIRST(&owner->connections); connection;
	     connection = LIST_NEXT(connection, link))
		connection_close(connection);
}

void connection_free_all(struct connection_owner *owner)
{
	while (!LIST_EMPTY(&owner->connections))
		release(LIST_FIRST(&owner->connections));
}

bool connection_drop_stranger(struct connection_owner *owner)
{
	struct connection *connection;
	struct connection *oldest = NULL;

	for (connection = LIST_FIRST(&owner->connections); connection;
	     connection = LIST_NEXT(connection, link))
		if (connection->state == HANDSHAKE)
			oldest = connection; /* the list begins with the newest */
	if (oldest)
		release(oldest);
	return oldest != NULL;
}

static void on_pause_over(evutil_socket_t fd, short what, void *context);

/* `answer` is what the handler said of the frame. Without memory for a timer it waits for the next
 * time that all go on. */
static void pause_reading(struct connection *connection, int answer)
{
	struct timeval after = { .tv_sec = answer / 1000, .tv_usec = answer % 1000 * 1000 };

	connection->is_paused = true;
	bufferevent_disable(connection->stream, EV_READ);
	if (answer > 0 && !connection->pause)
		connection->pause = evtimer_new(connection->owner->base, on_pause_over, connection);
	if (answer > 0 && connection->pause) {
		event_add(connection->pause, &after);
		return;
	}
	connection->is_waiting = true;
	connection->owner->waiting++;
}

/* Whoever sends a frame a byte at a time keeps what it has sent so far in our memory. */
static void time_frame(struct connection *connection, bool has_new)
{
	bool has_begun = evbuffer_get_length(input_of(connection)) > 0;

	if (connection->state != OPEN || connection->is_paused)
		return;
	if (has_begun && (has_new || !connection->is_timed))
		wake_in(connection, CONNECTION_FRAME_S);
	else if (!has_begun && connection->is_timed)
		event_del(connection->timer);
	connection->is_timed = has_begun;
}

/* 1: a frame was taken; 0: there is none, or not now; -errno as frame_peek. */
static int hand_out_frame(struct connection *connection)
{
	const struct connection_handlers *handlers = &connection->owner->handlers;
	struct evbuffer *input = input_of(connection);
	const uint8_t *body;
	size_t size;
	int r = frame_peek(input, handlers->frame_bytes_max(connection->session), &body, &size);

	if (r != 1)
		return r;
	r = handlers->frame(connection->session, body, size);
	if (r == 0) {
		frame_drain(input, size);
		return 1;
	}
	if (connection->state != CLOSING)
		pause_reading(connection, r);
	return 0;
}

static void hand_out_frames(struct connection *connection)
{
	const struct connection_handlers *handlers = &connection->owner->handlers;
	bool has_new = false;
	int r = 1;

	while (r == 1 && (connection->state == GREETING || connection->state == OPEN)) {
		r = hand_out_frame(connection);
		has_new |= r == 1;
	}
	if (r == -EMSGSIZE)
		handlers->oversized(connection->session);
	if (r < 0)
		connection_close(connection);
	time_frame(connection, has_new);
}

static void resume(struct connection *connection)
{
	if (!connection->is_paused || connection->state == CLOSING)
		return;
	go_on(connection);
	hand_out_frames(connection);
}

static void on_pause_over(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	resume(context);
}

void connection_resume_all(struct connection_owner *owner)
{
	struct connection *connection;

	if (owner->waiting == 0)
		return;
	for (connection = LIST_FIRST(&owner->connections); connection;
	     connection = LIST_NEXT(connection, link))
		if (connection->is_waiting)
			resume(connection);
}

static void on_read(struct bufferevent *stream, void *context)
{
	struct connection *connection = context;
	struct evbuffer *input = bufferevent_get_input(stream);

	if (connection->state != CLOSING && !connection->is_paused)
		hand_out_frames(connection);
	if (connection->state == CLOSING)
		evbuffer_drain(input, evbuffer_get_length(input));
}

static void on_written(struct bufferevent *stream, void *context)
{
	struct connection *connection = context;

	(void)stream;
	if (connection->state == CLOSING)
		end_output(connection);
}

static void refuse(const struct connection *connection, const char *why)
{
	const struct connection_handlers *handlers = &connection->owner->handlers;

	log_warn("accept", "%s: %s", connection->address, why);
	handlers->refused(handlers->context, connection->address, why);
}

static void on_handshake_done(struct connection *connection)
{
	const struct connection_handlers *handlers = &connection->owner->handlers;
	SSL *ssl = ssl_of(connection);
	struct connection_peer peer = { .address = connection->address,
					.tls_version = SSL_get_version(ssl),
					.tls_group = tls_group(ssl) };
	int authority = tls_authority(connection->owner->tls, ssl);

	if (authority < 0 || identity_of_peer(ssl, peer.sensor) < 0) {
		refuse(connection, "its certificate names no sensor (URI SAN spiffe://…)");
		connection_close(connection);
		return;
	}
	peer.authority = (size_t)authority;
	connection->session = handlers->opened(handlers->context, connection, &peer);
	if (!connection->session)
		connection_close(connection);
	else if (connection->state == HANDSHAKE)
		connection->state = GREETING;
}

/* Why a handshake failed: what a person at the sensor's end needs to know. */
static void log_failure(const struct connection *connection)
{
	const char *reason =
		tls_reason(ssl_of(connection), bufferevent_get_openssl_error(connection->stream));

	if (connection->state == HANDSHAKE) {
		log_warn("accept", "%s: TLS handshake failed: %s", connection->address,
			 reason ? reason : "connection lost");
		connection->owner->handlers.refused(connection->owner->handlers.context,
						    connection->address,
						    reason ? reason : "no TLS handshake");
	} else if (connection->state != CLOSING)
		log_debug("accept", "%s: connection lost%s%s", connection->address,
			  reason ? ": " : "", reason ? reason : "");
}

static void on_event(struct bufferevent *stream, short what, void *context)
{
	struct connection *connection = context;

	(void)stream;
	if (what & BEV_EVENT_CONNECTED) {
		on_handshake_done(connection);
		return;
	}
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) {
		log_failure(connection);
		release(connection);
	}
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct connection *connection = context;

	(void)fd;
	(void)what;
	if (connection->state == GREETING) {
		connection->owner->handlers.late(connection->session);
		connection_close(connection);
		return;
	}
	if (connection->state == OPEN) {
		connection->owner->handlers.stalled(connection->session);
		connection_close(connection);
		return;
	}
	if (connection->state == HANDSHAKE)
		refuse(connection, "no TLS handshake in time");
	release(connection);
}

/* Acknowledgements are small and waited for; a peer that vanished is noticed by keep-alive. */
static void tune_socket(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

static struct bufferevent *open_stream(struct event_base *base, SSL_CTX *tls, int fd)
{
	SSL *ssl = SSL_new(tls);
	struct bufferevent *stream = NULL;

	if (ssl)
		stream = bufferevent_openssl_socket_new(base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING,
							BEV_OPT_CLOSE_ON_FREE);
	if (!stream) {
		SSL_free(ssl);
		evutil_closesocket(fd);
	}
	return stream;
}

int connection_new(struct connection_owner *owner, int fd, const char *address)
{
	struct bufferevent *stream = open_stream(owner->base, tls_context(owner->tls), fd);
	struct connection *connection;

	if (!stream)
		return -ENOMEM;
	connection = calloc(1, sizeof(*connection));
	if (!connection || !(connection->timer = evtimer_new(owner->base, on_timer, connection))) {
		bufferevent_free(stream);
		free(connection);
		return -ENOMEM;
	}
	connection->owner = owner;
	LIST_INSERT_HEAD(&owner->connections, connection, link);
	connection->stream = stream;
	snprintf(connection->address, sizeof(connection->address), "%s", address);
	tune_socket(fd);
	bufferevent_setwatermark(stream, EV_READ, 0, owner->handlers.input_bytes_max);
	bufferevent_setcb(stream, on_read, on_written, on_event, connection);
	bufferevent_enable(stream, EV_READ | EV_WRITE);
	wake_in(connection, CONNECTION_HELLO_S);
	return 0;
}

void connection_established(struct connection *connection)
{
	if (connection->state != GREETING)
		return;
	connection->state = OPEN;
	connection->is_timed = false;
	event_del(connection->timer);
}

int connection_send(struct connection *connection, const void *body, size_t size)
{
	struct evbuffer *output = bufferevent_get_output(connection->stream);

	if (evbuffer_get_length(output) > OUTPUT_BYTES_MAX)
		return -ENOBUFS;
	return frame_append(output, body, size);
}

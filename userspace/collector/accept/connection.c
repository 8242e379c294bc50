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
#include <openssl/err.h>
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
	enum state state;
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
	LIST_REMOVE(connection, link);
	event_free(connection->timer);
	bufferevent_free(connection->stream);
	free(connection);
	owner->released(owner->listener);
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

void connection_close(struct connection *connection)
{
	if (connection->state == CLOSING)
		return;
	connection->state = CLOSING;
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

static void hand_out_frames(struct connection *connection)
{
	const struct connection_handlers *handlers = &connection->owner->handlers;
	struct evbuffer *input = input_of(connection);
	const uint8_t *body;
	size_t size;
	int r = 1;

	while (r == 1 && (connection->state == GREETING || connection->state == OPEN)) {
		r = frame_peek(input, handlers->frame_bytes_max(connection->session), &body, &size);
		if (r == 1) {
			handlers->frame(connection->session, body, size);
			frame_drain(input, size);
		}
	}
	if (r == -EMSGSIZE)
		handlers->oversized(connection->session);
	if (r < 0)
		connection_close(connection);
}

static void on_read(struct bufferevent *stream, void *context)
{
	struct connection *connection = context;
	struct evbuffer *input = bufferevent_get_input(stream);

	if (connection->state != CLOSING)
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

static int identify(const struct connection *connection, uint8_t ret_sensor[16])
{
	X509 *certificate = SSL_get1_peer_certificate(ssl_of(connection));
	int r = certificate ? identity_of_certificate(certificate, ret_sensor) : -EINVAL;

	X509_free(certificate);
	return r;
}

static void on_handshake_done(struct connection *connection)
{
	const struct connection_handlers *handlers = &connection->owner->handlers;
	SSL *ssl = ssl_of(connection);
	struct connection_peer peer = { .address = connection->address,
					.tls_version = SSL_get_version(ssl),
					.tls_group = tls_group(ssl) };

	if (identify(connection, peer.sensor) < 0) {
		log_warn("accept", "%s: its certificate names no sensor (URI SAN spiffe://…)",
			 connection->address);
		connection_close(connection);
		return;
	}
	connection->session = handlers->opened(handlers->context, connection, &peer);
	if (!connection->session)
		connection_close(connection);
	else if (connection->state == HANDSHAKE)
		connection->state = GREETING;
}

/* Why a handshake failed: what a person at the sensor's end needs to know. */
static void log_failure(const struct connection *connection)
{
	unsigned long code = bufferevent_get_openssl_error(connection->stream);
	const char *reason = code ? ERR_reason_error_string(code) : NULL;
	long verified = SSL_get_verify_result(ssl_of(connection));

	if (verified != X509_V_OK)
		reason = X509_verify_cert_error_string(verified);
	if (connection->state == HANDSHAKE)
		log_warn("accept", "%s: TLS handshake failed: %s", connection->address,
			 reason ? reason : "connection lost");
	else if (connection->state != CLOSING)
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
	if (connection->state == HANDSHAKE)
		log_warn("accept", "%s: no TLS handshake within %d s", connection->address,
			 CONNECTION_HELLO_S);
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

int connection_new(struct event_base *base, SSL_CTX *tls, int fd, const char *address,
		   struct connection_owner *owner)
{
	struct bufferevent *stream = open_stream(base, tls, fd);
	struct connection *connection;

	if (!stream)
		return -ENOMEM;
	connection = calloc(1, sizeof(*connection));
	if (!connection || !(connection->timer = evtimer_new(base, on_timer, connection))) {
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
	event_del(connection->timer);
}

int connection_send(struct connection *connection, const void *body, size_t size)
{
	struct evbuffer *output = bufferevent_get_output(connection->stream);

	if (evbuffer_get_length(output) > OUTPUT_BYTES_MAX)
		return -ENOBUFS;
	return frame_append(output, body, size);
}

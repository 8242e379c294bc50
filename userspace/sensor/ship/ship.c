/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/ship/ship.h"

#include "common/frame.h"
#include "common/log.h"
#include "sensor/ship/address.h"
#include "sensor/ship/backoff.h"
#include "sensor/ship/options.h"
#include "sensor/ship/resolver.h"
#include "sensor/ship/session.h"
#include "sensor/ship/tls_client.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define CONNECT_TIMEOUT_MS 10000u
#define HELLO_TIMEOUT_MS 10000u
#define ACK_TIMEOUT_MS 60000u

struct ship {
	struct event_base *base;
	struct ship_options options; /* its texts are copies */
	struct address address;
	struct spool *spool;
	ship_acked_fn acked;
	void *context;
	SSL_CTX *tls;
	struct evdns_base *dns; /* NULL until a name had to be resolved */
	struct bufferevent *bev; /* NULL while SHIP_OFF or SHIP_WAITING */
	struct event *timer; /* one-shot; what it means depends on the state: on_timer */
	struct event *kick;
	struct backoff backoff;
	struct session session;
	struct ship_status status;
};

const char *ship_state_name(enum ship_state state)
{
	static const char *const names[] = {
		[SHIP_OFF] = "off",
		[SHIP_WAITING] = "waiting",
		[SHIP_CONNECTING] = "connecting",
		[SHIP_GREETING] = "greeting",
		[SHIP_CONNECTED] = "connected",
	};

	return (size_t)state < sizeof(names) / sizeof(*names) ? names[state] : "?";
}

static void arm(struct ship *ship, uint32_t delay_ms)
{
	struct timeval delay = {
		.tv_sec = delay_ms / 1000,
		.tv_usec = (suseconds_t)(delay_ms % 1000) * 1000,
	};

	event_add(ship->timer, &delay);
}

static void enter(struct ship *ship, enum ship_state state, uint32_t timeout_ms)
{
	ship->status.state = state;
	arm(ship, timeout_ms);
}

/* The same reason at every attempt of a long outage is said once. */
static void note_failure(struct ship *ship, const char *why, uint32_t retry_ms)
{
	bool is_new = strcmp(ship->status.last_error, why) != 0;

	log_write(is_new ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG, "ship", "%s: %s; next try in %u ms",
		  ship->status.collector, why, retry_ms);
	snprintf(ship->status.last_error, sizeof(ship->status.last_error), "%s", why);
}

static void end_session(struct ship *ship, const char *why)
{
	uint32_t random = 0;
	uint32_t retry_ms;

	/* Without randomness early at boot the delay is merely less spread. */
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = 0;
	retry_ms = backoff_next_ms(&ship->backoff, random);
	note_failure(ship, why, retry_ms);
	ship->status.shipped_bytes += ship->session.sent_bytes;
	ship->session.sent_bytes = 0;
	ship->status.tls_version[0] = '\0';
	ship->status.tls_group[0] = '\0';
	if (ship->bev)
		bufferevent_free(ship->bev);
	ship->bev = NULL;
	enter(ship, SHIP_WAITING, retry_ms);
}

/* Time for acknowledgements runs only while some are due. */
static void watch_acks(struct ship *ship, uint64_t unacked_before)
{
	if (ship->session.unacked_bytes == 0)
		event_del(ship->timer);
	else if (ship->session.unacked_bytes < unacked_before ||
		 !event_pending(ship->timer, EV_TIMEOUT, NULL))
		arm(ship, ACK_TIMEOUT_MS);
}

static void send_more(struct ship *ship)
{
	if (ship->status.state != SHIP_CONNECTED)
		return;
	if (session_send(&ship->session, bufferevent_get_output(ship->bev)) < 0) {
		end_session(ship, ship->session.error);
		return;
	}
	watch_acks(ship, 0);
}

static void begin_shipping(struct ship *ship)
{
	event_del(ship->timer);
	ship->status.state = SHIP_CONNECTED;
	ship->status.connects++;
	log_info("ship", "connected to %s, %s with %s", ship->status.collector,
		 ship->status.tls_version, ship->status.tls_group);
}

/* Takes every whole frame that waits. 0, or -errno with session.error. */
static int receive_frames(struct ship *ship)
{
	struct evbuffer *input = bufferevent_get_input(ship->bev);
	const uint8_t *body;
	size_t size;
	int r;

	while ((r = frame_peek(input, SESSION_FRAME_BYTES_MAX, &body, &size)) > 0) {
		r = session_receive(&ship->session, body, size);
		if (r < 0)
			return r;
		frame_drain(input, size);
	}
	if (r < 0)
		snprintf(ship->session.error, sizeof(ship->session.error),
			 "a frame of the collector: %s", strerror(-r));
	return r;
}

static void on_read(struct bufferevent *bev, void *context)
{
	struct ship *ship = context;
	uint64_t unacked_before = ship->session.unacked_bytes;

	(void)bev;
	if (receive_frames(ship) < 0) {
		end_session(ship, ship->session.error);
		return;
	}
	if (ship->status.state == SHIP_GREETING && ship->session.greeted)
		begin_shipping(ship);
	if (ship->status.state == SHIP_CONNECTED)
		watch_acks(ship, unacked_before);
	send_more(ship);
}

static void on_drained(struct bufferevent *bev, void *context)
{
	(void)bev;
	send_more(context);
}

static void on_acked(void *context, enum spool_lane lane, uint64_t seq,
		     const uint64_t acked[RECORD_CLASS_COUNT], uint64_t payload_bytes)
{
	struct ship *ship = context;

	ship->status.acked_seq[lane] = seq;
	backoff_reset(&ship->backoff);
	ship->acked(ship->context, lane, seq, acked, payload_bytes);
}

static void greet(struct ship *ship)
{
	int on = 1;

	/* The tail of a batch must not wait for the acknowledgement of its head. */
	setsockopt(bufferevent_getfd(ship->bev), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	tls_client_agreed(bufferevent_openssl_get_ssl(ship->bev), &ship->status);
	if (session_greet(&ship->session, bufferevent_get_output(ship->bev)) < 0)
		end_session(ship, ship->session.error);
	else
		enter(ship, SHIP_GREETING, HELLO_TIMEOUT_MS);
}

static void on_event(struct bufferevent *bev, short what, void *context)
{
	struct ship *ship = context;
	char why[SHIP_TEXT_BYTES];

	if (what & BEV_EVENT_CONNECTED) {
		greet(ship);
	} else if (what & BEV_EVENT_EOF) {
		end_session(ship, "the collector closed the connection");
	} else if (what & BEV_EVENT_ERROR) {
		tls_client_failure(bev, why);
		end_session(ship, why);
	}
}

/* Takes over neither on failure. */
static int open_connection(struct ship *ship)
{
	SSL *ssl = tls_client_new(ship->tls, ship->options.server_name);

	if (!ssl)
		return -ENOMEM;
	ship->bev = bufferevent_openssl_socket_new(ship->base, -1, ssl, BUFFEREVENT_SSL_CONNECTING,
						   BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	if (!ship->bev) {
		SSL_free(ssl);
		return -ENOMEM;
	}
	bufferevent_setcb(ship->bev, on_read, on_drained, on_event, ship);
	bufferevent_setwatermark(ship->bev, EV_READ, 0,
				 SESSION_FRAME_BYTES_MAX + FRAME_PREFIX_BYTES);
	bufferevent_setwatermark(ship->bev, EV_WRITE, SESSION_OUTPUT_BYTES_MAX / 2, 0);
	bufferevent_enable(ship->bev, EV_READ | EV_WRITE);
	return resolver_connect(ship->base, &ship->dns, ship->bev, &ship->address);
}

static void connect_now(struct ship *ship)
{
	int r;

	session_init(&ship->session, &ship->options, ship->spool, on_acked, ship);
	memset(ship->status.sent_seq, 0, sizeof(ship->status.sent_seq));
	enter(ship, SHIP_CONNECTING, CONNECT_TIMEOUT_MS);
	r = open_connection(ship);
	if (r < 0)
		end_session(ship, strerror(-r));
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct ship *ship = context;

	(void)fd, (void)what;
	if (ship->status.state == SHIP_WAITING)
		connect_now(ship);
	else if (ship->status.state == SHIP_CONNECTING)
		end_session(ship, "no connection within 10 s");
	else if (ship->status.state == SHIP_GREETING)
		end_session(ship, "no hello from the collector within 10 s");
	else if (ship->status.state == SHIP_CONNECTED)
		end_session(ship, "no acknowledgement within 60 s");
}

static void on_kick(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	send_more(context);
}

void ship_kick(struct ship *ship)
{
	/* Through the loop, since the caller may be the acked callback, inside a session. */
	if (ship->kick)
		event_active(ship->kick, 0, 0);
}

bool ship_is_idle(const struct ship *ship)
{
	return ship->status.state != SHIP_CONNECTED || session_is_idle(&ship->session);
}

void ship_status(const struct ship *ship, struct ship_status *ret_status)
{
	*ret_status = ship->status;
	ret_status->shipped_bytes += ship->session.sent_bytes;
	for (int lane = 0; lane < SPOOL_LANE_COUNT; lane++)
		ret_status->sent_seq[lane] = ship->session.lanes[lane].sent_seq;
}

/* --- life --- */

/* What only a ship that is to connect needs. */
static int prepare(struct ship *ship, char *ret_error)
{
	const struct ship_options *options = &ship->options;

	if (address_parse(options->collector, &ship->address) < 0) {
		snprintf(ret_error, SHIP_TEXT_BYTES,
			 "collector address '%.128s': write HOST:PORT, 192.0.2.7:7443 or "
			 "[2001:db8::7]:7443",
			 options->collector);
		return -EINVAL;
	}
	if (options->server_name[0] == '\0') {
		snprintf(ret_error, SHIP_TEXT_BYTES,
			 "no server name; set it to the name in the collector's certificate");
		return -EINVAL;
	}
	return tls_client_context_new(options, &ship->tls, ret_error);
}

static int make_events(struct ship *ship)
{
	ship->timer = evtimer_new(ship->base, on_timer, ship);
	ship->kick = event_new(ship->base, -1, 0, on_kick, ship);
	return ship->timer && ship->kick ? 0 : -ENOMEM;
}

static int start(struct ship *ship, const struct ship_options *options, char *ret_error)
{
	int r = ship_options_copy(options, &ship->options);

	if (r == 0)
		r = make_events(ship);
	if (r < 0) {
		snprintf(ret_error, SHIP_TEXT_BYTES, "out of memory");
		return r;
	}
	session_init(&ship->session, &ship->options, ship->spool, on_acked, ship);
	if (ship->options.collector[0] == '\0')
		return 0; /* SHIP_OFF */
	r = prepare(ship, ret_error);
	if (r < 0)
		return r;
	snprintf(ship->status.collector, sizeof(ship->status.collector), "%s",
		 ship->options.collector);
	backoff_init(&ship->backoff, options->backoff_min_ms, options->backoff_max_ms);
	enter(ship, SHIP_WAITING, 0);
	return 0;
}

int ship_new(struct event_base *base, const struct ship_options *options, struct spool *spool,
	     ship_acked_fn acked, void *context, struct ship **ret_ship, char *ret_error)
{
	struct ship *ship = calloc(1, sizeof(*ship));
	int r;

	if (!ship) {
		snprintf(ret_error, SHIP_TEXT_BYTES, "out of memory");
		return -ENOMEM;
	}
	ship->base = base;
	ship->spool = spool;
	ship->acked = acked;
	ship->context = context;
	r = start(ship, options, ret_error);
	if (r < 0) {
		ship_free(ship);
		return r;
	}
	*ret_ship = ship;
	return 0;
}

void ship_free(struct ship *ship)
{
	if (!ship)
		return;
	if (ship->bev)
		bufferevent_free(ship->bev);
	if (ship->dns)
		evdns_base_free(ship->dns, 1); /* ends what it still asks, next turn of the loop */
	if (ship->timer)
		event_free(ship->timer);
	if (ship->kick)
		event_free(ship->kick);
	SSL_CTX_free(ship->tls);
	ship_options_free(&ship->options);
	free(ship);
}

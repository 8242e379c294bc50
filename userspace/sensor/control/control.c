/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/control/control.h"

#include "common/cleanup.h"
#include "common/frame.h"
#include "common/log.h"
#include "sensor/control/control_sensor.h"
#include "sensor/control/dispatch.h"
#include "sensor/control/listen.h"
#include "sensor/control/peer.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>

/* Watchers stay; so that they never keep those out who have something to set right, some places are
 * for operators and admins alone. */
#define CONNECTIONS_MAX 64
#define VIEWERS_MAX 56
#define IDLE_SECONDS 60

struct connection {
	struct control *control;
	struct bufferevent *bev; /* NULL: the slot is free */
	struct dispatch dispatch;
	bool closing; /* once what is queued has gone out */
};

struct control {
	struct control_sensor *sensor;
	struct control_options options; /* its texts are copies */
	struct evconnlistener *listener;
	unsigned watchers; /* of the connections: each record asks */
	struct connection connections[CONNECTIONS_MAX];
};

static void count_watchers(struct control *control)
{
	control->watchers = 0;
	for (int i = 0; i < CONNECTIONS_MAX; i++)
		control->watchers +=
			control->connections[i].bev && control->connections[i].dispatch.watch.is_on;
}

static void close_connection(struct connection *connection)
{
	bufferevent_free(connection->bev);
	connection->bev = NULL;
	count_watchers(connection->control);
}

/* Who watches has nothing more to say; but has to read. */
static void set_patience(struct connection *connection)
{
	const struct timeval idle = { .tv_sec = IDLE_SECONDS };

	bufferevent_set_timeouts(connection->bev, connection->dispatch.watch.is_on ? NULL : &idle,
				 &idle);
	count_watchers(connection->control);
}

/* Answers what has come, one request at a time: while an answer is still on its way out the next
 * one waits, so that a client which does not read costs one answer and no more. */
static void serve(struct connection *connection)
{
	struct evbuffer *input = bufferevent_get_input(connection->bev);
	struct evbuffer *output = bufferevent_get_output(connection->bev);
	const uint8_t *body;
	size_t size;
	int r = 0;

	while (r == 0 && !connection->closing &&
	       (connection->dispatch.watch.is_on || evbuffer_get_length(output) == 0)) {
		r = frame_peek(input, DISPATCH_REQUEST_BYTES_MAX, &body, &size);
		if (r == 0)
			return;
		if (r == -EMSGSIZE)
			dispatch_done(output, DISPATCH_PROTOCOL_ERROR, "a request over 64 KiB");
		if (r < 0)
			break;
		r = dispatch_request(&connection->dispatch, body, size, output);
		frame_drain(input, size);
		set_patience(connection);
	}
	if (r < 0)
		connection->closing = true;
	if (connection->closing && evbuffer_get_length(output) == 0)
		close_connection(connection);
}

static void on_readable(struct bufferevent *bev, void *context)
{
	(void)bev;
	serve(context);
}

static void on_written(struct bufferevent *bev, void *context)
{
	(void)bev;
	serve(context);
}

static void on_end(struct bufferevent *bev, short what, void *context)
{
	(void)bev, (void)what;
	close_connection(context);
}

static struct connection *free_slot(struct control *control, enum control_role role)
{
	struct connection *slot = NULL;
	int viewers = 0;

	for (int i = 0; i < CONNECTIONS_MAX; i++) {
		struct connection *connection = &control->connections[i];

		if (!connection->bev)
			slot = connection;
		else
			viewers += connection->dispatch.role <= CONTROL_VIEWER;
	}
	return role > CONTROL_VIEWER || viewers < VIEWERS_MAX ? slot : NULL;
}

/* A fresh socket has room for one small frame; whoever is refused is owed no more than a try. */
static void refuse(int fd, enum dispatch_error error, const char *text)
{
	struct evbuffer *output = evbuffer_new();

	if (output && dispatch_done(output, error, text) == 0)
		evbuffer_write(output, fd);
	if (output)
		evbuffer_free(output);
	close(fd);
}

static enum control_role role_of(const struct control *control, int fd)
{
	struct peer_policy policy;
	struct peer peer;

	if (peer_identify(fd, &peer) < 0)
		return CONTROL_NOBODY;
	peer_policy_read(&control->options, &policy);
	return peer_role(&policy, &peer);
}

static int open_connection(struct control *control, struct connection *connection, int fd,
			   enum control_role role)
{
	struct event_base *base = evconnlistener_get_base(control->listener);

	connection->bev =
		bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	if (!connection->bev)
		return -ENOMEM;
	connection->control = control;
	connection->closing = false;
	connection->dispatch = (struct dispatch){
		.commands = command_table,
		.sensor = control->sensor,
		.role = role,
	};
	bufferevent_setcb(connection->bev, on_readable, on_written, on_end, connection);
	set_patience(connection);
	bufferevent_setwatermark(connection->bev, EV_READ, 0,
				 DISPATCH_REQUEST_BYTES_MAX + FRAME_PREFIX_BYTES);
	bufferevent_enable(connection->bev, EV_READ | EV_WRITE);
	return 0;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
		      int size, void *context)
{
	struct control *control = context;
	enum control_role role = role_of(control, fd);
	struct connection *connection = free_slot(control, role);

	(void)listener, (void)address, (void)size;
	if (role == CONTROL_NOBODY)
		refuse(fd, DISPATCH_NOT_PERMITTED,
		       "this user is in none of the groups that may use this socket");
	else if (!connection || open_connection(control, connection, fd, role) < 0)
		refuse(fd, DISPATCH_FAILED, "too many clients are connected; try again");
}

/* --- watching --- */

void control_publish(struct control *control, const struct batch_header *header,
		     const struct record *record)
{
	struct watch_row row = { 0 };

	if (control->watchers == 0)
		return;
	for (int i = 0; i < CONNECTIONS_MAX; i++) {
		struct connection *connection = &control->connections[i];
		struct evbuffer *output;

		if (!connection->bev || !connection->dispatch.watch.is_on)
			continue;
		output = bufferevent_get_output(connection->bev);
		if (watch_show(&connection->dispatch.watch, &row, header, record,
			       control->sensor->sensor, output) == 0)
			continue;
		connection->closing = evbuffer_get_length(output) > WATCH_BACKLOG_BYTES_MAX;
		set_patience(connection);
	}
	watch_row_done(&row);
}

/* --- life --- */

static char *copy_text(const char *text)
{
	return strdup(text ? text : "");
}

static int copy_options(const struct control_options *options, struct control_options *ret_copy)
{
	*ret_copy = (struct control_options){
		.socket_path = copy_text(options->socket_path),
		.viewer_group = copy_text(options->viewer_group),
		.operator_group = copy_text(options->operator_group),
		.admin_group = copy_text(options->admin_group),
	};
	return ret_copy->socket_path && ret_copy->viewer_group && ret_copy->operator_group &&
			       ret_copy->admin_group
		       ? 0
		       : -ENOMEM;
}

static int start(struct control *control, struct event_base *base,
		 const struct control_options *options, char ret_error[CONTROL_ERROR_BYTES])
{
	int r = copy_options(options, &control->options);

	if (r == 0)
		r = control_listen(base, options->socket_path, on_accept, control,
				   &control->listener, ret_error);
	else
		snprintf(ret_error, CONTROL_ERROR_BYTES, "out of memory");
	return r;
}

int control_new(struct event_base *base, const struct control_options *options,
		struct control_sensor *sensor, struct control **ret_control,
		char ret_error[CONTROL_ERROR_BYTES])
{
	struct control *control = calloc(1, sizeof(*control));
	int r;

	if (!control) {
		snprintf(ret_error, CONTROL_ERROR_BYTES, "out of memory");
		return -ENOMEM;
	}
	control->sensor = sensor;
	r = start(control, base, options, ret_error);
	if (r < 0) {
		control_free(control);
		return r;
	}
	*ret_control = control;
	return 0;
}

static void free_options(const struct control_options *options)
{
	free((char *)(uintptr_t)options->socket_path);
	free((char *)(uintptr_t)options->viewer_group);
	free((char *)(uintptr_t)options->operator_group);
	free((char *)(uintptr_t)options->admin_group);
}

void control_free(struct control *control)
{
	if (!control)
		return;
	for (int i = 0; i < CONNECTIONS_MAX; i++)
		if (control->connections[i].bev)
			close_connection(&control->connections[i]);
	if (control->listener) {
		evconnlistener_free(control->listener);
		unlink(control->options.socket_path);
	}
	free_options(&control->options);
	free(control);
}

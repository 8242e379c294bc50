/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/worker.h"

#include "collector/accept/connection.h"
#include "common/frame.h"
#include "common/log.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define STOP_S 5 /* for the last answers to go out */

enum message_kind { MESSAGE_CONNECTION, MESSAGE_REPLACE, MESSAGE_STOP };

/* Written and read as one: shorter than PIPE_BUF. */
struct message {
	enum message_kind kind;
	int fd;
	uint64_t session;
	char address[CONNECTION_PEER_BYTES];
};

struct worker {
	struct worker_options options;
	struct event_base *base;
	struct event *on_message;
	struct event *on_durable;
	struct event *on_late; /* at the end it was waited for long enough */
	struct connection_owner connections;
	struct sessions sessions;
	pthread_t thread;
	int pipe[2];
	int durable_fd;
	bool has_thread;
	bool is_full_told;
	_Atomic uint32_t count; /* of connections, those under way in the pipe included */
};

static void end_when_empty(struct worker *worker)
{
	if (worker->sessions.is_stopping && LIST_EMPTY(&worker->connections.connections))
		event_base_loopbreak(worker->base);
}

static void on_released(void *context)
{
	struct worker *worker = context;

	worker->count--;
	worker->is_full_told = false;
	end_when_empty(worker);
}

/* Who only opens connections must not keep sensors out. */
static bool make_place(struct worker *worker, const char *address)
{
	if (worker->count <= worker->options.connections_max ||
	    connection_drop_stranger(&worker->connections))
		return true;
	if (!worker->is_full_told)
		log_warn("accept", "%s: refused, %u connections are open; see [limits]", address,
			 worker->options.connections_all);
	worker->is_full_told = true;
	return false;
}

static void take_connection(struct worker *worker, const struct message *message)
{
	if (worker->sessions.is_stopping || !make_place(worker, message->address)) {
		close(message->fd);
		worker->count--;
		return;
	}
	if (connection_new(&worker->connections, message->fd, message->address) < 0) {
		log_error("accept", "%s: out of memory", message->address);
		worker->count--;
	}
}

static void close_when_answered(struct worker *worker)
{
	if (!worker->sessions.is_stopping || sessions_are_waiting(&worker->sessions))
		return;
	connection_close_all(&worker->connections);
	end_when_empty(worker);
}

static void take_stop(struct worker *worker)
{
	struct timeval after = { .tv_sec = STOP_S };

	worker->sessions.is_stopping = true;
	event_add(worker->on_late, &after);
	close_when_answered(worker);
}

static void on_late(evutil_socket_t fd, short what, void *context)
{
	struct worker *worker = context;

	(void)fd;
	(void)what;
	event_base_loopbreak(worker->base);
}

static void on_message(evutil_socket_t fd, short what, void *context)
{
	struct worker *worker = context;
	struct message message;

	(void)what;
	while (read(fd, &message, sizeof(message)) == sizeof(message)) {
		switch (message.kind) {
		case MESSAGE_CONNECTION:
			take_connection(worker, &message);
			break;
		case MESSAGE_REPLACE:
			sessions_replace(&worker->sessions, message.session);
			break;
		case MESSAGE_STOP:
			take_stop(worker);
			break;
		}
	}
}

static void on_durable(evutil_socket_t fd, short what, void *context)
{
	struct worker *worker = context;
	uint64_t count;
	ssize_t got = read(fd, &count, sizeof(count));

	(void)got;
	(void)what;
	sessions_settle(&worker->sessions);
	connection_resume_all(&worker->connections);
	close_when_answered(worker);
}

static void replace(void *context, uint64_t session)
{
	worker_replace(context, session);
}

static int open_events(struct worker *worker)
{
	if (pipe2(worker->pipe, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	worker->durable_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (worker->durable_fd < 0)
		return -errno;
	worker->base = event_base_new();
	if (!worker->base)
		return -ENOMEM;
	worker->on_message =
		event_new(worker->base, worker->pipe[0], EV_READ | EV_PERSIST, on_message, worker);
	worker->on_durable = event_new(worker->base, worker->durable_fd, EV_READ | EV_PERSIST,
				       on_durable, worker);
	worker->on_late = evtimer_new(worker->base, on_late, worker);
	if (!worker->on_message || !worker->on_durable || !worker->on_late)
		return -ENOMEM;
	event_add(worker->on_message, NULL);
	event_add(worker->on_durable, NULL);
	return 0;
}

static void fill(struct worker *worker)
{
	worker->sessions.tenants = worker->options.tenants;
	worker->sessions.worker = worker;
	worker->sessions.replace = replace;
	worker->sessions.window_bytes = worker->options.window_bytes;
	LIST_INIT(&worker->connections.connections);
	worker->connections.base = worker->base;
	worker->connections.tls = worker->options.tls;
	worker->connections.released = on_released;
	worker->connections.context = worker;
	worker->connections.handlers = (struct connection_handlers){
		.opened = session_open,
		.frame_bytes_max = session_frame_bytes_max,
		.frame = session_frame,
		.oversized = session_oversized,
		.late = session_late,
		.stalled = session_stalled,
		.refused = session_refused,
		.closed = session_closed,
		.context = &worker->sessions,
		.input_bytes_max = VERIFY_FRAME_BYTES_MAX + FRAME_PREFIX_BYTES,
	};
}

int worker_new(const struct worker_options *options, struct worker **ret_worker)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	int r;

	if (!worker)
		return -ENOMEM;
	worker->options = *options;
	worker->pipe[0] = worker->pipe[1] = worker->durable_fd = -1;
	r = open_events(worker);
	if (r == 0)
		r = sessions_init(&worker->sessions);
	for (size_t i = 0; i < options->tenant_count && r == 0; i++)
		r = intake_watch(options->tenants[i]->intake, worker->durable_fd);
	fill(worker);
	if (r < 0)
		worker_free(worker);
	else
		*ret_worker = worker;
	return r;
}

static void *run(void *context)
{
	struct worker *worker = context;

	event_base_dispatch(worker->base);
	connection_free_all(&worker->connections);
	return NULL;
}

int worker_start(struct worker *worker)
{
	int r = -pthread_create(&worker->thread, NULL, run, worker);

	worker->has_thread = r == 0;
	return r;
}

static bool post(struct worker *worker, const struct message *message)
{
	return write(worker->pipe[1], message, sizeof(*message)) == sizeof(*message);
}

bool worker_give(struct worker *worker, int fd, const char *address)
{
	struct message message = { .kind = MESSAGE_CONNECTION, .fd = fd };

	snprintf(message.address, sizeof(message.address), "%s", address);
	worker->count++;
	if (post(worker, &message))
		return true;
	worker->count--;
	return false;
}

/* Should the pipe be full: its next frame finds out. */
void worker_replace(struct worker *worker, uint64_t session)
{
	struct message message = { .kind = MESSAGE_REPLACE, .session = session };

	post(worker, &message);
}

uint32_t worker_connections(const struct worker *worker)
{
	return worker->count;
}

bool worker_is_full(const struct worker *worker)
{
	return worker->count >= worker->options.connections_max;
}

void worker_stop(struct worker *worker)
{
	struct message message = { .kind = MESSAGE_STOP };

	while (worker->has_thread && !post(worker, &message))
		usleep(1000); /* it reads them all the time */
}

void worker_join(struct worker *worker)
{
	if (worker->has_thread)
		pthread_join(worker->thread, NULL);
	worker->has_thread = false;
}

void worker_free(struct worker *worker)
{
	if (!worker)
		return;
	sessions_done(&worker->sessions);
	if (worker->on_message)
		event_free(worker->on_message);
	if (worker->on_durable)
		event_free(worker->on_durable);
	if (worker->on_late)
		event_free(worker->on_late);
	if (worker->base)
		event_base_free(worker->base);
	for (size_t i = 0; i < 2; i++)
		if (worker->pipe[i] >= 0)
			close(worker->pipe[i]);
	if (worker->durable_fd >= 0)
		close(worker->durable_fd);
	free(worker);
}

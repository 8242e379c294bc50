/* SPDX-License-Identifier: Apache-2.0 */
/* accept → session (verify) → store (dedupe, sinks), and back: one commit group for
 * all sessions. */
#include "collector/pipeline.h"

#include "collector/accept/listener.h"
#include "collector/group.h"
#include "collector/session.h"
#include "collector/store.h"
#include "collector/verify/verify.h"
#include "common/frame.h"
#include "common/log.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>

#define GROUP_AGE_MS 50
#define GROUP_BATCHES_MAX 64
#define GROUP_BYTES_MAX (4u << 20)
#define REST_MIN_MS 100
#define REST_MAX_MS 10000

struct pipeline {
	struct event_base *base;
	struct event *on_term;
	struct event *on_int;
	SSL_CTX *tls;
	struct listener *listener;
	struct store *store;
	struct group *group;
	struct sessions sessions;
};

static int on_commit(void *context)
{
	struct pipeline *pipeline = context;
	int r = store_commit(pipeline->store);

	if (r < 0)
		log_error("store", "commit failed: %s", store_error(pipeline->store));
	return r;
}

static void on_discard(void *context)
{
	struct pipeline *pipeline = context;

	store_discard(pipeline->store);
}

static void on_signal(evutil_socket_t number, short what, void *context)
{
	struct pipeline *pipeline = context;

	(void)what;
	log_info("pipeline", "signal %d: stopping", (int)number);
	group_commit(pipeline->group);
	listener_stop(pipeline->listener);
}

static void on_drained(void *context)
{
	struct pipeline *pipeline = context;

	event_base_loopbreak(pipeline->base);
}

static int open_loop(struct pipeline *pipeline)
{
	struct group_options options = {
		.age_ms = GROUP_AGE_MS,
		.batches_max = GROUP_BATCHES_MAX,
		.bytes_max = GROUP_BYTES_MAX,
		.rest_min_ms = REST_MIN_MS,
		.rest_max_ms = REST_MAX_MS,
		.commit = on_commit,
		.discard = on_discard,
		.settled = session_settled,
		.context = pipeline,
	};

	pipeline->base = event_base_new();
	if (!pipeline->base)
		return -ENOMEM;
	pipeline->on_term = evsignal_new(pipeline->base, SIGTERM, on_signal, pipeline);
	pipeline->on_int = evsignal_new(pipeline->base, SIGINT, on_signal, pipeline);
	if (!pipeline->on_term || !pipeline->on_int)
		return -ENOMEM;
	event_add(pipeline->on_term, NULL);
	event_add(pipeline->on_int, NULL);
	return group_new(pipeline->base, &options, &pipeline->group);
}

static int open_listener(struct pipeline *pipeline, const struct pipeline_options *options,
			 char *ret_error)
{
	struct listener_options listener = {
		.address = options->address,
		.port = options->port,
		.connections_max = options->connections_max,
		.tls = pipeline->tls,
		.handlers = {
			.opened = session_open,
			.frame_bytes_max = session_frame_bytes_max,
			.frame = session_frame,
			.oversized = session_oversized,
			.late = session_late,
			.closed = session_closed,
			.context = &pipeline->sessions,
			.input_bytes_max = VERIFY_FRAME_BYTES_MAX + FRAME_PREFIX_BYTES,
		},
		.drained = on_drained,
		.context = pipeline,
	};

	return listener_new(pipeline->base, &listener, &pipeline->listener, ret_error);
}

int pipeline_open(const struct pipeline_options *options, struct pipeline **ret_pipeline,
		  char ret_error[PIPELINE_ERROR_BYTES])
{
	struct pipeline *pipeline = calloc(1, sizeof(*pipeline));
	int r;

	snprintf(ret_error, PIPELINE_ERROR_BYTES, "out of memory");
	if (!pipeline)
		return -ENOMEM;
	r = tls_context_new(&options->tls, &pipeline->tls, ret_error);
	if (r == 0)
		r = store_open(options->directory, options->lines, &pipeline->store, ret_error);
	if (r == 0)
		r = open_loop(pipeline);
	if (r == 0) {
		pipeline->sessions = (struct sessions){
			.store = pipeline->store,
			.group = pipeline->group,
			.window_bytes = options->window_bytes,
		};
		r = open_listener(pipeline, options, ret_error);
	}
	if (r < 0) {
		pipeline_close(pipeline);
		return r;
	}
	log_info("listen", "listening on %s", listener_address(pipeline->listener));
	*ret_pipeline = pipeline;
	return 0;
}

int pipeline_run(struct pipeline *pipeline)
{
	return event_base_dispatch(pipeline->base) < 0 ? -EIO : 0;
}

void pipeline_close(struct pipeline *pipeline)
{
	if (!pipeline)
		return;
	listener_free(pipeline->listener);
	if (pipeline->group)
		group_commit(pipeline->group); /* who has left since */
	group_free(pipeline->group);
	if (pipeline->on_term)
		event_free(pipeline->on_term);
	if (pipeline->on_int)
		event_free(pipeline->on_int);
	store_close(pipeline->store);
	SSL_CTX_free(pipeline->tls);
	if (pipeline->base)
		event_base_free(pipeline->base);
	free(pipeline);
}

const char *pipeline_address(const struct pipeline *pipeline)
{
	return listener_address(pipeline->listener);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* listener → workers (session: verify, dedupe, intake log) → feeds (sinks), a tenant each of the
 * latter two. */
#include "collector/pipeline.h"

#include "collector/accept/listener.h"
#include "collector/status.h"
#include "collector/worker.h"
#include "common/log.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define STATUS_S 1

struct pipeline {
	struct event_base *base;
	struct event *on_term;
	struct event *on_int;
	struct event *on_status;
	struct tls *tls;
	struct listener *listener;
	struct tenant **tenants;
	size_t tenant_count;
	struct worker **workers;
	size_t worker_count;
};

static void on_signal(evutil_socket_t number, short what, void *context)
{
	struct pipeline *pipeline = context;

	(void)what;
	log_info("pipeline", "signal %d: stopping", (int)number);
	listener_stop(pipeline->listener);
	event_base_loopbreak(pipeline->base);
}

static void write_status(struct pipeline *pipeline)
{
	struct status_totals totals = { .threads = (uint32_t)pipeline->worker_count };

	for (size_t i = 0; i < pipeline->worker_count; i++)
		totals.connections += worker_connections(pipeline->workers[i]);
	for (size_t i = 0; i < pipeline->tenant_count; i++)
		status_write(pipeline->tenants[i], i == 0 ? &totals : NULL);
}

/* A status that cannot be written gets old, and that is what is said of it. */
static void on_status(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	write_status(context);
}

static struct worker *least_busy(const struct pipeline *pipeline)
{
	struct worker *found = pipeline->workers[0];

	for (size_t i = 1; i < pipeline->worker_count; i++)
		if (worker_connections(pipeline->workers[i]) < worker_connections(found))
			found = pipeline->workers[i];
	return found;
}

static void on_accepted(void *context, int fd, const char *address)
{
	if (worker_give(least_busy(context), fd, address))
		return;
	log_warn("accept", "%s: refused: too many come at once", address);
	close(fd);
}

static int open_loop(struct pipeline *pipeline)
{
	struct timeval each = { .tv_sec = STATUS_S };

	pipeline->base = event_base_new();
	if (!pipeline->base)
		return -ENOMEM;
	pipeline->on_term = evsignal_new(pipeline->base, SIGTERM, on_signal, pipeline);
	pipeline->on_int = evsignal_new(pipeline->base, SIGINT, on_signal, pipeline);
	pipeline->on_status = event_new(pipeline->base, -1, EV_PERSIST, on_status, pipeline);
	if (!pipeline->on_term || !pipeline->on_int || !pipeline->on_status)
		return -ENOMEM;
	event_add(pipeline->on_term, NULL);
	event_add(pipeline->on_int, NULL);
	event_add(pipeline->on_status, &each);
	return 0;
}

static int open_tenants(struct pipeline *pipeline, const struct pipeline_options *options,
			char *ret_error)
{
	int r = 0;

	pipeline->tenants = calloc(options->tls.ca_count, sizeof(struct tenant *));
	if (!pipeline->tenants)
		return -ENOMEM;
	for (size_t i = 0; i < options->tls.ca_count && r == 0; i++) {
		r = tenant_open(&options->tenants[i], &pipeline->tenants[i], ret_error);
		pipeline->tenant_count += r == 0;
	}
	return r;
}

static uint32_t thread_count(const struct pipeline_options *options)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t count =
		options->threads > 0 ? options->threads : (uint32_t)(cores > 0 ? cores : 1);

	if (count > options->connections_max)
		count = options->connections_max;
	return count < PIPELINE_THREADS_MAX ? count : PIPELINE_THREADS_MAX;
}

static int open_workers(struct pipeline *pipeline, const struct pipeline_options *options)
{
	uint32_t count = thread_count(options);
	struct worker_options worker = { .tls = pipeline->tls,
					 .tenants = pipeline->tenants,
					 .tenant_count = pipeline->tenant_count,
					 .connections_all = options->connections_max,
					 .window_bytes = options->window_bytes };
	int r = 0;

	pipeline->workers = calloc(count, sizeof(struct worker *));
	if (!pipeline->workers)
		return -ENOMEM;
	for (uint32_t i = 0; i < count && r == 0; i++) {
		worker.connections_max =
			options->connections_max / count + (i < options->connections_max % count);
		r = worker_new(&worker, &pipeline->workers[i]);
		pipeline->worker_count += r == 0;
	}
	return r;
}

static int open_listener(struct pipeline *pipeline, const struct pipeline_options *options,
			 char *ret_error)
{
	struct listener_options listener = { .address = options->address,
					     .port = options->port,
					     .accepted = on_accepted,
					     .context = pipeline };

	return listener_new(pipeline->base, &listener, &pipeline->listener, ret_error);
}

/* Signals are the first thread's. */
static int start(struct pipeline *pipeline, char *ret_error)
{
	sigset_t all, before;
	int r = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (size_t i = 0; i < pipeline->tenant_count && r == 0; i++)
		r = tenant_start(pipeline->tenants[i], ret_error);
	for (size_t i = 0; i < pipeline->worker_count && r == 0; i++)
		r = worker_start(pipeline->workers[i]);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

int pipeline_open(const struct pipeline_options *options, struct pipeline **ret_pipeline,
		  char ret_error[PIPELINE_ERROR_BYTES])
{
	struct pipeline *pipeline = calloc(1, sizeof(*pipeline));
	int r;

	snprintf(ret_error, PIPELINE_ERROR_BYTES, "out of memory");
	if (!pipeline)
		return -ENOMEM;
	r = tls_new(&options->tls, &pipeline->tls, ret_error);
	if (r == 0)
		r = open_tenants(pipeline, options, ret_error);
	if (r == 0)
		r = open_loop(pipeline);
	if (r == 0)
		r = open_workers(pipeline, options);
	if (r == 0)
		r = open_listener(pipeline, options, ret_error);
	if (r == 0)
		r = start(pipeline, ret_error);
	if (r < 0) {
		pipeline_close(pipeline);
		return r;
	}
	write_status(pipeline);
	log_info("listen", "listening on %s", listener_address(pipeline->listener));
	*ret_pipeline = pipeline;
	return 0;
}

static void stop_workers(struct pipeline *pipeline)
{
	for (size_t i = 0; i < pipeline->worker_count; i++)
		worker_stop(pipeline->workers[i]);
	for (size_t i = 0; i < pipeline->worker_count; i++)
		worker_join(pipeline->workers[i]);
}

int pipeline_run(struct pipeline *pipeline)
{
	int r = event_base_dispatch(pipeline->base) < 0 ? -EIO : 0;

	stop_workers(pipeline);
	return r;
}

void pipeline_close(struct pipeline *pipeline)
{
	if (!pipeline)
		return;
	listener_free(pipeline->listener);
	stop_workers(pipeline);
	for (size_t i = 0; i < pipeline->tenant_count; i++)
		tenant_close(pipeline->tenants[i]);
	for (size_t i = 0; i < pipeline->worker_count; i++)
		worker_free(pipeline->workers[i]);
	free(pipeline->tenants);
	free(pipeline->workers);
	if (pipeline->on_term)
		event_free(pipeline->on_term);
	if (pipeline->on_int)
		event_free(pipeline->on_int);
	if (pipeline->on_status)
		event_free(pipeline->on_status);
	tls_free(pipeline->tls);
	if (pipeline->base)
		event_base_free(pipeline->base);
	free(pipeline);
}

const char *pipeline_address(const struct pipeline *pipeline)
{
	return listener_address(pipeline->listener);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connected sensor: what it says is checked and put into its tenant's log, what is durable is
 * answered. Every answer goes out after the sync it depends on, the HelloAck too.
 */
#ifndef YAGURA_COLLECTOR_SESSION_H
#define YAGURA_COLLECTOR_SESSION_H

#include "collector/accept/connection.h"
#include "collector/tenant.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct batch_epoch;
struct session;
struct session_table;

/* All sessions of one thread and what they share. */
struct sessions {
	struct session_table *table; /* by number */
	LIST_HEAD(, session) waiting; /* for something to become durable */
	struct batch_epoch *scratch; /* for content_check */
	struct tenant *const *tenants; /* by the number of their authority */
	void *worker; /* what this thread is known by */
	/* Tells another thread, or this one, that a session has lost its seat. */
	void (*replace)(void *worker, uint64_t session);
	uint64_t window_bytes;
	bool is_stopping; /* nothing is taken any more */
};

/* 0 or -ENOMEM. */
int sessions_init(struct sessions *sessions);
void sessions_done(struct sessions *sessions);
/* Answers whoever waits for what is durable now, or lost. */
void sessions_settle(struct sessions *sessions);
static inline bool sessions_are_waiting(const struct sessions *sessions)
{
	return !LIST_EMPTY(&sessions->waiting);
}
/* The session of that number, unless it is gone, has lost its seat. */
void sessions_replace(struct sessions *sessions, uint64_t session);

/* For struct connection_handlers; its context is struct sessions. */
void *session_open(void *context, struct connection *connection,
		   const struct connection_peer *peer);
size_t session_frame_bytes_max(const void *session);
int session_frame(void *session, const uint8_t *body, size_t size);
void session_oversized(void *session);
void session_late(void *session);
void session_stalled(void *session);
void session_refused(void *context, const char *address, const char *why);
void session_closed(void *session);

#endif

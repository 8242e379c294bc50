/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread with an event loop of its own and the sessions that were given to it; a session stays
 * where it is. Others reach it through a pipe of fixed-size messages, the intake logs through an
 * eventfd.
 */
#ifndef YAGURA_COLLECTOR_WORKER_H
#define YAGURA_COLLECTOR_WORKER_H

#include "collector/session.h"
#include "collector/tenant.h"

#include <stdbool.h>
#include <stdint.h>

struct tls;
struct worker;

struct worker_options {
	const struct tls *tls;
	struct tenant *const *tenants; /* by the number of their authority */
	size_t tenant_count;
	uint32_t connections_max; /* of this worker */
	uint32_t connections_all; /* of all of them */
	uint64_t window_bytes;
};

/* Watches the tenants' logs; before those are started. 0 or -errno. */
int worker_new(const struct worker_options *options, struct worker **ret_worker);
int worker_start(struct worker *worker);
/* From any thread: takes over `fd`; one connection more than there may be costs a stranger its
 * place, or is refused. False: it has too much to do, `fd` is the caller's still. */
bool worker_give(struct worker *worker, int fd, const char *address);
/* From any thread: the session of that number has lost its seat. */
void worker_replace(struct worker *worker, uint64_t session);
uint32_t worker_connections(const struct worker *worker);
bool worker_is_full(const struct worker *worker);
/* What was accepted is answered, then all connections are closed and the thread ends. */
void worker_stop(struct worker *worker);
void worker_join(struct worker *worker);
void worker_free(struct worker *worker); /* takes NULL; joined, or never started */

#endif

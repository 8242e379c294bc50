/* SPDX-License-Identifier: Apache-2.0 */
/* What the database gives up again: rows of a certain age, and the oldest ones beyond a size. */
#ifndef YAGURA_COLLECTOR_RETENTION_H
#define YAGURA_COLLECTOR_RETENTION_H

#include "collector/sinks/sink.h"

struct database;
struct retention;

/* 0 or -errno. */
int retention_new(struct database *database, const struct sink_retention *limits,
		  struct retention **ret_retention);
void retention_free(struct retention *retention); /* takes NULL */
/* Removes some of what is too much, in a transaction of its own: none may be open. 1: there may be
 * more; 0: there is not, for now; -errno. */
int retention_run(struct retention *retention, uint64_t now_ns);

#endif

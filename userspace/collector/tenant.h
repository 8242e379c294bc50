/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One tenant's side of the collector: its directory, intake log, sinks, roster and quotas. Tenants
 * share threads and the listening socket, nothing that is kept. One process a directory.
 */
#ifndef YAGURA_COLLECTOR_TENANT_H
#define YAGURA_COLLECTOR_TENANT_H

#include "collector/feed.h"
#include "collector/intake/intake.h"
#include "collector/quota.h"
#include "collector/roster.h"
#include "collector/sinks/sink.h"

#define TENANT_ERROR_BYTES 512
#define TENANT_NAME_BYTES 64

struct tenant_options {
	const char *name; /* "" for the only one */
	struct sink_options sinks; /* its directory is the tenant's */
	uint64_t log_bytes_max;
	struct quota_limits sensor_limits;
	struct quota_limits tenant_limits;
};

struct tenant {
	struct tenant_options options;
	char label[TENANT_NAME_BYTES]; /* "NAME: " or "", in front of what the log says */
	int lock;
	struct intake *intake;
	struct roster *roster;
	struct feed *feeds[SINK_COUNT_MAX];
	size_t feed_count;
};

/* Creates the directory if need be; nothing runs yet. 0, or -errno with one line that says which
 * file, what is wrong and what to do. */
int tenant_open(const struct tenant_options *options, struct tenant **ret_tenant,
		char ret_error[TENANT_ERROR_BYTES]);
/* Begins to sync and to feed the sinks. 0 or -errno. */
int tenant_start(struct tenant *tenant, char ret_error[TENANT_ERROR_BYTES]);
/* The sinks take what is durable, for as long as that is no matter of many seconds; the rest waits
 * in the log for the next start. Takes NULL. */
void tenant_close(struct tenant *tenant);

#endif

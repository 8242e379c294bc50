/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replay's flows as the kernel's programs see them: first_bytes_test.bpf.c, run by BPF_PROG_RUN,
 * looks at each segment that replay's own lookout would have been shown; what it tells comes back
 * through ring, decoder and arena as the worker reads them, and goes into the same flow table.
 *
 * The socket that is missing is made up from what replay knows: its end of the connection called
 * connect() or was accepted, by `role`; what the kernel has acknowledged or received reaches up to
 * the first byte that was not captured. A hole that stays is bytes the kernel took and no hook saw:
 * they count as taken when replay gives the hole up, and then the segments behind it come again, as
 * nothing is told before a socket's next segment.
 *
 * Datagrams of UDP: whoever sent the first is their source in the kernel.
 */
#ifndef YAGURA_TESTS_BPF_STAGE_WATCHER_H
#define YAGURA_TESTS_BPF_STAGE_WATCHER_H

#include "bpf/stage/stage.h"
#include "replay/watch.h"

struct stage_stats {
	uint64_t packets; /* that the programs were shown */
	uint64_t pieces; /* EVENT_BYTES */
	uint64_t records; /* EVENT_FLOW */
	uint64_t partly; /* flows whose lengths only the capture knows: segments were cut there */
	uint64_t held; /* pieces out of slots in which early segments waited */
};

struct stage_watcher;

/* Loads the programs, `fault` planted in them. 0 or -errno. */
int stage_watcher_open(enum stage_role role, enum stage_fault fault,
		       struct stage_watcher **ret_watcher);
/* Takes NULL. */
void stage_watcher_close(struct stage_watcher *watcher);

/* Valid as long as that is. */
const struct watcher *stage_watcher_of(const struct stage_watcher *watcher);
/* Frees what is held of flows that have ended. */
void stage_watcher_settle(struct stage_watcher *watcher);
const struct stage_stats *stage_watcher_stats(const struct stage_watcher *watcher);

#endif

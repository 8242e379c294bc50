/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds one sink from the intake log, in a thread of its own and at the sink's own pace. A sink
 * that fails is tried again, with pauses, from where it was; meanwhile the log keeps what it has
 * not taken, and nobody else notices.
 */
#ifndef YAGURA_COLLECTOR_FEED_H
#define YAGURA_COLLECTOR_FEED_H

#include "collector/intake/intake.h"
#include "collector/sinks/sink.h"

#include <stdatomic.h>

struct feed;

struct feed_options {
	const struct sink *sink;
	const struct sink_options *options; /* outlives the feed */
	struct intake *intake;
	const char *tenant; /* for the log */
};

struct feed_stats {
	const char *name;
	uint64_t position; /* everything before it is kept */
	uint64_t lag; /* entries that are durable and not taken yet */
	uint64_t records; /* kept since the start */
	uint64_t failures;
	bool is_failing; /* the last thing it tried went wrong */
};

/* Opens the sink. 0; -ECANCELED: its options do not ask for it; -errno with one line in ret_error.
 */
int feed_open(const struct feed_options *options, struct feed **ret_feed,
	      char ret_error[SINK_ERROR_BYTES]);
/* Begins. 0 or -errno. */
int feed_start(struct feed *feed);
/* It shall end: at once, or once it has kept what is there. */
void feed_stop(struct feed *feed, bool at_end);
/* Waits until it has ended, at most so long; false when it has not. */
bool feed_wait(struct feed *feed, uint32_t wait_ms);
/* After feed_stop. Takes NULL. */
void feed_close(struct feed *feed);
void feed_stats(struct feed *feed, struct feed_stats *ret_stats);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* One lane of the spool: its segment log and what is remembered of the batches in it. */
#ifndef YAGURA_SPOOL_LANE_H
#define YAGURA_SPOOL_LANE_H

#include "common/seglog.h"
#include "sensor/spool/ledger.h"
#include "sensor/spool/spool.h"

struct lane {
	struct seglog *log;
	struct ledger ledger;
	uint64_t instance;
	uint64_t synced_seq;
	bool has_mark;
	struct spool_mark last_mark; /* of whichever instance */
	uint64_t unreadable; /* while recovering: batches without a mark we can read */
	int error; /* while recovering: no memory for what was found */
};

/* Opens or creates the lane; an existing one keeps its own generation. 0 or -errno, then there is
 * nothing to undo. */
int lane_open(struct lane *ret_lane, const struct spool_options *options, enum spool_lane which,
	      uint64_t generation, struct seglog_recovery *ret_recovery);
void lane_done(struct lane *lane);
/* Remembers a batch that stands in the log; room was reserved in the ledger. */
void lane_remember(struct lane *lane, uint64_t seq, const struct spool_mark *mark);
/* Unlinks all segments of a lane that is not open. 0 or -errno. */
int lane_remove(const char *directory, enum spool_lane which);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was lost and has not been said yet. Each loss is counted where it happens (in the kernel, at
 * the decoder, in the spool); here it becomes a Gap record on lane A, once.
 */
#ifndef YAGURA_SENSOR_LOSSES_H
#define YAGURA_SENSOR_LOSSES_H

#include "bpf/abi/counters.h"
#include "sensor/batch/batch.h"
#include "sensor/keeper/requests.h"
#include "sensor/kernel/sequence.h"
#include "sensor/process/journal.h"

#include <stdbool.h>
#include <stdint.h>

/* A difference counts as one only after so many seconds: counters and events take a moment to
 * reach us. */
#define LOSSES_PATIENCE 5

/* Something that should be 0 once all is quiet: how much of it has stayed for how long. */
struct losses_doubt {
	uint64_t last;
	uint64_t least; /* within these seconds */
	uint32_t seconds;
};

struct losses {
	uint64_t seen[GAP_REASON_COUNT][RECORD_CLASS_COUNT]; /* as counted where it happens */
	uint64_t told[GAP_REASON_COUNT][RECORD_CLASS_COUNT]; /* in Gap records */
	/* told in a batch that is not in the spool yet */
	uint64_t in_batch[GAP_REASON_COUNT][RECORD_CLASS_COUNT];
	uint64_t due_in_batch; /* updates promised there, */
	uint64_t kept_in_batch; /* and kept */
	bool has_told; /* some of in_batch, or of these two, is not 0 */
	uint64_t skipped; /* by all programs */
	struct losses_doubt unexplained[EVENT_RING_COUNT];
	struct losses_doubt throttled[RECORD_CLASS_COUNT]; /* counted, told by no event */
	uint64_t corrupt_before[RECORD_CLASS_COUNT]; /* told by earlier workers */
};

/* Goes on where an earlier worker was. `next_seq` is lane A's: it tells whether the Gaps that
 * worker was writing when it ended have arrived. */
void losses_init(struct losses *losses, struct journal *journal, uint64_t next_seq);
/* The spool is about to give up these. They go into the journal, so that a kill before they are
 * told leaves them to the next worker. */
void losses_dropping(struct journal *journal, enum spool_lane lane, uint64_t seq,
		     const uint64_t counts[RECORD_CLASS_COUNT]);
/* The kernel's counters, what the spool gave up or found spoiled: totals, taken as they are. */
void losses_kernel(struct losses *losses, const struct counters *counters);
void losses_spool(struct losses *losses, const struct journal *journal, const struct spool *spool);
/* Programs that the kernel did not run: a total, taken as it is. True when there are more. */
bool losses_skipped(struct losses *losses, const struct keeper_probes *probes);
/* A control group was over its budget: a Gap for each class, `cgroup` its path, "" unknown. */
void losses_throttled(struct losses *losses, struct batch *lane_a,
		      const struct event_throttle *event, struct record_gap gap, uint64_t now_ns);
/* Once a second, after losses_kernel: what is missing by number and by no counter, and what was
 * throttled and told by no event, becomes a Gap after LOSSES_PATIENCE of these. How many events
 * have newly been found missing without any reason. */
uint64_t losses_compare(struct losses *losses, const struct counters *counters,
			const struct sequence_totals *sequence);
/* An exec that promises an update was added to lane A's batch; an update was, or was lost there. */
void losses_promised(struct losses *losses);
void losses_kept(struct losses *losses);
/* Updates that became due since the keeper started. */
uint64_t losses_updates_due(const struct losses *losses, const struct journal *journal);
/* One record that the worker itself could not make or keep. */
void losses_count(struct losses *losses, enum gap_reason reason, enum record_class class);
/* Adds a Gap for each loss not told yet, as far as lane A's batch has room. */
void losses_report(struct losses *losses, struct batch *lane_a, uint64_t time_ns, uint64_t now_ns);
/* Lane A's batch goes to the spool as number `seq`; then it is there: its Gaps count. */
void losses_writing(struct losses *losses, struct journal *journal, uint64_t seq);
void losses_written(struct losses *losses, struct journal *journal);

#endif

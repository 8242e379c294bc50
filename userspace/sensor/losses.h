/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was lost and has not been said yet. Each loss is counted where it happens (in the kernel, at
 * the decoder, in the spool); here it becomes a Gap record on lane A, once.
 */
#ifndef YAGURA_SENSOR_LOSSES_H
#define YAGURA_SENSOR_LOSSES_H

#include "bpf/abi/counters.h"
#include "sensor/batch/batch.h"
#include "sensor/process/journal.h"

#include <stdint.h>

struct losses {
	uint64_t seen[GAP_REASON_COUNT][RECORD_CLASS_COUNT]; /* as counted where it happens */
	uint64_t told[GAP_REASON_COUNT][RECORD_CLASS_COUNT]; /* in Gap records */
	uint64_t in_batch[RECORD_CLASS_COUNT]; /* told in a batch that is not in the spool yet */
};

/* `mark` is that of lane A's last batch, NULL when there is none of this instance. */
void losses_init(struct losses *losses, const struct spool_mark *mark);
/* The kernel's counters, the spool's: totals, taken as they are. */
void losses_kernel(struct losses *losses, const struct counters *counters);
void losses_spool(struct losses *losses, const struct spool *spool);
/* One record that the worker itself could not make or keep. */
void losses_count(struct losses *losses, enum gap_reason reason, enum record_class class);
/* Adds a Gap for each loss not told yet, as far as lane A's batch has room. */
void losses_report(struct losses *losses, struct batch *lane_a, uint64_t time_ns, uint64_t now_ns);
/* Lane A's batch is in the spool: its Gaps count. */
void losses_written(struct losses *losses, struct journal *journal);

#endif

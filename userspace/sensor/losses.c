/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/losses.h"

#include <string.h>

/* Which BPF counter counts the losses of a record class. Gaps are made here and never
 * lost there. */
static const struct {
	enum record_class class;
	enum counter counter;
} kernel_losses[] = {
	{ RECORD_EXEC, COUNTER_LOST_EXEC },
	{ RECORD_EXIT, COUNTER_LOST_EXIT },
	{ RECORD_FLOW, COUNTER_LOST_FLOW },
};

void losses_init(struct losses *losses, const struct spool_mark *mark)
{
	memset(losses, 0, sizeof(*losses));
	if (mark)
		memcpy(losses->told[GAP_RING_FULL], mark->lost_reported,
		       sizeof(losses->told[GAP_RING_FULL]));
}

void losses_kernel(struct losses *losses, const struct counters *counters)
{
	for (size_t i = 0; i < sizeof(kernel_losses) / sizeof(*kernel_losses); i++)
		losses->seen[GAP_RING_FULL][kernel_losses[i].class] =
			counters->value[kernel_losses[i].counter];
}

void losses_spool(struct losses *losses, const struct spool *spool)
{
	struct spool_stats stats;

	spool_stats(spool, &stats);
	memcpy(losses->seen[GAP_SPOOL_FULL], stats.dropped, sizeof(stats.dropped));
	memcpy(losses->seen[GAP_CORRUPT], stats.corrupt, sizeof(stats.corrupt));
}

void losses_count(struct losses *losses, enum gap_reason reason, enum record_class class)
{
	losses->seen[reason][class]++;
}

static void tell(struct losses *losses, struct batch *lane_a, struct record_gap gap,
		 uint64_t now_ns)
{
	uint64_t *told = &losses->told[gap.reason][gap.class];
	struct record record = { .class = RECORD_GAP, .gap = gap };

	record.gap.count = losses->seen[gap.reason][gap.class] - *told;
	if (batch_add(lane_a, &record, now_ns) < 0)
		return; /* no room now: the next turn tells it */
	*told += record.gap.count;
	losses->in_batch[gap.class] += record.gap.count;
	if (gap.reason == GAP_RING_FULL)
		batch_set_lost_reported(lane_a, gap.class, *told);
}

void losses_report(struct losses *losses, struct batch *lane_a, uint64_t time_ns, uint64_t now_ns)
{
	for (int reason = 0; reason < GAP_REASON_COUNT; reason++)
		for (int class = 0; class < RECORD_CLASS_COUNT; class ++)
			if (losses->seen[reason][class] > losses->told[reason][class])
				tell(losses, lane_a,
				     (struct record_gap){ .time_ns = time_ns,
							  .class = (enum record_class) class,
							  .reason = (enum gap_reason)reason },
				     now_ns);
}

void losses_written(struct losses *losses, struct journal *journal)
{
	struct journal_totals totals = journal_totals(journal);

	for (size_t class = 0; class < RECORD_CLASS_COUNT; class ++)
		totals.gaps[class] += losses->in_batch[class];
	memset(losses->in_batch, 0, sizeof(losses->in_batch));
	journal_set_totals(journal, &totals);
}

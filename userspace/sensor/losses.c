/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/losses.h"

#include <string.h>

/* Which BPF counter counts the losses of a record class. Gaps are made here and never lost there.
 */
static const struct {
	enum record_class class;
	enum counter counter;
} kernel_losses[] = {
	{ RECORD_EXEC, COUNTER_LOST_EXEC },
	{ RECORD_EXIT, COUNTER_LOST_EXIT },
	{ RECORD_FLOW, COUNTER_LOST_FLOW },
};

static void add(uint64_t to[GAP_REASON_COUNT][RECORD_CLASS_COUNT],
		const uint64_t more[GAP_REASON_COUNT][RECORD_CLASS_COUNT])
{
	for (size_t reason = 0; reason < GAP_REASON_COUNT; reason++)
		for (size_t class = 0; class < RECORD_CLASS_COUNT; class ++)
			to[reason][class] += more[reason][class];
}

/* Ends what losses_writing began: the batch with these Gaps is in the spool, or will not be. */
static void settle(struct journal *journal, bool is_written)
{
	struct journal_totals totals = journal_totals(journal);

	if (totals.telling_seq == 0)
		return;
	if (is_written)
		add(totals.gaps, totals.telling);
	totals.telling_seq = 0;
	journal_set_totals(journal, &totals);
}

void losses_init(struct losses *losses, struct journal *journal, uint64_t next_seq)
{
	struct journal_totals totals = journal_totals(journal);

	settle(journal, totals.telling_seq < next_seq);
	totals = journal_totals(journal);
	memset(losses, 0, sizeof(*losses));
	memcpy(losses->told, totals.gaps, sizeof(losses->told));
	/* What only a worker counts begins where the last one's telling ended. */
	memcpy(losses->seen, totals.gaps, sizeof(losses->seen));
	memcpy(losses->seen[GAP_SPOOL_FULL], totals.dropped, sizeof(totals.dropped));
	memcpy(losses->corrupt_before, totals.gaps[GAP_CORRUPT], sizeof(losses->corrupt_before));
}

void losses_kernel(struct losses *losses, const struct counters *counters)
{
	for (size_t i = 0; i < sizeof(kernel_losses) / sizeof(*kernel_losses); i++)
		losses->seen[GAP_RING_FULL][kernel_losses[i].class] =
			counters->value[kernel_losses[i].counter];
}

void losses_dropping(struct journal *journal, enum spool_lane lane, uint64_t seq,
		     const uint64_t counts[RECORD_CLASS_COUNT])
{
	struct journal_totals totals = journal_totals(journal);

	totals.dropped_seq[lane] = seq;
	for (size_t class = 0; class < RECORD_CLASS_COUNT; class ++)
		totals.dropped[class] += counts[class];
	journal_set_totals(journal, &totals);
}

void losses_spool(struct losses *losses, const struct journal *journal, const struct spool *spool)
{
	struct journal_totals totals = journal_totals(journal);
	struct spool_stats stats;

	spool_stats(spool, &stats);
	memcpy(losses->seen[GAP_SPOOL_FULL], totals.dropped, sizeof(totals.dropped));
	for (size_t class = 0; class < RECORD_CLASS_COUNT; class ++)
		losses->seen[GAP_CORRUPT][class] =
			losses->corrupt_before[class] + stats.corrupt[class];
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
	losses->in_batch[gap.reason][gap.class] += record.gap.count;
	losses->has_told = true;
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

void losses_writing(struct losses *losses, struct journal *journal, uint64_t seq)
{
	struct journal_totals totals = journal_totals(journal);

	if (!losses->has_told)
		return;
	totals.telling_seq = seq;
	memcpy(totals.telling, losses->in_batch, sizeof(totals.telling));
	journal_set_totals(journal, &totals);
}

void losses_written(struct losses *losses, struct journal *journal)
{
	settle(journal, true);
	memset(losses->in_batch, 0, sizeof(losses->in_batch));
	losses->has_told = false;
}

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

static const struct {
	enum record_class class;
	enum counter counter;
} throttled[] = {
	{ RECORD_EXEC, COUNTER_THROTTLED_EXEC },
	{ RECORD_EXIT, COUNTER_THROTTLED_EXIT },
	{ RECORD_FLOW, COUNTER_THROTTLED_FLOW },
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
	if (is_written) {
		add(totals.gaps, totals.telling);
		totals.updates_due += totals.telling_due;
		totals.updates_kept += totals.telling_kept;
	}
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
	/* What earlier workers had promised and did not live to keep. */
	losses->seen[GAP_WORKER_ENDED][RECORD_EXEC_UPDATE] =
		totals.updates_due - totals.updates_kept;
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

void losses_promised(struct losses *losses)
{
	losses->due_in_batch++;
	losses->has_told = true;
}

void losses_kept(struct losses *losses)
{
	losses->kept_in_batch++;
	losses->has_told = true;
}

uint64_t losses_updates_due(const struct losses *losses, const struct journal *journal)
{
	return journal_totals(journal).updates_due + losses->due_in_batch;
}

void losses_count(struct losses *losses, enum gap_reason reason, enum record_class class)
{
	losses->seen[reason][class]++;
}

/* False when there is no room now: the next turn tells it. */
static bool tell(struct losses *losses, struct batch *lane_a, struct record_gap gap,
		 uint64_t now_ns)
{
	const struct record record = { .class = RECORD_GAP, .gap = gap };

	if (batch_add(lane_a, &record, now_ns) < 0)
		return false;
	losses->told[gap.reason][gap.class] += gap.count;
	losses->in_batch[gap.reason][gap.class] += gap.count;
	losses->has_told = true;
	return true;
}

void losses_report(struct losses *losses, struct batch *lane_a, uint64_t time_ns, uint64_t now_ns)
{
	for (int reason = 0; reason < GAP_REASON_COUNT; reason++)
		for (int class = 0; class < RECORD_CLASS_COUNT; class ++) {
			const struct record_gap gap = {
				.time_ns = time_ns,
				.class = (enum record_class) class,
				.reason = (enum gap_reason)reason,
				.count = losses->seen[reason][class] - losses->told[reason][class],
			};

			if (losses->seen[reason][class] > losses->told[reason][class])
				tell(losses, lane_a, gap, now_ns);
		}
}

/* The record that is missing with an event; RECORD_GAP for those of which none is made. */
static enum record_class class_of(uint32_t kind)
{
	switch (kind) {
	case EVENT_EXEC:
		return RECORD_EXEC;
	case EVENT_EXIT:
		return RECORD_EXIT;
	case EVENT_FLOW:
		return RECORD_FLOW;
	default:
		return RECORD_GAP;
	}
}

bool losses_skipped(struct losses *losses, const struct keeper_probes *probes)
{
	uint64_t skipped[RECORD_CLASS_COUNT] = { 0 };
	uint64_t all = 0;
	bool grown;

	for (uint32_t i = 0; i < probes->count && i < KEEPER_PROBES_MAX; i++) {
		skipped[class_of(probes->probe[i].makes)] += probes->probe[i].skipped;
		all += probes->probe[i].skipped;
	}
	skipped[RECORD_GAP] = 0;
	memcpy(losses->seen[GAP_KERNEL_SKIPPED], skipped, sizeof(skipped));
	grown = all > losses->skipped;
	losses->skipped = all;
	return grown;
}

void losses_throttled(struct losses *losses, struct batch *lane_a,
		      const struct event_throttle *event, struct record_gap gap, uint64_t now_ns)
{
	const uint64_t counts[RECORD_CLASS_COUNT] = { [RECORD_EXEC] = event->execs,
						      [RECORD_EXIT] = event->exits,
						      [RECORD_FLOW] = event->flows };

	gap.reason = GAP_THROTTLED;
	for (int class = 0; class < RECORD_CLASS_COUNT; class ++) {
		gap.class = (enum record_class) class;
		gap.count = counts[class];
		/* One that finds no room is told without its group: see losses_compare. */
		if (gap.count > 0 && tell(losses, lane_a, gap, now_ns))
			losses->seen[GAP_THROTTLED][class] += gap.count;
	}
}

/* What has lasted of a doubt, the least of so many seconds; it then begins anew. Else 0. */
static uint64_t settle_doubt(struct losses_doubt *doubt, uint64_t amount)
{
	if (doubt->seconds == 0 || amount < doubt->least)
		doubt->least = amount;
	if (amount == 0)
		doubt->seconds = 0;
	else if (++doubt->seconds >= LOSSES_PATIENCE) {
		doubt->seconds = 0;
		return doubt->least;
	}
	return 0;
}

/* While a storm lasts something is always on its way: only what stands still is in doubt. */
static uint64_t standing(struct losses_doubt *doubt, uint64_t amount)
{
	bool is_still = amount == doubt->last;

	doubt->last = amount;
	return is_still ? amount : 0;
}

static uint64_t above(uint64_t one, uint64_t other)
{
	return one > other ? one - other : 0;
}

uint64_t losses_compare(struct losses *losses, const struct counters *counters,
			const struct sequence_totals *sequence)
{
	/* A number does not say what it was given to: of the valuable ring's events an exec is what
	 * matters most. */
	static const enum record_class missing_class[EVENT_RING_COUNT] = {
		[EVENT_RING_VALUABLE] = RECORD_EXEC,
		[EVENT_RING_BULK] = RECORD_FLOW,
	};
	uint64_t found = 0;

	for (int ring = 0; ring < EVENT_RING_COUNT; ring++) {
		uint64_t *seen = &losses->seen[GAP_UNEXPLAINED][missing_class[ring]];
		uint64_t more = above(sequence->missing[ring],
				      sequence_counted(counters, (enum event_ring)ring) + *seen);

		more = settle_doubt(&losses->unexplained[ring], more);
		*seen += more;
		found += more;
	}
	for (size_t i = 0; i < sizeof(throttled) / sizeof(*throttled); i++) {
		struct losses_doubt *doubt = &losses->throttled[throttled[i].class];
		uint64_t *seen = &losses->seen[GAP_THROTTLED][throttled[i].class];
		uint64_t untold = above(counters->value[throttled[i].counter], *seen);

		*seen += settle_doubt(doubt, standing(doubt, untold));
	}
	return found;
}

void losses_writing(struct losses *losses, struct journal *journal, uint64_t seq)
{
	struct journal_totals totals = journal_totals(journal);

	if (!losses->has_told)
		return;
	totals.telling_seq = seq;
	memcpy(totals.telling, losses->in_batch, sizeof(totals.telling));
	totals.telling_due = losses->due_in_batch;
	totals.telling_kept = losses->kept_in_batch;
	journal_set_totals(journal, &totals);
}

void losses_written(struct losses *losses, struct journal *journal)
{
	settle(journal, true);
	memset(losses->in_batch, 0, sizeof(losses->in_batch));
	losses->due_in_batch = 0;
	losses->kept_in_batch = 0;
	losses->has_told = false;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sinks/unfold.h"

#include <errno.h>

struct writing {
	const struct unfold_target *target;
	const struct entry *entry;
	uint64_t records;
};

static int write_record(void *context, const struct batch_header *header,
			const struct record *record)
{
	struct writing *writing = context;
	struct sink_item item = { .sensor = writing->entry->sensor,
				  .header = header,
				  .record = record,
				  .entry = writing->entry,
				  .index = writing->records };

	writing->records++;
	return writing->target->sink->write(writing->target->state, &item);
}

/* Nobody knows what was in there: the gap counts batches and has no record class. */
static int write_hole(struct writing *writing, enum gap_reason reason, const struct sink_hole *hole)
{
	struct record gap = { .class = RECORD_GAP,
			      .gap = { .time_ns = writing->entry->time_ns,
				       .class = RECORD_CLASS_COUNT,
				       .reason = reason,
				       .count = hole->last_seq - hole->first_seq + 1 } };
	struct sink_item item = { .sensor = writing->entry->sensor,
				  .record = &gap,
				  .hole = hole,
				  .entry = writing->entry,
				  .index = writing->records };

	return writing->target->sink->write(writing->target->state, &item);
}

static int write_batch(struct writing *writing, const char **ret_why)
{
	const struct entry_batch *batch = &writing->entry->batch;
	const struct sink_hole before = { .lane = batch->lane,
					  .first_seq = batch->missing_first,
					  .last_seq = batch->seq - 1 };
	const struct sink_hole itself = { .lane = batch->lane,
					  .first_seq = batch->seq,
					  .last_seq = batch->seq };
	const char *why = NULL;
	const struct batch_input input = { .bytes = batch->payload,
					   .size = batch->payload_bytes,
					   .raw_size = batch->raw_bytes,
					   .seq = batch->seq,
					   .epoch_index = batch->epoch_index,
					   .history = batch->history,
					   .history_bytes = batch->history_bytes };
	int r = batch_decode(writing->target->scratch, &input, write_record, writing, &why);

	if (r == -EBADMSG || r == -E2BIG || (r == -ESTALE && why)) {
		*ret_why = why ? why : "too long";
		r = write_hole(writing, GAP_CORRUPT, &itself);
	}
	if (r == 0 && batch->missing_first > 0)
		r = write_hole(writing, GAP_UNEXPLAINED, &before);
	return r;
}

int unfold(const struct unfold_target *target, const struct entry *entry, uint64_t *ret_records,
	   const char **ret_why)
{
	struct writing writing = { .target = target, .entry = entry };
	int r = 0;

	*ret_why = NULL;
	if (entry->type == ENTRY_BATCH)
		r = write_batch(&writing, ret_why);
	if (r == 0 && target->sink->entry)
		r = target->sink->entry(target->state, entry, writing.records);
	*ret_records = writing.records;
	return r;
}

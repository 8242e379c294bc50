/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/batch/batch.h"

#include <errno.h>
#include <stdlib.h>

struct batch {
	struct batch_options options;
	struct batch_header header;
	struct spool *spool;
	struct batch_encoder *encoder;
	struct spool_mark mark; /* of the next batch; counts are filled when it is closed */
	uint64_t opened_ns; /* when its first record came */
	uint64_t written_position;
	bool full;
	uint8_t *closed; /* deflated, waiting for the spool to take it */
	size_t closed_bytes;
};

struct batch *batch_new(const struct batch_options *options, struct spool *spool)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	if (!batch)
		return NULL;
	for (size_t i = 0; i < sizeof(batch->header.boot_id); i++)
		batch->header.boot_id[i] = options->boot_id[i];
	batch->options = *options;
	batch->spool = spool;
	batch->mark.instance = options->instance;
	batch->encoder = batch_encoder_new(&batch->header);
	if (!batch->encoder) {
		free(batch);
		return NULL;
	}
	return batch;
}

void batch_free(struct batch *batch)
{
	if (!batch)
		return;
	batch_encoder_free(batch->encoder);
	free(batch->closed);
	free(batch);
}

int batch_add(struct batch *batch, const struct record *record, uint64_t now_ns)
{
	int r;

	if (batch->closed || batch->full)
		return -EAGAIN;
	r = batch_encoder_add(batch->encoder, record);
	if (r < 0)
		return r;
	if (batch_encoder_count(batch->encoder) == 1)
		batch->opened_ns = now_ns;
	batch->full = batch_encoder_count(batch->encoder) >= batch->options.records_max ||
		      !batch_encoder_takes_any(batch->encoder);
	if (batch->options.on_added)
		batch->options.on_added(batch->options.context, &batch->header, record);
	return 0;
}

void batch_set_position(struct batch *batch, uint64_t position)
{
	if (!batch->closed)
		batch->mark.ring_position = position;
}

bool batch_is_empty(const struct batch *batch)
{
	return !batch->closed && batch_encoder_count(batch->encoder) == 0;
}

bool batch_is_full(const struct batch *batch)
{
	return batch->full || batch->closed;
}

bool batch_is_due(const struct batch *batch, uint64_t now_ns)
{
	return batch_is_full(batch) || (batch_encoder_count(batch->encoder) > 0 &&
					now_ns - batch->opened_ns >= batch->options.interval_ns);
}

uint32_t batch_count(const struct batch *batch, enum record_class class)
{
	return batch->closed ? batch->mark.counts[class]
			     : batch_encoder_count_class(batch->encoder, class);
}

static int close_batch(struct batch *batch)
{
	size_t raw_bytes;

	for (int class = 0; class < RECORD_CLASS_COUNT; class ++)
		batch->mark.counts[class] =
			batch_encoder_count_class(batch->encoder, (enum record_class) class);
	int r = batch_encoder_finish(batch->encoder, &batch->closed, &batch->closed_bytes,
				     &raw_bytes);
	if (r == 0)
		batch->mark.raw_size = (uint32_t)raw_bytes;
	return r;
}

int batch_write(struct batch *batch, uint64_t now_ms)
{
	int r;

	if (!batch->closed) {
		r = close_batch(batch);
		if (r < 0)
			return r == -ENODATA ? 0 : r;
	}
	r = spool_append(batch->spool, batch->options.lane, &batch->mark, batch->closed,
			 (uint32_t)batch->closed_bytes, now_ms);
	if (r < 0)
		return r;
	free(batch->closed);
	batch->closed = NULL;
	batch->full = false;
	batch->written_position = batch->mark.ring_position;
	return 1;
}

uint64_t batch_written_position(const struct batch *batch)
{
	return batch->written_position;
}

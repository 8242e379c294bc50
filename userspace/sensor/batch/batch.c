/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/batch/batch.h"

#include "common/clock.h"

#include <errno.h>
#include <stdlib.h>

/* How long the tables of a lane grow, at most. */
#define EPOCH_NS (300 * NS_PER_S)

struct batch {
	struct batch_options options;
	struct batch_header header;
	struct spool *spool;
	struct batch_encoder *encoder;
	struct spool_mark mark; /* of the next batch; counts are filled when it is closed */
	uint64_t opened_ns; /* when its first record came */
	uint64_t epoch_ns; /* when the first record of its epoch came */
	uint64_t written_position;
	bool full;
	struct batch_bytes closed; /* waiting for the spool to take it; bytes NULL: none */
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
	batch->header.names = names_mode(options->names);
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
	free(batch->closed.bytes);
	free(batch);
}

static void open_batch(struct batch *batch, uint64_t now_ns)
{
	batch->opened_ns = now_ns;
	if (batch_encoder_epoch_index(batch->encoder) == 0)
		batch->epoch_ns = now_ns;
}

int batch_add(struct batch *batch, const struct record *record, uint64_t now_ns)
{
	int r;

	if (batch->closed.bytes || batch->full)
		return -EAGAIN;
	if (now_ns - batch->epoch_ns >= EPOCH_NS)
		batch_encoder_begin_epoch(batch->encoder);
	record = names_hide(batch->options.names, record);
	r = batch_encoder_add(batch->encoder, record);
	if (r < 0)
		return r;
	if (batch_encoder_count(batch->encoder) == 1)
		open_batch(batch, now_ns);
	batch->full = batch_encoder_count(batch->encoder) >= batch->options.records_max ||
		      !batch_encoder_takes_any(batch->encoder);
	if (batch->options.on_added)
		batch->options.on_added(batch->options.context, &batch->header, record);
	return 0;
}

void batch_set_position(struct batch *batch, uint64_t position)
{
	if (!batch->closed.bytes)
		batch->mark.ring_position = position;
}

bool batch_is_empty(const struct batch *batch)
{
	return !batch->closed.bytes && batch_encoder_count(batch->encoder) == 0;
}

bool batch_is_full(const struct batch *batch)
{
	return batch->full || batch->closed.bytes;
}

bool batch_is_due(const struct batch *batch, uint64_t now_ns)
{
	return batch_is_full(batch) || (batch_encoder_count(batch->encoder) > 0 &&
					now_ns - batch->opened_ns >= batch->options.interval_ns);
}

uint32_t batch_count(const struct batch *batch, enum record_class class)
{
	return batch->closed.bytes ? batch->mark.counts[class]
				   : batch_encoder_count_class(batch->encoder, class);
}

static int close_batch(struct batch *batch)
{
	int r;

	for (int class = 0; class < RECORD_CLASS_COUNT; class ++)
		batch->mark.counts[class] =
			batch_encoder_count_class(batch->encoder, (enum record_class) class);
	r = batch_encoder_finish(batch->encoder, &batch->closed);
	if (r < 0)
		return r;
	batch->mark.raw_size = (uint32_t)batch->closed.raw_size;
	batch->mark.epoch_index = (uint8_t)batch->closed.epoch_index;
	return 0;
}

int batch_write(struct batch *batch, uint64_t now_ms)
{
	int r;

	if (!batch->closed.bytes) {
		r = close_batch(batch);
		if (r < 0)
			return r == -ENODATA ? 0 : r;
	}
	r = spool_append(batch->spool, batch->options.lane, &batch->mark, batch->closed.bytes,
			 (uint32_t)batch->closed.size, now_ms);
	if (r < 0)
		return r;
	free(batch->closed.bytes);
	batch->closed.bytes = NULL;
	batch->full = false;
	batch->written_position = batch->mark.ring_position;
	return 1;
}

uint64_t batch_written_position(const struct batch *batch)
{
	return batch->written_position;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Telemetry batches as a sensor sends them: frames of proto/transport.proto on lane B, each after
 * its length in 4 bytes, big-endian. */
#include "replay/format.h"

#include "common/cleanup.h"
#include "common/crc32c.h"
#include "common/put.h"
#include "proto/transport.pb-c.h"

#include <errno.h>
#include <stdlib.h>

#define RECORDS_MAX 4096u
#define LANE_B 1

struct batch_state {
	FILE *out;
	struct batch_encoder *encoder;
	uint64_t next_seq;
};

static void *open_batch(FILE *out)
{
	struct batch_state *state = calloc(1, sizeof(*state));

	if (state)
		state->out = out;
	return state;
}

static int write_frame(struct batch_state *state, Yagura__Transport__Batch *batch)
{
	Yagura__Transport__Frame frame = YAGURA__TRANSPORT__FRAME__INIT;
	size_t size;
	_cleanup_free_ uint8_t *bytes = NULL;
	uint8_t prefix[4];

	frame.body_case = YAGURA__TRANSPORT__FRAME__BODY_BATCH;
	frame.batch = batch;
	size = yagura__transport__frame__get_packed_size(&frame);
	bytes = malloc(size);
	if (!bytes)
		return -ENOMEM;
	yagura__transport__frame__pack(&frame, bytes);
	put_be(prefix, size, sizeof(prefix));
	fwrite(prefix, 1, sizeof(prefix), state->out);
	fwrite(bytes, 1, size, state->out);
	return 0;
}

static int write_batch(struct batch_state *state)
{
	Yagura__Transport__Batch batch = YAGURA__TRANSPORT__BATCH__INIT;
	struct batch_bytes made;
	int r = batch_encoder_finish(state->encoder, &made);

	if (r < 0)
		return r == -ENODATA ? 0 : r;
	batch.payload.data = made.bytes;
	batch.payload.len = made.size;
	batch.epoch_index = made.epoch_index;
	batch.lane = LANE_B;
	batch.seq = state->next_seq++;
	batch.raw_bytes = (uint32_t)made.raw_size;
	batch.crc32c = crc32c(0, made.bytes, made.size);
	r = write_frame(state, &batch);
	free(made.bytes);
	return r;
}

static int add_flow(void *opaque, const struct batch_header *header, const struct record *record)
{
	struct batch_state *state = opaque;
	int r;

	if (!state->encoder)
		state->encoder = batch_encoder_new(header);
	if (!state->encoder)
		return -ENOMEM;
	if (batch_encoder_count(state->encoder) >= RECORDS_MAX ||
	    !batch_encoder_takes_any(state->encoder)) {
		r = write_batch(state);
		if (r < 0)
			return r;
	}
	return batch_encoder_add(state->encoder, record);
}

static int finish(void *opaque, const struct replay_totals *totals)
{
	struct batch_state *state = opaque;

	(void)totals;
	return state->encoder ? write_batch(state) : 0;
}

static void close_batch(void *opaque)
{
	struct batch_state *state = opaque;

	if (state)
		batch_encoder_free(state->encoder);
	free(state);
}

const struct format format_batch = {
	.name = "batch",
	.help = "telemetry batches in frames, as a sensor sends them",
	.open = open_batch,
	.flow = add_flow,
	.finish = finish,
	.close = close_batch,
};

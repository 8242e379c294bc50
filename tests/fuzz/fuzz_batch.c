/* SPDX-License-Identifier: Apache-2.0 */
/* What a sensor may send the collector in one lane: batches one after the other, each a kind, two
 * lengths (4 bytes each, big-endian) and bytes of the second length:
 *	'd'  deflated: the first length is what it declares
 *	'r'  not deflated, which gets mutations past the checksums: the first so many are the tables
 *	't'  likewise, of which the receiver has the rows already
 * The place in its epoch that each declares is the next one, or 0 after a failure and behind the
 * last. Whatever decodes must also encode again, and then decode to as many records. */
#include "common/cursor.h"
#include "telemetry/batch_codec.h"
#include "telemetry/batch_raw.h"

#include <errno.h>
#include <stdlib.h>

#define BATCHES_MAX 20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct echo {
	struct batch_encoder *encoder;
	struct batch_epoch *epoch; /* of what the encoder makes */
	uint64_t seq;
	size_t records;
	size_t added;
};

static int add_again(void *context, const struct batch_header *header, const struct record *record)
{
	struct echo *echo = context;
	int r;

	if (!echo->encoder)
		echo->encoder = batch_encoder_new(header);
	if (!echo->encoder)
		return -ENOMEM;
	r = batch_encoder_add(echo->encoder, record);
	if (r < 0 && r != -E2BIG)
		abort();
	echo->records++;
	echo->added += r == 0;
	return 0;
}

static int count(void *context, const struct batch_header *header, const struct record *record)
{
	(void)header;
	(void)record;
	++*(size_t *)context;
	return 0;
}

static void decode_again(struct echo *echo)
{
	struct batch_bytes made;
	struct batch_input input;
	size_t records = 0;

	if (batch_encoder_finish(echo->encoder, &made) < 0)
		abort();
	input = (struct batch_input){ made.bytes, made.size, made.raw_size, echo->seq++,
				      made.epoch_index };
	if (batch_decode(echo->epoch, &input, count, &records, NULL) < 0 || records != echo->added)
		abort();
	free(made.bytes);
}

struct receiver {
	struct batch_epoch *epoch;
	uint64_t seq;
	uint32_t index; /* of the next batch */
};

static int decode(struct receiver *receiver, uint8_t kind, uint32_t first, struct cursor bytes,
		  struct echo *echo)
{
	const struct batch_input input = { bytes.at, bytes.left, first, receiver->seq,
					   receiver->index };
	struct batch_sections sections = { .seq = receiver->seq, .epoch_index = receiver->index };
	const char *why = NULL;
	int r;

	if (kind == 'd') {
		r = batch_decode(receiver->epoch, &input, add_again, echo, &why);
	} else {
		sections.tables = cursor_take(&bytes, first < bytes.left ? first : bytes.left);
		sections.rows = bytes;
		r = kind == 't'
			    ? batch_take_tables_raw(receiver->epoch, &sections, &why)
			    : batch_decode_raw(receiver->epoch, &sections, add_again, echo, &why);
	}
	if ((r == -EBADMSG || r == -ESTALE) && (!why || echo->records > 0))
		abort();
	if (r < 0 && batch_epoch_bytes(receiver->epoch) > 0)
		abort();
	return r;
}

static void take_batch(struct receiver *receiver, struct cursor *input, struct echo *echo)
{
	uint8_t kind = cursor_u8(input);
	uint32_t first = cursor_u32(input);
	uint32_t size = cursor_u32(input);
	struct cursor bytes = cursor_take(input, size < input->left ? size : input->left);
	int r;

	echo->records = echo->added = 0;
	r = decode(receiver, kind, first, bytes, echo);
	receiver->seq++;
	receiver->index = r < 0 ? 0 : (receiver->index + 1) % BATCH_EPOCH_BATCHES_MAX;
	if (echo->added > 0)
		decode_again(echo);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct receiver receiver = { .epoch = batch_epoch_new(), .seq = 1 };
	struct echo echo = { .epoch = batch_epoch_new(), .seq = 1 };
	struct cursor input = cursor_of(data, size);

	for (int i = 0; i < BATCHES_MAX && input.left > 0; i++)
		take_batch(&receiver, &input, &echo);
	batch_encoder_free(echo.encoder);
	batch_epoch_free(echo.epoch);
	batch_epoch_free(receiver.epoch);
	return 0;
}

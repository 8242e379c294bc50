/* SPDX-License-Identifier: Apache-2.0 */
#include "support/sample_batch.h"

#include "support/full_records.h"
#include "support/sample_records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#undef UNIT_TESTING /* tests free what is allocated here, and ASan sees more */
#include <cmocka.h>

void sample_batch_inflate(struct sample_batch *batch)
{
	uLongf inflated = batch->raw_size;

	batch->raw = malloc(batch->raw_size);
	assert_non_null(batch->raw);
	assert_int_equal(uncompress(batch->raw, &inflated, batch->bytes, batch->size), Z_OK);
}

int sample_batch_set_up(void **state)
{
	struct batch_encoder *encoder = batch_encoder_new(&sample_header);
	struct sample_batch *batch = calloc(1, sizeof(*batch));

	assert_non_null(encoder);
	assert_non_null(batch);
	for (int class = 0; class < RECORD_CLASS_COUNT; class ++) {
		struct record record = full_record((enum record_class) class, FULL_DISTINCT);

		assert_int_equal(batch_encoder_add(encoder, &record), 0);
	}
	assert_int_equal(
		batch_encoder_finish(encoder, &batch->bytes, &batch->size, &batch->raw_size), 0);
	batch_encoder_free(encoder);
	sample_batch_inflate(batch);
	*state = batch;
	return 0;
}

int sample_batch_tear_down(void **state)
{
	struct sample_batch *batch = *state;

	free(batch->bytes);
	free(batch->raw);
	free(batch);
	return 0;
}

uint8_t *sample_batch_pack(const Yagura__Telemetry__Batch *message, size_t *ret_size)
{
	uint8_t *raw = malloc(yagura__telemetry__batch__get_packed_size(message));

	assert_non_null(raw);
	*ret_size = yagura__telemetry__batch__pack(message, raw);
	return raw;
}

Yagura__Telemetry__Batch *sample_batch_unpack(const struct sample_batch *batch)
{
	Yagura__Telemetry__Batch *message =
		yagura__telemetry__batch__unpack(NULL, batch->raw_size, batch->raw);

	assert_non_null(message);
	return message;
}

int receive_count(void *context, const struct batch_header *header, const struct record *record)
{
	(void)header;
	(void)record;
	++*(size_t *)context;
	return 0;
}

int receive_never(void *context, const struct batch_header *header, const struct record *record)
{
	(void)context;
	(void)header;
	(void)record;
	fail_msg("a record of a bad batch was delivered");
	return 0;
}

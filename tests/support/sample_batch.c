/* SPDX-License-Identifier: Apache-2.0 */
#include "support/sample_batch.h"

#include "support/full_records.h"
#include "support/sample_records.h"
#include "telemetry/batch_rows.h"
#include "telemetry/varint.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#undef UNIT_TESTING /* tests free what is allocated here, and ASan sees more */
#include <cmocka.h>

/* By zlib: none of our code is needed to read a batch. */
void sample_batch_inflate(struct sample_batch *batch)
{
	size_t taken = 0, inflated = 0;

	batch->raw = malloc(batch->raw_size);
	assert_non_null(batch->raw);
	for (int section = 0; section < 2; section++) {
		uLongf raw_size = batch->raw_size - inflated;
		uLong size = batch->size - taken;

		assert_int_equal(
			uncompress2(batch->raw + inflated, &raw_size, batch->bytes + taken, &size),
			Z_OK);
		inflated += raw_size;
		taken += size;
	}
	assert_int_equal(inflated, batch->raw_size);
	assert_int_equal(taken, batch->size);
}

void sample_batch_finish(struct batch_encoder *encoder, struct sample_batch *ret_batch)
{
	struct batch_bytes made = { 0 };

	assert_int_equal(batch_encoder_finish(encoder, &made), 0);
	batch_encoder_begin_epoch(encoder);
	*ret_batch = (struct sample_batch){ .bytes = made.bytes,
					    .size = made.size,
					    .raw_size = made.raw_size };
	sample_batch_inflate(ret_batch);
}

void sample_batch_free(struct sample_batch *batch)
{
	free(batch->bytes);
	free(batch->raw);
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
	sample_batch_finish(encoder, batch);
	batch_encoder_free(encoder);
	*state = batch;
	return 0;
}

int sample_batch_tear_down(void **state)
{
	struct sample_batch *batch = *state;

	sample_batch_free(batch);
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

/* The first field of the second section. */
#define FIRST_OF_ROWS (BATCH_FIELD_TABLES + TABLE_SHARED_COUNT)

struct batch_sections sample_sections(const uint8_t *raw, size_t size)
{
	struct cursor c = cursor_of(raw, size);
	size_t tables = size;

	while (c.left > 0 && tables == size) {
		size_t at = size - c.left;
		uint64_t tag = varint_take(&c);

		if (tag >> 3 >= FIRST_OF_ROWS && tag >> 3 < BATCH_FIELD_TABLES + TABLE_COUNT)
			tables = at;
		varint_skip_value(&c, tag & 7);
	}
	return (struct batch_sections){ .tables = cursor_of(raw, tables),
					.rows = cursor_of(raw + tables, size - tables),
					.seq = 1 };
}

int sample_decode_raw(const uint8_t *raw, size_t size, batch_record_fn each, void *context,
		      const char **ret_why)
{
	struct batch_sections sections = sample_sections(raw, size);
	struct batch_epoch *epoch = batch_epoch_new();
	int r;

	assert_non_null(epoch);
	r = batch_decode_raw(epoch, &sections, each, context, ret_why);
	batch_epoch_free(epoch);
	return r;
}

int sample_decode(const uint8_t *bytes, size_t size, size_t raw_size, batch_record_fn each,
		  void *context, const char **ret_why)
{
	const struct batch_input input = { bytes, size, raw_size, 1 };
	struct batch_epoch *epoch = batch_epoch_new();
	int r;

	assert_non_null(epoch);
	r = batch_decode(epoch, &input, each, context, ret_why);
	batch_epoch_free(epoch);
	return r;
}

void sample_check_damage(void **state)
{
	const struct sample_damage *c = *state;
	Yagura__Telemetry__Batch *message;
	const char *why = "none";
	void *batch = NULL;
	size_t count = 0;
	size_t size = 0;
	uint8_t *raw;

	sample_batch_set_up(&batch);
	message = sample_batch_unpack(batch);
	c->damage(message);
	raw = sample_batch_pack(message, &size);
	yagura__telemetry__batch__free_unpacked(message, NULL);
	sample_batch_tear_down(&batch);
	if (c->why) {
		assert_int_equal(sample_decode_raw(raw, size, receive_never, NULL, &why), -EBADMSG);
		assert_string_equal(why, c->why);
	} else {
		assert_int_equal(sample_decode_raw(raw, size, receive_count, &count, &why), 0);
		assert_int_equal(count, RECORD_CLASS_COUNT);
	}
	free(raw);
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

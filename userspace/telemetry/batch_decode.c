/* SPDX-License-Identifier: Apache-2.0 */
#include "common/cleanup.h"
#include "telemetry/batch_epoch.h"
#include "telemetry/batch_raw.h"
#include "telemetry/section.h"

#include <errno.h>
#include <stdlib.h>

static int refuse(const char **ret_why, const char *why)
{
	*ret_why = why;
	return -EBADMSG;
}

static int check_sizes(const struct batch_input *input, const char **ret_why)
{
	if (input->size > BATCH_RAW_BYTES_MAX || input->raw_size > BATCH_RAW_BYTES_MAX)
		return -E2BIG;
	if (input->size == 0 || input->raw_size == 0)
		return refuse(ret_why, "empty");
	return 0;
}

/* The first section alone, and the rest of the input. */
static int inflate_first(const struct batch_input *input, uint8_t *raw,
			 struct batch_sections *ret_sections, size_t *ret_taken,
			 const char **ret_why)
{
	size_t raw_size;
	int r = section_inflate(input->bytes, input->size, raw, input->raw_size, ret_taken,
				&raw_size);

	if (r == -EBADMSG)
		return refuse(ret_why, "not a whole deflate stream");
	if (r < 0)
		return r;
	*ret_sections = (struct batch_sections){ .tables = cursor_of(raw, raw_size),
						 .seq = input->seq,
						 .epoch_index = input->epoch_index };
	return 0;
}

static int inflate_both(const struct batch_input *input, uint8_t *raw,
			struct batch_sections *ret_sections, size_t *ret_first,
			const char **ret_why)
{
	size_t first, taken, raw_size;
	int r = inflate_first(input, raw, ret_sections, &first, ret_why);

	if (r < 0)
		return r;
	*ret_first = first;
	raw += ret_sections->tables.left;
	r = section_inflate(input->bytes + first, input->size - first, raw,
			    input->raw_size - ret_sections->tables.left, &taken, &raw_size);
	if (r == -EBADMSG)
		return refuse(ret_why, "not a whole deflate stream");
	if (r < 0)
		return r;
	if (raw_size < input->raw_size - ret_sections->tables.left)
		return refuse(ret_why, "shorter than declared");
	if (first + taken < input->size)
		return refuse(ret_why, "bytes after the deflate streams");
	ret_sections->rows = cursor_of(raw, raw_size);
	return 0;
}

static int close_unless(int r, struct batch_epoch *epoch)
{
	if (r < 0)
		batch_epoch_close(epoch);
	return r;
}

/* What the batches before it would have left behind. */
static int take_history(struct batch_epoch *epoch, const struct batch_input *input,
			const char **ret_why)
{
	_cleanup_free_ uint8_t *raw = malloc(BATCH_RAW_BYTES_MAX);
	size_t at = 0;
	int r = raw ? 0 : -ENOMEM;

	for (uint32_t i = 0; r == 0 && i < input->epoch_index; i++) {
		const struct batch_input past = { .bytes = input->history + at,
						  .size = input->history_bytes - at,
						  .raw_size = BATCH_RAW_BYTES_MAX,
						  .seq = input->seq - input->epoch_index + i,
						  .epoch_index = i };
		struct batch_sections sections;
		size_t taken = 0;

		r = inflate_first(&past, raw, &sections, &taken, ret_why);
		if (r == 0)
			r = batch_take_tables_raw(epoch, &sections, ret_why);
		at += taken;
	}
	return r == 0 && at < input->history_bytes ? refuse(ret_why, "bytes after its history") : r;
}

static int prepare(struct batch_epoch *epoch, const struct batch_input *input, uint8_t **ret_raw,
		   const char **ret_why)
{
	int r = check_sizes(input, ret_why);

	if (r == 0 && input->history)
		r = take_history(epoch, input, ret_why);
	if (r < 0)
		return r;
	*ret_raw = malloc(input->raw_size);
	return *ret_raw ? 0 : -ENOMEM;
}

int batch_decode(struct batch_epoch *epoch, const struct batch_input *input, batch_record_fn each,
		 void *context, const char **ret_why)
{
	_cleanup_free_ uint8_t *raw = NULL;
	struct batch_sections sections;
	const char *ignored;
	int r = prepare(epoch, input, &raw, ret_why ? ret_why : &ignored);

	if (r == 0)
		r = inflate_both(input, raw, &sections, &epoch->section_bytes,
				 ret_why ? ret_why : &ignored);
	if (r == 0)
		r = batch_decode_raw(epoch, &sections, each, context, ret_why ? ret_why : &ignored);
	return close_unless(r, epoch);
}

int batch_take_tables(struct batch_epoch *epoch, const struct batch_input *input,
		      const char **ret_why)
{
	_cleanup_free_ uint8_t *raw = NULL;
	struct batch_sections sections;
	const char *ignored;
	int r = prepare(epoch, input, &raw, ret_why ? ret_why : &ignored);

	if (r == 0)
		r = inflate_first(input, raw, &sections, &epoch->section_bytes,
				  ret_why ? ret_why : &ignored);
	if (r == 0)
		r = batch_take_tables_raw(epoch, &sections, ret_why ? ret_why : &ignored);
	return close_unless(r, epoch);
}

int batch_inflate(const uint8_t *bytes, size_t size, uint8_t **ret_raw, size_t *ret_raw_size)
{
	_cleanup_free_ uint8_t *raw = malloc(BATCH_RAW_BYTES_MAX);
	size_t taken, raw_size, total = 0;
	int r = 0;

	if (!raw)
		return -ENOMEM;
	while (r == 0 && size > 0) {
		r = section_inflate(bytes, size, raw + total, BATCH_RAW_BYTES_MAX - total, &taken,
				    &raw_size);
		if (r < 0)
			return r;
		bytes += taken;
		size -= taken;
		total += raw_size;
	}
	*ret_raw = raw;
	*ret_raw_size = total;
	raw = NULL;
	return 0;
}

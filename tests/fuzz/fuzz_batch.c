/* SPDX-License-Identifier: Apache-2.0 */
/* What a sensor may send the collector. The first byte chooses: 'd', then raw_size (4 bytes,
 * big-endian) and a deflated batch; anything else, then a batch as it is before deflating, which
 * gets mutations past zlib's checksum. Whatever decodes must also encode again, and then decode to
 * as many records. */
#include "common/cursor.h"
#include "telemetry/batch_codec.h"
#include "telemetry/batch_raw.h"

#include <errno.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct echo {
	struct batch_encoder *encoder;
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
	uint8_t *bytes = NULL;
	size_t raw_size = 0;
	size_t records = 0;
	size_t size = 0;

	if (batch_encoder_finish(echo->encoder, &bytes, &size, &raw_size) < 0 ||
	    batch_decode(bytes, size, raw_size, count, &records, NULL) < 0 ||
	    records != echo->added)
		abort();
	free(bytes);
}

static void decode(struct cursor input, struct echo *echo)
{
	const char *why = NULL;
	uint8_t mode = cursor_u8(&input);
	uint32_t raw_size;
	int r;

	if (mode == 'd') {
		raw_size = cursor_u32(&input);
		r = batch_decode(input.at, input.left, raw_size, add_again, echo, &why);
	} else {
		r = batch_decode_raw(input.at, input.left, add_again, echo, &why);
	}
	if (r == -EBADMSG && (!why || echo->records > 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct echo echo = { 0 };

	decode(cursor_of(data, size), &echo);
	if (echo.encoder)
		decode_again(&echo);
	batch_encoder_free(echo.encoder);
	return 0;
}

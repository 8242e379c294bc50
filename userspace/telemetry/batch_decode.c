/* SPDX-License-Identifier: Apache-2.0 */
#include "common/cleanup.h"
#include "telemetry/batch_codec.h"
#include "telemetry/batch_raw.h"

#include <errno.h>
#include <zlib.h>

static int refuse(const char **ret_why, const char *why)
{
	*ret_why = why;
	return -EBADMSG;
}

/* One byte of room more than declared tells a stream that is longer from one that just ends. */
static int inflate_bytes(const uint8_t *bytes, size_t size, size_t raw_size, uint8_t **ret_raw,
			 const char **ret_why)
{
	_cleanup_free_ uint8_t *raw = malloc(raw_size + 1);
	uLongf inflated = raw_size + 1;
	uLong consumed = size;
	int r;

	if (!raw)
		return -ENOMEM;
	r = uncompress2(raw, &inflated, bytes, &consumed);
	if (r == Z_MEM_ERROR)
		return -ENOMEM;
	if (r == Z_BUF_ERROR || inflated > raw_size)
		return -E2BIG;
	if (r != Z_OK)
		return refuse(ret_why, "not a whole deflate stream");
	if (inflated < raw_size)
		return refuse(ret_why, "shorter than declared");
	if (consumed < size)
		return refuse(ret_why, "bytes after the deflate stream");
	*ret_raw = raw;
	raw = NULL;
	return 0;
}

int batch_decode(const uint8_t *bytes, size_t size, size_t raw_size, batch_record_fn each,
		 void *context, const char **ret_why)
{
	_cleanup_free_ uint8_t *raw = NULL;
	const char *ignored;
	int r;

	if (!ret_why)
		ret_why = &ignored;
	if (size > BATCH_RAW_BYTES_MAX || raw_size > BATCH_RAW_BYTES_MAX)
		return -E2BIG;
	if (size == 0 || raw_size == 0)
		return refuse(ret_why, "empty");
	r = inflate_bytes(bytes, size, raw_size, &raw, ret_why);
	if (r < 0)
		return r;
	return batch_decode_raw(raw, raw_size, each, context, ret_why);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/section.h"

#include <errno.h>
#include <libdeflate.h>

#ifndef SECTION_LEVEL
#define SECTION_LEVEL 6
#endif

static size_t bytes_max(struct libdeflate_compressor *compressor, size_t raw_size)
{
	return libdeflate_zlib_compress_bound(compressor, raw_size);
}

size_t section_bytes_max(size_t raw_size)
{
	return bytes_max(NULL, raw_size);
}

int section_deflate(const uint8_t *raw, size_t raw_size, uint8_t *ret_bytes, size_t *ret_size)
{
	struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(SECTION_LEVEL);

	if (!compressor)
		return -ENOMEM;
	/* The room is enough for the worst case, so this does not fail. */
	*ret_size = libdeflate_zlib_compress(compressor, raw, raw_size, ret_bytes,
					     bytes_max(compressor, raw_size));
	libdeflate_free_compressor(compressor);
	return 0;
}

int section_inflate(const uint8_t *bytes, size_t size, uint8_t *ret_raw, size_t room,
		    size_t *ret_size, size_t *ret_raw_size)
{
	struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
	enum libdeflate_result result;

	if (!decompressor)
		return -ENOMEM;
	result = libdeflate_zlib_decompress_ex(decompressor, bytes, size, ret_raw, room, ret_size,
					       ret_raw_size);
	libdeflate_free_decompressor(decompressor);
	if (result == LIBDEFLATE_INSUFFICIENT_SPACE)
		return -E2BIG;
	return result == LIBDEFLATE_SUCCESS ? 0 : -EBADMSG;
}

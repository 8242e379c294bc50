/* SPDX-License-Identifier: Apache-2.0 */
/* The cache file: whatever stands there, what was read is written and read again the same. */
#include "sensor/content/cache_file.h"

#include "common/crc32c.h"
#include "common/put.h"

#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

static const uint8_t boot_id[CACHE_FILE_BOOT_BYTES] = "the boot id is 1";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct content_cache *cache)
{
	struct content_cache *other = content_cache_new(64);
	uint8_t *bytes = NULL;
	size_t size;

	CHECK(cache_file_write(cache, boot_id, &bytes, &size) == 0);
	CHECK(cache_file_read(bytes, size, boot_id, other) == 0);
	CHECK(content_cache_count(other) == content_cache_count(cache));
	free(bytes);
	content_cache_free(other);
}

/* The checksum would stop nearly every input: it is mended. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct content_cache *cache = content_cache_new(64);
	uint8_t *bytes = malloc(size + 4);

	if (!cache || !bytes)
		return 0;
	if (size > 0)
		memcpy(bytes, data, size);
	put_be(bytes + size, crc32c(0, bytes, size), 4);
	cache_file_read(data, size, boot_id, cache);
	cache_file_read(bytes, size + 4, boot_id, cache);
	CHECK(content_cache_count(cache) <= 64);
	check_again(cache);
	free(bytes);
	content_cache_free(cache);
	return 0;
}

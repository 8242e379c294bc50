/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/content/cache_file.h"

#include "common/cleanup.h"
#include "common/crc32c.h"
#include "common/cursor.h"
#include "common/put.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAGIC "YGRHASH2"
#define MAGIC_BYTES 8
#define HEAD_BYTES (MAGIC_BYTES + CACHE_FILE_BOOT_BYTES + 4)
#define ENTRY_BYTES                                                                                \
	(4 * 8 + 4 + 1 + HASH_SHA256_BYTES + HASH_MD5_BYTES + 2 * (2 + HASH_VERITY_BYTES_MAX))
#define CRC_BYTES 4
#define FILE_BYTES_MAX (HEAD_BYTES + CACHE_FILE_ENTRIES_MAX * ENTRY_BYTES + CRC_BYTES)

/* --- bytes --- */

static uint8_t *put_bytes(uint8_t *at, const void *bytes, size_t size)
{
	memcpy(at, bytes, size);
	return at + size;
}

static uint8_t *put_digest(uint8_t *at, const struct record_digest *digest)
{
	at = put_be(at, digest->algorithm, 1);
	at = put_be(at, digest->bytes, 1);
	return put_bytes(at, digest->digest, sizeof(digest->digest));
}

static uint8_t *put_entry(uint8_t *at, const struct content_entry *entry)
{
	const struct hash_identity *identity = &entry->identity;

	at = put_be(at, identity->inode, 8);
	at = put_be(at, identity->bytes, 8);
	at = put_be(at, identity->ctime_ns, 8);
	at = put_be(at, identity->mtime_ns, 8);
	at = put_be(at, identity->device, 4);
	at = put_be(at, entry->has_md5, 1);
	at = put_bytes(at, entry->sha256, sizeof(entry->sha256));
	at = put_bytes(at, entry->md5, sizeof(entry->md5));
	at = put_digest(at, &entry->verity);
	return put_digest(at, &entry->ima);
}

int cache_file_write(const struct content_cache *cache, const uint8_t boot_id[16],
		     uint8_t **ret_bytes, size_t *ret_size)
{
	const struct content_entry *entry = content_cache_first(cache);
	uint32_t count = content_cache_count(cache);
	uint8_t *bytes, *at;

	for (; count > CACHE_FILE_ENTRIES_MAX; count--)
		entry = content_cache_next(entry);
	bytes = malloc(HEAD_BYTES + (size_t)count * ENTRY_BYTES + CRC_BYTES);
	if (!bytes)
		return -ENOMEM;
	at = put_bytes(bytes, MAGIC, MAGIC_BYTES);
	at = put_bytes(at, boot_id, CACHE_FILE_BOOT_BYTES);
	at = put_be(at, count, 4);
	for (; entry; entry = content_cache_next(entry))
		at = put_entry(at, entry);
	at = put_be(at, crc32c(0, bytes, (size_t)(at - bytes)), CRC_BYTES);
	*ret_bytes = bytes;
	*ret_size = (size_t)(at - bytes);
	return 0;
}

static struct record_digest take_digest(struct cursor *c)
{
	struct record_digest digest = { 0 };

	digest.algorithm = cursor_u8(c);
	digest.bytes = cursor_u8(c);
	cursor_copy(c, digest.digest, sizeof(digest.digest));
	return digest.bytes <= HASH_VERITY_BYTES_MAX ? digest : (struct record_digest){ 0 };
}

static struct content_entry take_entry(struct cursor *c)
{
	struct content_entry entry = { 0 };

	entry.identity.inode = cursor_u64(c);
	entry.identity.bytes = cursor_u64(c);
	entry.identity.ctime_ns = cursor_u64(c);
	entry.identity.mtime_ns = cursor_u64(c);
	entry.identity.device = cursor_u32(c);
	entry.has_md5 = cursor_u8(c) != 0;
	cursor_copy(c, entry.sha256, sizeof(entry.sha256));
	cursor_copy(c, entry.md5, sizeof(entry.md5));
	entry.verity = take_digest(c);
	entry.ima = take_digest(c);
	return entry;
}

static bool is_whole(const uint8_t *bytes, size_t size)
{
	struct cursor crc;

	if (size < HEAD_BYTES + CRC_BYTES || size > FILE_BYTES_MAX ||
	    memcmp(bytes, MAGIC, MAGIC_BYTES) != 0)
		return false;
	crc = cursor_of(bytes + size - CRC_BYTES, CRC_BYTES);
	return cursor_u32(&crc) == crc32c(0, bytes, size - CRC_BYTES);
}

int cache_file_read(const uint8_t *bytes, size_t size, const uint8_t boot_id[16],
		    struct content_cache *cache)
{
	uint8_t written_boot_id[CACHE_FILE_BOOT_BYTES];
	bool is_same_boot;
	struct cursor c;
	uint32_t count;

	if (!is_whole(bytes, size))
		return -EBADMSG;
	c = cursor_of(bytes + MAGIC_BYTES, size - MAGIC_BYTES - CRC_BYTES);
	cursor_copy(&c, written_boot_id, sizeof(written_boot_id));
	is_same_boot = memcmp(written_boot_id, boot_id, sizeof(written_boot_id)) == 0;
	count = cursor_u32(&c);
	if (c.left != (size_t)count * ENTRY_BYTES)
		return -EBADMSG;
	for (; count > 0; count--) {
		struct content_entry entry = take_entry(&c), *kept;

		if (!is_same_boot && entry.identity.device >> 20 == 0)
			continue;
		kept = content_cache_put(cache, &entry);
		if (!kept)
			return -ENOMEM;
		kept->is_new = false;
	}
	return 0;
}

/* --- the file --- */

int cache_file_load(const char *path, const uint8_t boot_id[16], struct content_cache *cache)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	_cleanup_free_ uint8_t *bytes = NULL;
	struct stat facts;
	size_t size;

	if (fd < 0 || fstat(fd, &facts) < 0)
		return -errno;
	size = (size_t)facts.st_size;
	if (!S_ISREG(facts.st_mode) || facts.st_size < 0 || size > FILE_BYTES_MAX)
		return -EBADMSG;
	bytes = malloc(size + 1);
	if (!bytes)
		return -ENOMEM;
	if (read(fd, bytes, size) != (ssize_t)size)
		return -EBADMSG;
	return cache_file_read(bytes, size, boot_id, cache);
}

static int write_whole(int fd, const uint8_t *bytes, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, bytes, size);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			bytes += n;
			size -= (size_t)n;
		}
	}
	return fdatasync(fd) < 0 ? -errno : 0;
}

static int sync_directory(const char *path)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	_cleanup_close_ int fd = -1;

	snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash - path) : 1,
		 slash ? path : ".");
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int cache_file_save(const char *path, const uint8_t boot_id[16], const struct content_cache *cache)
{
	_cleanup_free_ uint8_t *bytes = NULL;
	_cleanup_close_ int fd = -1;
	char temporary[PATH_MAX];
	size_t size = 0;
	int r;

	if (snprintf(temporary, sizeof(temporary), "%s.new", path) >= (int)sizeof(temporary))
		return -ENAMETOOLONG;
	r = cache_file_write(cache, boot_id, &bytes, &size);
	if (r < 0)
		return r;
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	r = fd < 0 ? -errno : write_whole(fd, bytes, size);
	if (r == 0 && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0)
		unlink(temporary);
	return r < 0 ? r : sync_directory(path);
}

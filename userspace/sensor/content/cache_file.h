/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache over restarts. Bytes: "YGRHASH2" | boot id 16 | count u32 | entries | CRC-32C u32 of
 * all before it, big-endian; an entry: inode, bytes, ctime, mtime u64 | device u32 | has_md5 u8 |
 * sha256 32 | md5 16 | twice (fs-verity, IMA) algorithm u8, bytes u8, digest 64.
 *
 * After a reboot entries of unnamed devices (major 0: tmpfs, overlayfs, btrfs …) are left out:
 * their numbers are given anew at each boot, and on most of them inodes are, too. Others keep
 * theirs as far as disks do; should one change places with another, inode, size and two times to
 * the nanosecond would still have to agree.
 */
#ifndef YAGURA_CONTENT_CACHE_FILE_H
#define YAGURA_CONTENT_CACHE_FILE_H

#include "sensor/content/cache.h"

#define CACHE_FILE_ENTRIES_MAX 65536u
#define CACHE_FILE_BOOT_BYTES 16

/* As bytes, malloc'd and the caller's. 0 or -ENOMEM. */
int cache_file_write(const struct content_cache *cache, const uint8_t boot_id[16],
		     uint8_t **ret_bytes, size_t *ret_size);
/* Puts what the bytes hold into the cache, nothing of it new. 0; -EBADMSG when they are no whole,
 * consistent file: then nothing was put; -ENOMEM: some may have been. */
int cache_file_read(const uint8_t *bytes, size_t size, const uint8_t boot_id[16],
		    struct content_cache *cache);

/* The same from and to a file, replaced as a whole or not at all. 0, -ENOENT or another -errno. */
int cache_file_load(const char *path, const uint8_t boot_id[16], struct content_cache *cache);
int cache_file_save(const char *path, const uint8_t boot_id[16], const struct content_cache *cache);

#endif

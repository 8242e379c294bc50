/* SPDX-License-Identifier: Apache-2.0 */
#include "common/cleanup.h"
#include "common/seglog_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#define NAME_BYTES 24 /* "a-0123456789abcdef.seg" and its zero */

static void name_write(uint8_t lane, uint64_t first_seq, char ret_name[NAME_BYTES])
{
	snprintf(ret_name, NAME_BYTES, "%c-%016" PRIx64 ".seg", 'a' + lane, first_seq);
}

/* Only names that name_write would write are segments of ours. */
static bool name_read(const char *name, uint8_t lane, uint64_t *ret_first_seq)
{
	char again[NAME_BYTES];
	uint64_t first_seq;

	if (strlen(name) != NAME_BYTES - 2)
		return false;
	first_seq = strtoull(name + 2, NULL, 16);
	name_write(lane, first_seq, again);
	if (strcmp(name, again) != 0 || first_seq == 0 || first_seq > SEGLOG_SEQ_MAX)
		return false;
	*ret_first_seq = first_seq;
	return true;
}

static int compare_seqs(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a;
	uint64_t right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

static void cleanup_closedirp(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

static DIR *open_listing(const struct seglog *log)
{
	int fd = openat(log->directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);

	if (!directory && fd >= 0)
		close(fd);
	return directory;
}

int seglog_file_list(const struct seglog *log, uint64_t **ret_first_seqs, size_t *ret_count)
{
	_cleanup_(cleanup_closedirp) DIR *directory = open_listing(log);
	_cleanup_free_ uint64_t *seqs = NULL;
	size_t count = 0;
	uint64_t first_seq;

	if (!directory)
		return -errno;
	errno = 0;
	for (struct dirent *entry; (entry = readdir(directory)); errno = 0) {
		if (!name_read(entry->d_name, log->header.lane, &first_seq))
			continue;
		uint64_t *grown = reallocarray(seqs, count + 1, sizeof(*seqs));

		if (!grown)
			return -ENOMEM;
		seqs = grown;
		seqs[count++] = first_seq;
	}
	if (errno != 0)
		return -errno;
	if (count > 0)
		qsort(seqs, count, sizeof(*seqs), compare_seqs);
	*ret_first_seqs = seqs;
	*ret_count = count;
	seqs = NULL;
	return 0;
}

int seglog_file_open(const struct seglog *log, uint64_t first_seq, int flags)
{
	char name[NAME_BYTES];
	int fd;

	name_write(log->header.lane, first_seq, name);
	fd = openat(log->directory_fd, name, flags | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

int seglog_file_write_header(const struct seglog *log, int fd, uint64_t first_seq, uint64_t now_ms)
{
	struct segment_header header = log->header;
	uint8_t bytes[SEGMENT_HEADER_BYTES];
	ssize_t size;

	header.first_seq = first_seq;
	header.created_ms = now_ms;
	segment_header_write(bytes, &header);
	size = pwrite(fd, bytes, sizeof(bytes), 0);
	if (size != (ssize_t)sizeof(bytes))
		return size < 0 ? -errno : -ENOSPC;
	if (fdatasync(fd) < 0 || fsync(log->directory_fd) < 0)
		return -errno;
	return 0;
}

int seglog_file_create(const struct seglog *log, uint64_t first_seq, uint64_t now_ms)
{
	int fd = seglog_file_open(log, first_seq, O_RDWR | O_CREAT | O_EXCL);
	int r;

	if (fd < 0)
		return fd;
	r = seglog_file_write_header(log, fd, first_seq, now_ms);
	if (r < 0) {
		close(fd);
		seglog_file_unlink(log, first_seq);
		return r;
	}
	return fd;
}

/* A file that somebody else removed already is as good as unlinked. */
int seglog_file_unlink(const struct seglog *log, uint64_t first_seq)
{
	char name[NAME_BYTES];

	name_write(log->header.lane, first_seq, name);
	if (unlinkat(log->directory_fd, name, 0) < 0 && errno != ENOENT)
		return -errno;
	return fsync(log->directory_fd) < 0 ? -errno : 0;
}

/* All of it, or -errno; -EBADMSG when the file ends before. */
int seglog_file_read(int fd, uint64_t offset, uint8_t *ret_bytes, size_t size)
{
	while (size > 0) {
		ssize_t got = pread(fd, ret_bytes, size, (off_t)offset);

		if (got <= 0)
			return got < 0 ? -errno : -EBADMSG;
		ret_bytes += got;
		offset += (uint64_t)got;
		size -= (size_t)got;
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Arbitrary bytes as a segment: the pure reader first, then a log opened on them as its last file,
 * which must come up, take a record and hold it over a second opening. */
#include "common/segment.h"

#include "common/seglog.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_NAME "a-0000000000000001.seg"

static char directory[4096];
static int directory_fd = -1;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

static void clear_directory(void)
{
	DIR *listing = opendir(directory);

	require(listing != NULL);
	for (struct dirent *entry; (entry = readdir(listing));)
		unlinkat(directory_fd, entry->d_name, 0); /* refuses . and .. */
	closedir(listing);
}

static void remove_directory(void)
{
	clear_directory();
	rmdir(directory);
}

static void make_directory(void)
{
	const char *parent = getenv("TMPDIR"); /* on a tmpfs it runs ten times as fast */

	if (directory_fd >= 0)
		return;
	snprintf(directory, sizeof(directory), "%s/yagura-fuzz-XXXXXX", parent ? parent : "/tmp");
	require(mkdtemp(directory) != NULL);
	directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	require(directory_fd >= 0);
	atexit(remove_directory);
}

static void scan(const uint8_t *bytes, size_t size)
{
	struct segment_header header;
	struct segment_record record;

	segment_header_read(bytes, size, &header);
	for (size_t at = 0; at < size;) {
		long taken = segment_record_read(bytes + at, size - at, &record);

		if (taken > 0) {
			require(record.aux + record.aux_size == record.payload);
			require(record.payload + record.payload_size == bytes + at + taken);
		}
		at += taken > 0 ? (size_t)taken : segment_resync(bytes + at, size - at);
	}
}

static struct seglog *open_log(struct seglog_recovery *ret_recovery)
{
	const struct seglog_options options = { .directory = directory,
						.segment_bytes_max = 64 << 20 };
	struct seglog *log = NULL;

	return seglog_open(&options, NULL, NULL, &log, ret_recovery) == 0 ? log : NULL;
}

/* Everything between the log's first and next number is there or counted as missing. */
static void check_log(struct seglog *log, const struct seglog_recovery *recovery)
{
	struct segment_record record;
	uint64_t found = 0;

	for (uint64_t seq = seglog_first_seq(log); seq < seglog_next_seq(log); seq++)
		found += seglog_read(log, seq, &record) == 0;
	require(found == recovery->records);
	require(found + recovery->missing_seqs == seglog_next_seq(log) - seglog_first_seq(log));
}

static void recover(const uint8_t *bytes, size_t size)
{
	struct seglog_recovery recovery;
	struct segment_record record;
	uint64_t seq;
	int fd = openat(directory_fd, FILE_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	require(fd >= 0 && write(fd, bytes, size) == (ssize_t)size && close(fd) == 0);
	struct seglog *log = open_log(&recovery);

	if (!log) /* a sound header, but another log's */
		return;
	check_log(log, &recovery);
	require(seglog_append(log, 1, "aux", 3, "payload", 7, 0, &seq) == 0);
	seglog_close(log);
	log = open_log(&recovery);
	require(log && recovery.torn_bytes == 0 && seglog_next_seq(log) == seq + 1);
	require(seglog_read(log, seq, &record) == 0 && record.payload_size == 7);
	check_log(log, &recovery);
	seglog_close(log);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	make_directory();
	scan(bytes, size);
	recover(bytes, size);
	clear_directory();
	return 0;
}

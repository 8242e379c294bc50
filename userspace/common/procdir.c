/* SPDX-License-Identifier: Apache-2.0 */
#include "common/procdir.h"

#include "common/cleanup.h"
#include "common/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STAT_BYTES_MAX 2048 /* 52 numbers and a comm of at most 64 bytes take half of it */
#define STAT_FIELD_STATE 3 /* the first after the comm */
#define STAT_FIELD_START 22

static long explain(int error)
{
	if (error == ENOENT || error == ESRCH)
		return -ESRCH;
	if (error == EACCES || error == EPERM)
		return -EACCES;
	return -error;
}

long procdir_read(int directory, const char *name, char *ret_bytes, size_t size)
{
	_cleanup_close_ int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	size_t length = 0;

	if (fd < 0)
		return explain(errno);
	while (length < size) {
		ssize_t n = read(fd, ret_bytes + length, size - length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return explain(errno);
		if (n == 0)
			break;
		length += (size_t)n;
	}
	return (long)length;
}

/* proc_pid_stat(5): "pid (comm) state ppid …". The comm may hold anything, so the numbers start
 * after the last parenthesis of the line. */
static int parse_start_ticks(const char *stat, uint64_t *ret_ticks)
{
	const char *at = strrchr(stat, ')');
	unsigned long long ticks;
	char *end;

	for (int field = STAT_FIELD_STATE; at && field <= STAT_FIELD_START; field++)
		at = strchr(at + 1, ' ');
	if (!at || at[1] < '0' || at[1] > '9')
		return -EBADMSG;
	errno = 0;
	ticks = strtoull(at + 1, &end, 10);
	if (errno != 0 || *end != ' ')
		return -EBADMSG;
	*ret_ticks = ticks;
	return 0;
}

/* Both clocks are CLOCK_BOOTTIME; the kernel rounds down to ticks. */
int procdir_check_start(int directory, uint64_t start_ns)
{
	uint64_t ticks_per_s = (uint64_t)sysconf(_SC_CLK_TCK);
	char stat[STAT_BYTES_MAX + 1];
	uint64_t ticks = 0;
	long length = procdir_read(directory, "stat", stat, STAT_BYTES_MAX);
	int r;

	if (length < 0)
		return (int)length;
	stat[length] = '\0';
	r = parse_start_ticks(stat, &ticks);
	if (r < 0)
		return r;
	return ticks == start_ns / (NS_PER_S / ticks_per_s) ? 0 : -ESRCH;
}

int procdir_open(const char *proc, pid_t pid)
{
	char path[PATH_MAX];
	int r = snprintf(path, sizeof(path), "%s/%d", proc, (int)pid);
	int fd;

	if (r < 0 || (size_t)r >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? (int)explain(errno) : fd;
}

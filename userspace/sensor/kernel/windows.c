/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/kernel/windows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static size_t count_of(size_t bytes)
{
	return (bytes + WINDOW_BYTES - 1) / WINDOW_BYTES;
}

/* Addresses without memory. `at` NULL: anywhere. */
static void *reserve(void *at, size_t bytes)
{
	int place = at ? MAP_FIXED : 0;

	return mmap(at, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | place, -1,
		    0);
}

int windows_open(struct windows *windows, int fd, off_t offset, size_t bytes, int protection)
{
	void *at = reserve(NULL, bytes);

	if (at == MAP_FAILED)
		return -errno;
	*windows = (struct windows){ .fd = fd,
				     .protection = protection,
				     .offset = offset,
				     .bytes = bytes,
				     .at = at,
				     .is_mapped = calloc(1, count_of(bytes)) };
	if (windows->is_mapped)
		return 0;
	windows_close(windows);
	return -ENOMEM;
}

void windows_close(struct windows *windows)
{
	if (windows->at && !windows->error)
		munmap(windows->at, windows->bytes);
	free(windows->is_mapped);
	*windows = (struct windows){ 0 };
}

/* A mapping that fails may leave a hole, which somebody else's could fill later. */
static int fail(struct windows *windows, uint8_t *at, size_t bytes, int error)
{
	if (reserve(at, bytes) == MAP_FAILED)
		windows->error = error;
	return error;
}

static int map_one(struct windows *windows, size_t number)
{
	size_t from = number * WINDOW_BYTES;
	size_t left = windows->bytes - from;
	size_t bytes = left < WINDOW_BYTES ? left : WINDOW_BYTES;
	void *mapped = mmap(windows->at + from, bytes, windows->protection, MAP_SHARED | MAP_FIXED,
			    windows->fd, windows->offset + (off_t)from);

	if (mapped == MAP_FAILED)
		return fail(windows, windows->at + from, bytes, -errno);
	windows->is_mapped[number] = 1;
	windows->mapped++;
	return 0;
}

int windows_map(struct windows *windows, size_t at, size_t size)
{
	size_t last = (at + size - 1) / WINDOW_BYTES;
	int r = windows->error;

	for (size_t i = at / WINDOW_BYTES; i <= last && r == 0; i++)
		if (!windows->is_mapped[i])
			r = map_one(windows, i);
	return r;
}

size_t windows_mapped_bytes(const struct windows *windows)
{
	return windows->mapped * WINDOW_BYTES;
}

void windows_give_back(struct windows *windows)
{
	if (windows->error || windows->mapped == 0)
		return;
	memset(windows->is_mapped, 0, count_of(windows->bytes));
	windows->mapped = 0;
	if (reserve(windows->at, windows->bytes) == MAP_FAILED)
		windows->error = -errno;
}

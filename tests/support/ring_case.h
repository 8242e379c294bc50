/* SPDX-License-Identifier: Apache-2.0 */
/* A ring laid out in a memfd as the kernel lays it out; the real one is met in tests/bpf/. */
#ifndef YAGURA_SUPPORT_RING_CASE_H
#define YAGURA_SUPPORT_RING_CASE_H

#include "sensor/kernel/ring.h"

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct kernel_side {
	int fd;
	uint64_t data_bytes;
	uint64_t file_bytes;
	uint8_t *file; /* consumer page, producer page, data, data again */
	struct ring *ring;
};

static inline uint64_t *consumer(struct kernel_side *kernel)
{
	return (uint64_t *)(void *)kernel->file;
}

static inline uint64_t *producer(struct kernel_side *kernel)
{
	return (uint64_t *)(void *)(kernel->file + 4096);
}

/* Both copies of the data area, as the kernel maps the same pages twice. */
static inline void poke(struct kernel_side *kernel, uint64_t at, uint8_t value)
{
	kernel->file[8192 + at % kernel->data_bytes] = value;
	kernel->file[8192 + kernel->data_bytes + at % kernel->data_bytes] = value;
}

/* Both copies of the data area, whatever part of it runs over the end of the first. */
static inline void put(struct kernel_side *kernel, uint64_t at, const void *bytes, size_t size)
{
	uint8_t *data = kernel->file + 8192;
	uint64_t place = at % kernel->data_bytes;
	uint64_t before_end = kernel->data_bytes - place;
	size_t first = size < before_end ? size : (size_t)before_end;

	memcpy(data + place, bytes, size);
	memcpy(data + kernel->data_bytes + place, bytes, first);
	memcpy(data, (const uint8_t *)bytes + first, size - first);
}

static inline void produce(struct kernel_side *kernel, uint32_t flags, const void *bytes,
			   uint32_t size)
{
	uint64_t at = *producer(kernel);
	uint32_t word = size | flags;

	put(kernel, at, &word, sizeof(word));
	put(kernel, at + BPF_RINGBUF_HDR_SZ, bytes, size);
	*producer(kernel) = at + ((size + BPF_RINGBUF_HDR_SZ + 7u) & ~7u);
}

static inline int open_kernel(struct kernel_side *kernel, uint64_t data_bytes, uint64_t begin)
{
	kernel->data_bytes = data_bytes;
	kernel->file_bytes = 8192 + 2 * data_bytes;
	kernel->fd = memfd_create("ring", MFD_CLOEXEC);
	if (kernel->fd < 0 || ftruncate(kernel->fd, (off_t)kernel->file_bytes) < 0)
		return -1;
	kernel->file =
		mmap(NULL, kernel->file_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, kernel->fd, 0);
	if (kernel->file == MAP_FAILED)
		return -1;
	*consumer(kernel) = begin;
	*producer(kernel) = begin;
	return ring_open(kernel->fd, data_bytes, &kernel->ring);
}

static inline void close_kernel(struct kernel_side *kernel)
{
	ring_close(kernel->ring);
	munmap(kernel->file, kernel->file_bytes);
	close(kernel->fd);
}

#endif

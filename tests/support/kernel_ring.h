/* SPDX-License-Identifier: Apache-2.0 */
/* A ring laid out in a memfd as the kernel lays it out, to be filled by tests. */
#ifndef YAGURA_TESTS_SUPPORT_KERNEL_RING_H
#define YAGURA_TESTS_SUPPORT_KERNEL_RING_H

#include "sensor/kernel/ring.h"

#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define KERNEL_RING_BYTES 4096

struct kernel_side {
	int fd;
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
	kernel->file[8192 + at % KERNEL_RING_BYTES] = value;
	kernel->file[8192 + KERNEL_RING_BYTES + at % KERNEL_RING_BYTES] = value;
}

static inline void produce(struct kernel_side *kernel, uint32_t flags, const void *bytes,
			   uint32_t size)
{
	uint64_t at = *producer(kernel);
	uint32_t word = size | flags;

	for (size_t i = 0; i < sizeof(word); i++)
		poke(kernel, at + i, ((const uint8_t *)&word)[i]);
	for (size_t i = 0; i < size; i++)
		poke(kernel, at + BPF_RINGBUF_HDR_SZ + i, ((const uint8_t *)bytes)[i]);
	*producer(kernel) = at + ((size + BPF_RINGBUF_HDR_SZ + 7u) & ~7u);
}

static inline int kernel_side_open(struct kernel_side *kernel)
{
	size_t size = 8192 + 2 * KERNEL_RING_BYTES;

	kernel->fd = memfd_create("ring", MFD_CLOEXEC);
	if (kernel->fd < 0 || ftruncate(kernel->fd, (off_t)size) < 0)
		return -1;
	kernel->file = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, kernel->fd, 0);
	return ring_open(kernel->fd, KERNEL_RING_BYTES, &kernel->ring);
}

static inline void kernel_side_close(struct kernel_side *kernel)
{
	ring_close(kernel->ring);
	munmap(kernel->file, 8192 + 2 * KERNEL_RING_BYTES);
	close(kernel->fd);
}

#endif

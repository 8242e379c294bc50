/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/kernel/ring.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Each record: a 32-bit length with two flags in its top bits, 32 bits of the kernel's own, then
 * the bytes, padded to 8 (kernel/bpf/ringbuf.c; the flags are UAPI). The data area is mapped twice
 * in a row, so a record that wraps round reads as one piece. */
struct ring {
	size_t page_bytes;
	uint64_t data_bytes;
	uint64_t position; /* of the next record to read */
	uint64_t *consumer;
	const uint64_t *producer;
	const uint8_t *data;
};

int ring_open(int fd, size_t data_bytes, struct ring **ret_ring)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct ring *ring;
	void *mapped;

	if (data_bytes < page || (data_bytes & (data_bytes - 1)) != 0)
		return -EINVAL;
	ring = calloc(1, sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	ring->page_bytes = page;
	ring->data_bytes = data_bytes;
	mapped = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mapped == MAP_FAILED)
		goto fail;
	ring->consumer = mapped;
	mapped = mmap(NULL, page + 2 * data_bytes, PROT_READ, MAP_SHARED, fd, (off_t)page);
	if (mapped == MAP_FAILED)
		goto fail;
	ring->producer = mapped;
	ring->data = (const uint8_t *)mapped + page;
	ring->position = __atomic_load_n(ring->consumer, __ATOMIC_ACQUIRE);
	*ret_ring = ring;
	return 0;
fail:;
	int r = -errno;

	ring_close(ring);
	return r;
}

void ring_close(struct ring *ring)
{
	if (!ring)
		return;
	if (ring->consumer)
		munmap(ring->consumer, ring->page_bytes);
	if (ring->producer)
		munmap((void *)(uintptr_t)ring->producer, ring->page_bytes + 2 * ring->data_bytes);
	free(ring);
}

static uint64_t record_bytes(uint32_t length)
{
	return ((uint64_t)length + BPF_RINGBUF_HDR_SZ + 7) & ~(uint64_t)7;
}

int ring_next(struct ring *ring, const uint8_t **ret_bytes, size_t *ret_size)
{
	uint64_t end = ring_write_position(ring);

	while (ring->position < end) {
		const uint8_t *record = ring->data + (ring->position & (ring->data_bytes - 1));
		uint32_t word =
			__atomic_load_n((const uint32_t *)(const void *)record, __ATOMIC_ACQUIRE);
		uint32_t length = word & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

		if (word & BPF_RINGBUF_BUSY_BIT)
			return -EAGAIN;
		if (record_bytes(length) > end - ring->position)
			return -EBADMSG;
		ring->position += record_bytes(length);
		if (word & BPF_RINGBUF_DISCARD_BIT)
			continue;
		*ret_bytes = record + BPF_RINGBUF_HDR_SZ;
		*ret_size = length;
		return 1;
	}
	return 0;
}

uint64_t ring_read_position(const struct ring *ring)
{
	return ring->position;
}

uint64_t ring_write_position(const struct ring *ring)
{
	return __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
}

uint64_t ring_unreleased_bytes(const struct ring *ring)
{
	return ring_write_position(ring) - __atomic_load_n(ring->consumer, __ATOMIC_RELAXED);
}

bool ring_is_half_full(const struct ring *ring)
{
	return ring_unreleased_bytes(ring) > ring->data_bytes / 2;
}

int ring_rewind(struct ring *ring, uint64_t position)
{
	if (position > ring->position ||
	    position < __atomic_load_n(ring->consumer, __ATOMIC_RELAXED))
		return -EINVAL;
	ring->position = position;
	return 0;
}

void ring_release(struct ring *ring, uint64_t position)
{
	if (position <= ring->position && position > *ring->consumer)
		__atomic_store_n(ring->consumer, position, __ATOMIC_RELEASE);
}

int ring_seek(struct ring *ring, uint64_t position)
{
	if (position < ring->position || position > ring_write_position(ring))
		return -EINVAL;
	ring->position = position;
	ring_release(ring, position);
	return 0;
}

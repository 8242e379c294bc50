/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/kernel/ring.h"

#include "sensor/kernel/windows.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* So much of the data is mapped at most: all of a ring of the usual size and one window more, where
 * a record runs over its end. */
#define MAPPED_BYTES_MAX ((8u << 20) + WINDOW_BYTES)
#define RECORD_ALIGN 8ull

/* Each record: a 32-bit length with two flags in its top bits, 32 bits of the kernel's own, then
 * the bytes, padded to 8 (kernel/bpf/ringbuf.c; the flags are UAPI). The file is a page that we
 * write, a page that the kernel writes, the data, and the same data again: behind the end of the
 * data is its beginning, so every record is one piece. */
struct ring {
	int fd;
	size_t page_bytes;
	uint64_t data_bytes;
	uint64_t position; /* of the next record to read */
	uint64_t *consumer;
	const uint64_t *producer;
	struct windows data; /* both copies */
	uint64_t rested_position; /* where the read position was at the last ring_rest() */
};

static int map_positions(struct ring *ring)
{
	void *mapped;

	mapped = mmap(NULL, ring->page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	if (mapped == MAP_FAILED)
		return -errno;
	ring->consumer = mapped;
	mapped = mmap(NULL, ring->page_bytes, PROT_READ, MAP_SHARED, ring->fd,
		      (off_t)ring->page_bytes);
	if (mapped == MAP_FAILED)
		return -errno;
	ring->producer = mapped;
	ring->position = __atomic_load_n(ring->consumer, __ATOMIC_ACQUIRE);
	return ring->position % RECORD_ALIGN == 0 ? 0 : -EBADMSG;
}

int ring_open(int fd, size_t data_bytes, struct ring **ret_ring)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct ring *ring;
	int r;

	if (data_bytes < page || (data_bytes & (data_bytes - 1)) != 0)
		return -EINVAL;
	ring = calloc(1, sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	ring->fd = fd;
	ring->page_bytes = page;
	ring->data_bytes = data_bytes;
	r = map_positions(ring);
	if (r == 0)
		r = windows_open(&ring->data, fd, (off_t)(2 * page), 2 * data_bytes, PROT_READ);
	if (r < 0)
		ring_close(ring);
	else
		*ret_ring = ring;
	return r;
}

static void unmap(const void *mapped, size_t size)
{
	if (mapped)
		munmap((void *)(uintptr_t)mapped, size);
}

void ring_close(struct ring *ring)
{
	if (!ring)
		return;
	unmap(ring->consumer, ring->page_bytes);
	unmap(ring->producer, ring->page_bytes);
	windows_close(&ring->data);
	free(ring);
}

static uint64_t record_bytes(uint32_t length)
{
	return ((uint64_t)length + BPF_RINGBUF_HDR_SZ + RECORD_ALIGN - 1) & ~(RECORD_ALIGN - 1);
}

/* The `size` bytes at the read position: at most data_bytes, so they end within the second copy. */
static int look_at(struct ring *ring, uint64_t size, const uint8_t **ret_bytes)
{
	size_t at = ring->position & (ring->data_bytes - 1);

	if (windows_mapped_bytes(&ring->data) > MAPPED_BYTES_MAX)
		windows_give_back(&ring->data);
	*ret_bytes = ring->data.at + at;
	return windows_map(&ring->data, at, size);
}

static int look_at_head(struct ring *ring, uint64_t left, uint32_t *ret_word)
{
	const uint8_t *head;
	int r;

	if (left > ring->data_bytes || left < BPF_RINGBUF_HDR_SZ)
		return -EBADMSG;
	r = look_at(ring, BPF_RINGBUF_HDR_SZ, &head);
	if (r == 0)
		*ret_word = __atomic_load_n((const uint32_t *)(const void *)head, __ATOMIC_ACQUIRE);
	return r;
}

int ring_next(struct ring *ring, const uint8_t **ret_bytes, size_t *ret_size)
{
	uint64_t end = ring_write_position(ring);

	while (ring->position < end) {
		const uint8_t *record;
		uint32_t word = 0, length;
		int r = look_at_head(ring, end - ring->position, &word);

		if (r < 0)
			return r;
		if (word & BPF_RINGBUF_BUSY_BIT)
			return -EAGAIN;
		length = word & ~(uint32_t)BPF_RINGBUF_DISCARD_BIT;
		if (record_bytes(length) > end - ring->position)
			return -EBADMSG;
		r = look_at(ring, record_bytes(length), &record);
		if (r < 0)
			return r;
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

bool ring_is_filling(const struct ring *ring)
{
	return ring_unreleased_bytes(ring) > ring->data_bytes / 8;
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

void ring_rest(struct ring *ring)
{
	if (ring->position - ring->rested_position < WINDOW_BYTES &&
	    windows_mapped_bytes(&ring->data) > 2 * WINDOW_BYTES)
		windows_give_back(&ring->data);
	ring->rested_position = ring->position;
}

int ring_seek(struct ring *ring, uint64_t position)
{
	if (position < ring->position || position > ring_write_position(ring) ||
	    position % RECORD_ALIGN != 0)
		return -EINVAL;
	ring->position = position;
	ring_release(ring, position);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A BPF ring buffer as its unprivileged consumer sees it: plain mmap of the map's descriptor
 * (kernel documentation, Documentation/bpf/ringbuf.rst). Reading does not free: the kernel may
 * reuse the room only after ring_release, so events whose records are not on disk yet survive the
 * end of this process. Only a window of the data is mapped: the size of the ring is kernel memory,
 * and no reason for this process to be large.
 */
#ifndef YAGURA_KERNEL_RING_H
#define YAGURA_KERNEL_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring;

/* Opens the ring of `data_bytes` behind `fd` (stays the caller's, and open as long as the ring is).
 * Reading starts at the kernel's consumer position. 0 or -errno. */
int ring_open(int fd, size_t data_bytes, struct ring **ret_ring);
void ring_close(struct ring *ring);

/* The next event: 1 with its bytes (valid until the next call), 0 when none waits, -EAGAIN when the
 * next one is still being written, -EBADMSG when the ring's bookkeeping makes no sense, another
 * -errno when it cannot be mapped now. Discarded records are skipped. */
int ring_next(struct ring *ring, const uint8_t **ret_bytes, size_t *ret_size);

uint64_t ring_read_position(const struct ring *ring); /* just after what ring_next gave last */
uint64_t
ring_write_position(const struct ring *ring); /* just after what the kernel reserved last */
uint64_t ring_unreleased_bytes(const struct ring *ring);

/* Whether more than half, or an eighth, of the ring's room is taken by what was not released. */
bool ring_is_half_full(const struct ring *ring);
bool ring_is_filling(const struct ring *ring);
/* Reading goes on from `position`, where it stood before: the event is to be read again. -EINVAL
 * when that is released, or was not read. */
int ring_rewind(struct ring *ring, uint64_t position);
/* Gives everything before `position` (at most the read position) back to the kernel. */
void ring_release(struct ring *ring, uint64_t position);
/* Once a second, between reading: unmaps what a busy time has left mapped. */
void ring_rest(struct ring *ring);
/* Moves reading and releasing forward to `position`: what an earlier worker had spooled but not yet
 * released. -EINVAL when it does not lie between the consumer's and the kernel's position, or no
 * record can begin there. */
int ring_seek(struct ring *ring, uint64_t position);

#endif

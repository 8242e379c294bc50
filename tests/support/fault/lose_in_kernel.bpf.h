/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * BPF programs with a fault: the first record of each class is lost on its way into the ring, after
 * it was counted as generated, and nobody says so. Included before every line of the programs; the
 * product is compiled without it.
 */
#ifndef YAGURA_TESTS_LOSE_IN_KERNEL_BPF_H
#define YAGURA_TESTS_LOSE_IN_KERNEL_BPF_H

#include "event.h"
#include "kernel_types.h"
#include <bpf/bpf_helpers.h>
#include <stdbool.h>

static __u32 fault_seen[EVENT_KIND_COUNT];

static __always_inline bool fault_hits(const void *record)
{
	__u32 kind = ((const struct event_header *)record)->kind;

	if (kind != EVENT_EXEC && kind != EVENT_EXIT && kind != EVENT_FLOW)
		return false;
	return __sync_fetch_and_add(&fault_seen[kind], 1) == 0;
}

static __always_inline void fault_submit(void *record, __u64 flags)
{
	if (fault_hits(record))
		bpf_ringbuf_discard(record, flags);
	else
		bpf_ringbuf_submit(record, flags);
}

static __always_inline long fault_output(void *ring, void *record, __u64 size, __u64 flags)
{
	return fault_hits(record) ? 0 : bpf_ringbuf_output(ring, record, size, flags);
}

#define bpf_ringbuf_submit(record, flags) fault_submit(record, flags)
#define bpf_ringbuf_output(ring, record, size, flags) fault_output(ring, record, size, flags)

#endif

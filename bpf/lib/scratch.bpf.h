/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where records of varying size are put together, and how they get into the ring. */
#ifndef YAGURA_LIB_SCRATCH_BPF_H
#define YAGURA_LIB_SCRATCH_BPF_H

#include "compat.bpf.h"
#include "emit.bpf.h"

static __always_inline struct exec_scratch *scratch_of_cpu(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&exec_scratch, &cpu);
}

/* This CPU's, with nothing in it, or NULL: a handler that we interrupted has it. */
static __always_inline struct exec_scratch *scratch_claim(void)
{
	struct exec_scratch *scratch = scratch_of_cpu();

	if (!scratch || !flag_take(&scratch->claimed))
		return NULL;
	scratch->used = 0;
	return scratch;
}

static __always_inline void scratch_release(struct exec_scratch *scratch)
{
	flag_drop(&scratch->claimed);
}

/* Claims room for a record that is due from here on, or counts it as lost. */
static __always_inline struct exec_scratch *record_begin(enum event_kind kind)
{
	struct event_header due = event_due(kind);
	struct exec_scratch *scratch = scratch_claim();

	if (scratch)
		scratch->due = due;
	else
		count_lost(kind);
	return scratch;
}

/* Writes `size` bytes that begin with an event_header. Counts them as lost when the ring is
 * full. */
static __always_inline void record_output(const struct exec_scratch *scratch,
					  struct event_header *header, enum event_kind kind,
					  __u32 size)
{
	*header = scratch->due;
	header->size_bytes = size;
	if (bpf_ringbuf_output(&ring_valuable, header, size, wakeup_flags(&ring_valuable, size)))
		count_lost(kind);
}

#endif

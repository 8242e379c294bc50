/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Counting and writing records. Every record is counted as generated before the ring is asked for
 * room, and as lost when there is none: generated = submitted + lost, per kind.
 */
#ifndef YAGURA_LIB_EMIT_BPF_H
#define YAGURA_LIB_EMIT_BPF_H

#include "maps.bpf.h"

/* The counters of a kind follow its number, so no program needs a table of them. */
#define EVENT_KIND_COUNTERS(NAME, name, ring)                                                      \
	_Static_assert(COUNTER_GENERATED_##NAME == COUNTER_GENERATED_FORK + EVENT_##NAME - 1 &&    \
			       COUNTER_LOST_##NAME == COUNTER_LOST_FORK + EVENT_##NAME - 1,        \
		       "counters in the order of kinds");
EVENT_KINDS(EVENT_KIND_COUNTERS)
#undef EVENT_KIND_COUNTERS

static __always_inline void counter_add(enum counter counter)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct counters *all = bpf_map_lookup_elem(&counters, &cpu);

	if (all)
		__sync_fetch_and_add(&all->value[counter], 1); /* softirq may interleave */
}

static __always_inline void count_generated(enum event_kind kind)
{
	counter_add(COUNTER_GENERATED_FORK + kind - 1);
}

static __always_inline void count_lost(enum event_kind kind)
{
	counter_add(COUNTER_LOST_FORK + kind - 1);
}

/* Waking the reader costs more than ten times the record itself, and it polls anyway: wake it only
 * when this record carries the backlog over the mark. */
static __always_inline __u64 wakeup_flags(void *ring, __u64 size_bytes)
{
	__u64 backlog = bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA);
	__u64 mark = probe_config.wakeup_fill_bytes;

	return backlog < mark && backlog + size_bytes >= mark ? BPF_RB_FORCE_WAKEUP
							      : BPF_RB_NO_WAKEUP;
}

static __always_inline enum event_ring ring_of(enum event_kind kind)
{
	switch (kind) {
#define EVENT_KIND_RING(NAME, name, ring)                                                          \
	case EVENT_##NAME:                                                                         \
		return EVENT_RING_##ring;
		EVENT_KINDS(EVENT_KIND_RING)
#undef EVENT_KIND_RING
	default:
		return EVENT_RING_VALUABLE;
	}
}

/* The next number of this CPU and ring. A fetch-add, because a softirq or, from 7.x on, another
 * task may come in between; 5.10 has none. */
static __always_inline __u64 sequence_take(__u32 cpu, enum event_ring ring)
{
#ifdef YAGURA_OLD
	return 0;
#else
	struct sequences *all = bpf_map_lookup_elem(&sequences, &cpu);

	return all ? __sync_fetch_and_add(&all->taken[ring], 1) + 1 : 0;
#endif
}

/* A record is due from here on: it is generated and has its number, whatever becomes of it. Gives
 * its header but for the size. */
static __always_inline struct event_header event_due(enum event_kind kind)
{
	__u32 cpu = bpf_get_smp_processor_id();

	count_generated(kind);
	return (struct event_header){
		.kind = kind,
		.cpu = cpu,
		.time_ns = bpf_ktime_get_boot_ns(),
		.sequence = sequence_take(cpu, ring_of(kind)),
	};
}

/* A record of constant size, its header filled, or NULL when the ring is full (counted). */
#define event_reserve(ring, kind, type)                                                            \
	({                                                                                         \
		type *reserved_event_;                                                             \
		struct event_header due_ = event_due(kind);                                        \
		due_.size_bytes = sizeof(type);                                                    \
		reserved_event_ = bpf_ringbuf_reserve(ring, sizeof(type), 0);                      \
		if (reserved_event_)                                                               \
			reserved_event_->header = due_;                                            \
		else                                                                               \
			count_lost(kind);                                                          \
		reserved_event_;                                                                   \
	})

#define event_submit(ring, event) bpf_ringbuf_submit(event, wakeup_flags(ring, sizeof(*(event))))

#endif

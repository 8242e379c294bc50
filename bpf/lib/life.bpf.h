/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The life of something that packets are counted in until it is told of: a flow of datagrams, the
 * attempts of one source. Packets count while a sweep looks, on other CPUs; so a life ends in two
 * passes. The first marks it CLOSING; a packet that comes now makes it OPEN again. The next, a
 * second later, when whoever had found it OPEN has long finished counting, takes it out.
 */
#ifndef YAGURA_LIB_LIFE_BPF_H
#define YAGURA_LIB_LIFE_BPF_H

#include "compat.bpf.h"
#include "emit.bpf.h"

enum life_phase {
	LIFE_FREE = 0,
	LIFE_CLAIMED = 1, /* being filled in */
	LIFE_OPEN = 2,
	LIFE_CLOSING = 3,
	LIFE_ENDING = 4, /* being told for the last time: count nothing here */
};

struct life {
	__u64 opened_ns;
	__u32 latest; /* packet, in ticks */
	__u32 phase; /* enum life_phase, changed by compare-and-swap */
	__u32 index; /* how many flows its socket had before */
	__u16 part; /* of the next record */
	__u16 told; /* how many intervals old it was when an interim record was last considered */
};

enum life_verdict {
	LIFE_LEAVE = 0,
	LIFE_TELL = 1, /* it goes on */
	LIFE_END = 2, /* it is the caller's to tell for the last time */
};

#define TICKS_OF_MS(ms) ((__s32)((__u64)(ms)*1000000 >> 20))

/* A clock for idle times: steps of 2^20 ns, wraps after 52 days, differences are right. For each
 * packet the coarse one does, which costs a load; tracing programs are not given it. */
static __always_inline __u32 packet_ticks(void)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_ktime_get_coarse_ns))
		return (__u32)(bpf_ktime_get_coarse_ns() >> 20);
	return (__u32)(bpf_ktime_get_ns() >> 20);
}

static __always_inline __u32 sweep_ticks(void)
{
	return (__u32)(bpf_ktime_get_ns() >> 20);
}

static __always_inline bool life_change(struct life *life, enum life_phase from, enum life_phase to)
{
	return word_change(&life->phase, from, to);
}

/* Out of a phase in which it is the caller's alone. */
static __always_inline void life_hand_on(struct life *life, enum life_phase to)
{
	*(volatile __u32 *)&life->phase = to;
}

static __always_inline bool life_is_counting(const struct life *life)
{
	return life->phase == LIFE_OPEN || life->phase == LIFE_CLOSING;
}

/* After the packet has been counted. */
static __always_inline void life_go_on(struct life *life, __u32 ticks)
{
	life->latest = ticks;
	if (life->phase == LIFE_CLOSING)
		life_change(life, LIFE_CLOSING, LIFE_OPEN);
}

/* A name for what has no socket. */
static __always_inline __u64 made_up_cookie(__u64 opened_ns)
{
	return 1ull << 63 | opened_ns << 8 | (bpf_get_smp_processor_id() & 0xff);
}

/* Once an interval of its age, if anything moved since about the time of the last. */
static __always_inline bool life_is_due(struct life *life, __u32 now)
{
	__u64 interval_ns = (__u64)probe_config.sweep_interval_ms * 1000000;
	__u64 age_ns = bpf_ktime_get_boot_ns() - life->opened_ns;
	__u64 quiet_ns = (__u64)(now - life->latest) << 20;
	__u64 moved_ns = quiet_ns < age_ns ? age_ns - quiet_ns : 0; /* as old as it was then */
	__u16 told = life->told;

	if (!interval_ns || (__u16)(age_ns / interval_ns) == told)
		return false;
	life->told = (__u16)(age_ns / interval_ns);
	return (__u16)(moved_ns / interval_ns) >= told;
}

/* Ends at once when it `is_over`, else after `idle_ms` of silence; 0: never. */
static __always_inline enum life_verdict life_judge(struct life *life, bool is_over, __u32 idle_ms)
{
	__u32 now = sweep_ticks();

	if ((__s32)(now - life->latest) < 0)
		now = life->latest; /* a packet came since */
	if (idle_ms && (__s32)(now - life->latest) > TICKS_OF_MS(idle_ms))
		is_over = true;
	if (life->phase == LIFE_CLOSING && is_over)
		return life_change(life, LIFE_CLOSING, LIFE_ENDING) ? LIFE_END : LIFE_LEAVE;
	if (life->phase != LIFE_OPEN)
		return LIFE_LEAVE;
	if (is_over) {
		life_change(life, LIFE_OPEN, LIFE_CLOSING);
		return LIFE_LEAVE;
	}
	return life_is_due(life, now) ? LIFE_TELL : LIFE_LEAVE;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The first segment of a connection, and its answer. Of one that we begin, both pass its own
 * socket. One that arrives meets the listener, long before the connection has a socket, and so does
 * our answer (no hook sees that up to 6.5): they wait in a table until the handshake is complete.
 * An entry is found by addresses, ports and sequence number and proves itself by a check word over
 * them and over what it says, so one that was overwritten, or is being written, is none.
 */
#ifndef YAGURA_LIB_SYN_BPF_H
#define YAGURA_LIB_SYN_BPF_H

#include "maps.bpf.h"
#include "packet.bpf.h"

#define SYN_SEEN_MAX 4096 /* connections whose handshake is under way; a power of two */
#define SYN_WORDS (sizeof(struct flow_syn) / 8)
_Static_assert(sizeof(struct flow_syn) % 8 == 0, "flow_syn");

struct syn_seen {
	__u64 check;
	struct flow_syn syn;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SYN_SEEN_MAX);
	__type(key, __u32);
	__type(value, struct syn_seen);
} syn_seen __weak SEC(".maps");

static __always_inline __u64 syn_mix(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15; /* 2^64 / golden ratio (Knuth 6.4) */
	return hash ^ hash >> 32;
}

/* In the name of an answer: it lies beside what it answers, in memory that is at hand. */
#define SYN_ANSWER 1u

/* Names a connection: both ends, and where its source begins to count. `ports`: the source's
 * first. */
static __always_inline __u64 syn_name(const __u8 remote[16], const __u8 local[16], __u32 ports,
				      __u32 first)
{
	const __u64 *a = (const __u64 *)remote, *b = (const __u64 *)local;
	__u64 hash = syn_mix(0, (__u64)ports << 32 | first);

	return syn_mix(syn_mix(syn_mix(syn_mix(hash, a[0]), a[1]), b[0]), b[1]);
}

static __always_inline __u64 syn_check(__u64 name, const struct flow_syn *syn)
{
	const __u64 *words = (const __u64 *)syn;
	__u32 i;

#pragma GCC unroll 7
	for (i = 0; i < SYN_WORDS; i++)
		name = syn_mix(name, words[i]);
	return name;
}

static __always_inline struct syn_seen *syn_entry(__u64 name)
{
	__u32 key = name & (SYN_SEEN_MAX - 1);

	return bpf_map_lookup_elem(&syn_seen, &key);
}

/* A SYN that arrived, or our answer. */
static __always_inline void syn_keep(__u64 name, const struct flow_syn *syn)
{
	struct syn_seen *seen = syn_entry(name);

	if (!seen)
		return;
	seen->syn = *syn;
	seen->check = syn_check(name, syn);
}

/* The handshake that it began is complete. Leaves *ret_syn all zero when it is not there. */
static __always_inline void syn_take(__u64 name, struct flow_syn *ret_syn)
{
	const struct syn_seen *seen = syn_entry(name);

	if (!seen)
		return;
	*ret_syn = seen->syn;
	if (seen->check != syn_check(name, ret_syn))
		__builtin_memset(ret_syn, 0, sizeof(*ret_syn));
}

#endif

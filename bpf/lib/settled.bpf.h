/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sockets of whose packets nothing more is wanted. What a socket keeps says so too, but lies three
 * lines of memory away which are never at hand when a packet comes: 100 ns, at each of a
 * connection's packets for as long as it lives. Its name lies with what every packet needs, and
 * this table in a few lines. A name that another one took the place of is looked up the long way.
 */
#ifndef YAGURA_LIB_SETTLED_BPF_H
#define YAGURA_LIB_SETTLED_BPF_H

#include "maps.bpf.h"

#define SETTLED_MAX 4096 /* a power of two */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SETTLED_MAX);
	__type(key, __u32);
	__type(value, __u64); /* a socket's cookie; 0 is none's */
} settled_sockets __weak SEC(".maps");

static __always_inline volatile __u64 *settled_entry(__u64 cookie)
{
	__u32 key = (__u32)cookie & (SETTLED_MAX - 1);

	return bpf_map_lookup_elem(&settled_sockets, &key);
}

static __always_inline bool is_settled(__u64 cookie)
{
	const volatile __u64 *entry = settled_entry(cookie);

	return entry && *entry == cookie;
}

static __always_inline void settled_add(__u64 cookie)
{
	volatile __u64 *entry = settled_entry(cookie);

	if (entry)
		*entry = cookie;
}

/* Another flow begins on this socket. */
static __always_inline void settled_remove(__u64 cookie)
{
	volatile __u64 *entry = settled_entry(cookie);

	if (entry && *entry == cookie)
		*entry = 0;
}

#endif

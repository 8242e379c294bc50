/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lengths and times of a flow's first segments or datagrams, as several CPUs add them. */
#ifndef YAGURA_LIB_SPLT_BPF_H
#define YAGURA_LIB_SPLT_BPF_H

#include "compat.bpf.h"
#include "splt.h"

/* One more, if there is room: who takes a number has its entry. */
static __always_inline void splt_note(struct splt *splt, bool is_from_source, __u32 bytes)
{
	__u32 entry = word_count(&splt->count);

	if (entry >= SPLT_LENGTHS)
		return;
	barrier_var(entry); /* up to 6.1 its bounds are lost: what is masked behind has them */
	splt_set(splt, entry, is_from_source, bytes, bpf_ktime_get_ns());
}

/* Into the record: a struct flow_splt. */
static __always_inline void splt_fill(struct flow_splt *to, const struct splt *from)
{
	__u32 count = from->count;

	to->count = (__u8)(count < FLOW_SPLT_MAX ? count : FLOW_SPLT_MAX);
	__builtin_memcpy(to->length, from->length, sizeof(to->length));
	__builtin_memcpy(to->gap, from->gap, sizeof(to->gap));
}

#endif

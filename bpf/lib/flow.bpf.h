/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The life of a flow, as its socket's storage has it. */
#ifndef YAGURA_LIB_FLOW_BPF_H
#define YAGURA_LIB_FLOW_BPF_H

#include "flow_admit.bpf.h"
#include "owner.bpf.h"
#include "settled.bpf.h"
#include "sock.bpf.h"

/* Its final record is still to come. */
static __always_inline bool flow_is_open(const struct flow_storage *flow)
{
	return flow->phase == FLOW_PHASE_OPEN || flow->phase == FLOW_PHASE_ESTABLISHED;
}

/* A new flow on this socket, its owner already set. A clone, or a socket used before, has old
 * values in every field. The phase comes last: other CPUs go by it. One that is not to be told of
 * is over before it began. */
static __always_inline void flow_begin(struct flow_storage *flow, const struct tcp_sock *tcp,
				       enum flow_phase phase, __u16 flags)
{
	flow->flags = flags;
	flow->part = 0;
	flow->error = 0;
	flow->arm_left = 0;
	flow->handshake_us = 0;
	flow->is_begun = 0;
	flow->shape = 0;
	__builtin_memset(&flow->look, 0, sizeof(flow->look));
	settled_remove((__u64)((const struct sock *)tcp)->__sk_common.skc_cookie.counter);
	flow->opened_ns = bpf_ktime_get_boot_ns();
	endpoints_fill(flow, (const struct sock *)tcp);
	if (!flow_is_admitted(flow, (const struct sock *)tcp))
		phase = FLOW_PHASE_DONE;
	*(volatile __u8 *)&flow->phase = (__u8)phase;
}

#endif

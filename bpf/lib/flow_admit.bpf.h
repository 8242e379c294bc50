/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whether a TCP flow that begins is told of. */
#ifndef YAGURA_LIB_FLOW_ADMIT_BPF_H
#define YAGURA_LIB_FLOW_ADMIT_BPF_H

#include "admit.bpf.h"

/* Who connects or listens now: an accepted socket takes it over with its listener's storage. On
 * 5.10 the current task is known by its address only, and no program filters by executable. */
static __always_inline void flow_note_executable(struct flow_storage *flow)
{
#ifndef YAGURA_OLD
	const struct live_config *live = flows_judged();

	flow->executable_verdict =
		live ? (__u8)executable_verdict(live, current_task()) : FILTER_NONE;
#endif
}

/* A function of its own, so that the facts do not lie on everybody's stack. */
static __noinline bool tcp_is_told(const struct live_config *live, const struct flow_storage *flow,
				   const struct sock *sk)
{
	struct flow_facts facts = {
		.local.prefix_bits = 128,
		.remote.prefix_bits = 128,
		.executable_verdict = flow->executable_verdict,
		.local_port = flow->local_port,
		.remote_port = flow->remote_port,
		.protocol = IPPROTO_TCP,
		.uid = sk->sk_uid.val,
	};

	if (bpf_core_field_exists(sk->sk_cgrp_data.cgroup))
		facts.cgroup_id = sk->sk_cgrp_data.cgroup->kn->id;
	__builtin_memcpy(facts.local.addr, flow->local_addr, 16);
	__builtin_memcpy(facts.remote.addr, flow->remote_addr, 16);
	return flow_is_told(live, &facts);
}

/* Asked once, with the ends of the flow in place. */
static __always_inline bool flow_is_admitted(const struct flow_storage *flow, const struct sock *sk)
{
	const struct live_config *live = flows_judged();

	return !live || tcp_is_told(live, flow, sk);
}

#endif

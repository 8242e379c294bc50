// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * TCP sockets that are older than the sensor, connections and listeners, told by two iterators when
 * the keeper asks. From then on the hooks of flow.bpf.c follow them like any other.
 */
#include "flow.bpf.h"
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline enum flow_phase phase_of(const struct sock *sk)
{
	switch (sk->__sk_common.skc_state) {
	case TCP_CLOSE:
	case TCP_TIME_WAIT:
		return FLOW_PHASE_NONE;
	case TCP_LISTEN:
		return FLOW_PHASE_LISTEN;
	case TCP_SYN_SENT:
		return FLOW_PHASE_OPEN;
	default:
		return FLOW_PHASE_ESTABLISHED;
	}
}

/*
 * Who began it? Sequence numbers tell: only the end that called connect() has counted its SYN as
 * acknowledged (that of the other was counted by the request it came from). What is acknowledged or
 * under way, less the payload that was sent, leaves 1 there, and 0 at the other end; a FIN counts
 * one, too. Anything else (Fast Open, a FIN not yet acknowledged) tells nothing.
 */
static __always_inline __u16 flow_flags_of(const struct tcp_sock *tcp)
{
	const struct sock *sk = (const struct sock *)tcp;
	__u8 state = sk->__sk_common.skc_state;
	__u64 known = tcp->bytes_acked + (tcp->snd_nxt - tcp->snd_una);
	__u64 payload = tcp->bytes_sent - tcp->bytes_retrans + (state == TCP_FIN_WAIT2);

	if (state == TCP_SYN_SENT)
		return STORAGE_PREEXISTING | STORAGE_EGRESS;
	if (state != TCP_ESTABLISHED && state != TCP_CLOSE_WAIT && state != TCP_FIN_WAIT2)
		return STORAGE_PREEXISTING;
	if (known == payload)
		return STORAGE_PREEXISTING | STORAGE_INGRESS;
	return known == payload + 1 ? STORAGE_PREEXISTING | STORAGE_EGRESS : STORAGE_PREEXISTING;
}

#define CGROUP_LEVELS_MAX 32

/* The hooks of flow.bpf.c see the sockets of one control group and those below it; iterators see
 * every socket there is. */
static __always_inline bool is_watched(const struct sock *sk)
{
	struct cgroup *group = sk->sk_cgrp_data.cgroup;
	int level;

	for (level = 0; group && level < CGROUP_LEVELS_MAX; level++) {
		struct cgroup_subsys_state *above;

		if (group->kn->id == probe_config.cgroup_id)
			return true;
		above = group->self.parent;
		group = above ? above->cgroup : NULL;
	}
	return false;
}

/* The storage of a socket that is older than us, made when there is none. NULL: nothing goes on
 * here, or the hooks know all about it. */
static __always_inline struct flow_storage *preexisting(struct tcp_sock *tcp)
{
	struct sock *sk = (struct sock *)tcp;
	enum flow_phase phase = phase_of(sk);
	struct flow_storage *flow;

	if (phase == FLOW_PHASE_NONE || !is_watched(sk))
		return NULL;
	flow = bpf_sk_storage_get(&flow_storage, tcp, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!flow) {
		counter_add(COUNTER_FLOW_UNTRACKED);
		return NULL;
	}
	if (flow->phase != FLOW_PHASE_NONE)
		return flow->flags & STORAGE_PREEXISTING ? flow : NULL;
	if (is_kernel_socket(tcp))
		flow->owner_quality = OWNER_KERNEL;
	bpf_get_socket_cookie(tcp);
	flow_begin(flow, tcp, phase, flow_flags_of(tcp));
	return flow;
}

/* Whatever a process holds, in any network namespace. */
SEC("iter/task_file")
int yagura_held(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct flow_storage *flow;
	struct socket *socket;
	struct tcp_sock *tcp;

	if (!task || !file)
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket || !socket->sk)
		return 0;
	tcp = bpf_skc_to_tcp_sock(socket->sk);
	if (!tcp)
		return 0;
	flow = preexisting(tcp);
	if (flow)
		owner_found(flow, task);
	return 0;
}

/* What nobody holds: closed but not over, not accepted yet, the kernel's own. Of one network
 * namespace, the one that the keeper is in when it asks. */
SEC("iter/tcp")
int yagura_unheld(struct bpf_iter__tcp *ctx)
{
	struct sock_common *common = ctx->sk_common;
	struct tcp_sock *tcp;

	if (!common)
		return 0;
	tcp = bpf_skc_to_tcp_sock(common);
	if (tcp)
		preexisting(tcp);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * TCP flows. Nothing runs per packet: sockops callbacks tell of the connection's life and are
 * switched on per socket for as long as they are needed; the kernel's own counters are read when it
 * is destroyed.
 *
 * Owner: connect() and listen() call back in the caller's context. An accepted socket starts as its
 * listener's (inherited); the process that makes its first segment, else the one that closes it, is
 * its caller.
 */
#include "admit.bpf.h"
#include "sock.bpf.h"
#include "task.bpf.h"
#include <bpf/bpf_tracing.h>

#ifdef YAGURA_OLD
/* Tracepoints have no socket storage: the change to TCP_CLOSE is told of instead of the socket's
 * destruction, at some 400 ns a connection more. */
#define FINAL_BY_STATE true
#define QUALITY_UNSEEN OWNER_UNKNOWN
#else
#define FINAL_BY_STATE false
#define QUALITY_UNSEEN OWNER_INHERITED /* of an accepted socket that nobody was seen using */
#endif

/* Whoever is at work here and now: a process, or the kernel on its own behalf. */
static __always_inline void owner_set_current(struct flow_storage *flow)
{
	struct task_struct *task = current_task();

	if (task_read(task, flags) & PF_KTHREAD) {
		__builtin_memset(&flow->owner, 0, sizeof(flow->owner));
		flow->owner_quality = OWNER_KERNEL;
	} else {
		key_fill(&flow->owner, task);
		flow->owner_quality = OWNER_CALLER;
	}
}

static __always_inline void callback_on(struct bpf_sock_ops *ops, struct flow_storage *flow,
					int callback, __u8 foreign)
{
	int flags = ops->bpf_sock_ops_cb_flags;

	if (flags & callback)
		flow->flags |= foreign;
	else
		bpf_sock_ops_cb_flags_set(ops, flags | callback);
}

static __always_inline void callback_off(struct bpf_sock_ops *ops, const struct flow_storage *flow,
					 int callback, __u8 foreign)
{
	if (!(flow->flags & foreign))
		bpf_sock_ops_cb_flags_set(ops, ops->bpf_sock_ops_cb_flags & ~callback);
}

/* By a program of its own, so that the facts do not lie on everybody's stack. */
static __noinline bool tcp_is_told(const struct live_config *live, const struct flow_storage *flow,
				   struct sock *sk, __u32 executable_verdict)
{
	struct flow_facts facts = {
		.local.prefix_bits = 128,
		.remote.prefix_bits = 128,
		.executable_verdict = executable_verdict,
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

/* A new flow on this socket. A clone, or a socket used before, has old values in every field. */
static __always_inline void flow_begin(struct bpf_sock_ops *ops, struct flow_storage *flow,
				       struct sock *sk, enum flow_phase phase)
{
	const struct live_config *live = flows_judged();
	__u32 verdict = FILTER_NONE;

	flow->phase = phase;
	flow->flags = 0;
	flow->part = 0;
	flow->handshake_us = 0;
	flow->opened_ns = bpf_ktime_get_boot_ns();
	flow->cookie = bpf_get_socket_cookie(ops);
	endpoints_fill(flow, sk);
	if (!live)
		return;
#ifndef YAGURA_OLD /* which knows the current task by its address only */
	if (phase == FLOW_PHASE_OPEN)
		verdict = executable_verdict(live, current_task());
#endif
	if (!tcp_is_told(live, flow, sk, verdict))
		flow->phase = FLOW_PHASE_DONE;
}

/* connect(): runs in the caller's context, addresses and ports are set, the SYN is about
 * to leave. */
static __always_inline void on_connect(struct bpf_sock_ops *ops, struct flow_storage *flow,
				       struct sock *sk)
{
	if (flow->phase == FLOW_PHASE_OPEN || flow->phase == FLOW_PHASE_ESTABLISHED)
		emit_flow_final(flow, NULL, 0); /* disconnected and reused: its counters are gone */
	__builtin_memset(&flow->listener, 0, sizeof(flow->listener));
	flow_begin(ops, flow, sk, FLOW_PHASE_OPEN);
	if (flow->phase == FLOW_PHASE_DONE)
		return;
	owner_set_current(flow);
	/* Only until it is established: to learn why an attempt failed while the socket still
	 * knows. */
	callback_on(ops, flow, BPF_SOCK_OPS_STATE_CB_FLAG, STORAGE_FOREIGN_STATE_CB);
}

static __always_inline void on_connected(struct bpf_sock_ops *ops, struct flow_storage *flow)
{
	if (flow->phase != FLOW_PHASE_OPEN)
		return;
	flow->phase = FLOW_PHASE_ESTABLISHED;
	flow->handshake_us = (__u32)((bpf_ktime_get_boot_ns() - flow->opened_ns) / 1000);
	if (!FINAL_BY_STATE)
		callback_off(ops, flow, BPF_SOCK_OPS_STATE_CB_FLAG, STORAGE_FOREIGN_STATE_CB);
}

/* The handshake of an incoming connection is complete: softirq, `current` is anybody. A socket that
 * called connect() comes here too, when both ends did at once, or when it met itself. */
static __always_inline void on_accepted(struct bpf_sock_ops *ops, struct flow_storage *flow,
					struct sock *sk)
{
	bool has_listener = flow->phase == FLOW_PHASE_LISTEN;

	if (flow->phase == FLOW_PHASE_OPEN) {
		on_connected(ops, flow);
		return;
	}
	flow->index = 0;
	flow_begin(ops, flow, sk, FLOW_PHASE_ESTABLISHED);
	if (FINAL_BY_STATE)
		callback_on(ops, flow, BPF_SOCK_OPS_STATE_CB_FLAG, STORAGE_FOREIGN_STATE_CB);
	flow->flags |= STORAGE_INGRESS;
	if (has_listener) {
		flow->listener = flow->owner;
		if (flow->owner_quality != OWNER_KERNEL)
			flow->owner_quality = QUALITY_UNSEEN;
		if (flow->owner_quality == OWNER_UNKNOWN)
			__builtin_memset(&flow->owner, 0, sizeof(flow->owner));
	} else {
		__builtin_memset(&flow->owner, 0, sizeof(flow->owner));
		__builtin_memset(&flow->listener, 0, sizeof(flow->listener));
		flow->owner_quality = OWNER_UNKNOWN;
	}
	flow->arm_left = (__u8)probe_config.arm_attempts_max;
	if (flow->phase == FLOW_PHASE_DONE)
		flow->arm_left = 0;
	if (flow->arm_left)
		callback_on(ops, flow, BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG, STORAGE_FOREIGN_HDR_CB);
}

/* A segment of an accepted socket is being made; when a user of the socket makes it, that is the
 * owner. We reserve no header room, so nothing changes on the wire. */
static __always_inline void on_segment(struct bpf_sock_ops *ops, struct flow_storage *flow,
				       const struct tcp_sock *tcp)
{
	/* A reset may be an administrator's, who ends other people's sockets (sock_diag). */
	bool seen = runs_for_user(tcp) && !(ops->skb_tcp_flags & TCP_FLAG_RST);

	if (!flow->arm_left)
		return;
	flow->arm_left--;
	if (seen)
		owner_set_current(flow);
	if (seen || !flow->arm_left) {
		flow->arm_left = 0;
		callback_off(ops, flow, BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG, STORAGE_FOREIGN_HDR_CB);
	}
}

static __always_inline void on_listen(struct flow_storage *flow)
{
	if (flow->phase == FLOW_PHASE_OPEN || flow->phase == FLOW_PHASE_ESTABLISHED)
		emit_flow_final(flow, NULL, 0);
	flow->phase = FLOW_PHASE_LISTEN;
	owner_set_current(flow);
}

static __always_inline void on_state(struct bpf_sock_ops *ops, struct flow_storage *flow,
				     struct tcp_sock *tcp)
{
	if (ops->args[1] != TCP_CLOSE)
		return;
	if (flow->phase == FLOW_PHASE_OPEN)
		emit_flow_final(flow, tcp, (__u32)((struct sock *)tcp)->sk_err);
	else if (FINAL_BY_STATE && flow->phase == FLOW_PHASE_ESTABLISHED)
		emit_flow_final(flow, tcp, 0);
}

static __always_inline bool begins_flow(__u32 op)
{
	return op == BPF_SOCK_OPS_TCP_CONNECT_CB || op == BPF_SOCK_OPS_TCP_LISTEN_CB ||
	       op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB;
}

SEC("sockops")
int yagura_sockops(struct bpf_sock_ops *ops)
{
	struct bpf_sock *bpf_sk = ops->sk;
	struct flow_storage *flow;
	struct tcp_sock *tcp;
	__u32 op = ops->op;

	if (!bpf_sk ||
	    (op != BPF_SOCK_OPS_TCP_CONNECT_CB && op != BPF_SOCK_OPS_TCP_LISTEN_CB &&
	     op != BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB && op != BPF_SOCK_OPS_STATE_CB &&
	     op != BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB && op != BPF_SOCK_OPS_HDR_OPT_LEN_CB))
		return 1;
	flow = bpf_sk_storage_get(&flow_storage, bpf_sk, NULL,
				  begins_flow(op) ? BPF_SK_STORAGE_GET_F_CREATE : 0);
	tcp = bpf_skc_to_tcp_sock(bpf_sk);
	if (!flow || !tcp) {
		if (begins_flow(op))
			counter_add(COUNTER_FLOW_UNTRACKED);
		return 1;
	}
	switch (op) {
	case BPF_SOCK_OPS_TCP_CONNECT_CB:
		on_connect(ops, flow, (struct sock *)tcp);
		break;
	case BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB:
		on_connected(ops, flow);
		break;
	case BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB:
		on_accepted(ops, flow, (struct sock *)tcp);
		break;
	case BPF_SOCK_OPS_TCP_LISTEN_CB:
		on_listen(flow);
		break;
	case BPF_SOCK_OPS_STATE_CB:
		on_state(ops, flow, tcp);
		break;
	case BPF_SOCK_OPS_HDR_OPT_LEN_CB:
		on_segment(ops, flow, tcp);
		break;
	}
	return 1;
}

/* The last close, in the closer's context: its last chance for a connection whose user never sent.
 * Kernel threads close what others let go of (descriptors in flight, collected as garbage); they
 * used nothing. */
SEC("cgroup/sock_release")
int yagura_release(struct bpf_sock *sk)
{
	struct flow_storage *flow = bpf_sk_storage_get(&flow_storage, sk, NULL, 0);

	if (flow && flow->phase == FLOW_PHASE_ESTABLISHED &&
	    (flow->owner_quality == OWNER_UNKNOWN || flow->owner_quality == OWNER_INHERITED) &&
	    !(task_read(current_task(), flags) & PF_KTHREAD))
		owner_set_current(flow);
	return 1;
}

#ifndef YAGURA_OLD
/*
 * close() with SO_LINGER 0 and connect(AF_UNSPEC) set the kernel's counters to zero before the
 * socket is destroyed; the RST they send is the last moment to read them. The state tells these
 * from resets that are sent on the way to somewhere else.
 */
SEC("tp_btf/tcp_send_reset")
int BPF_PROG(yagura_reset, struct sock *sk)
{
	struct flow_storage *flow;

	if (!sk || sk->__sk_common.skc_state != TCP_CLOSE)
		return 0;
	flow = bpf_sk_storage_get(&flow_storage, sk, NULL, 0);
	if (flow && flow->phase == FLOW_PHASE_ESTABLISHED)
		emit_flow_final(flow, bpf_skc_to_tcp_sock(sk), 0);
	return 0;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(yagura_destroy, struct sock *sk)
{
	struct flow_storage *flow = bpf_sk_storage_get(&flow_storage, sk, NULL, 0);

	if (flow && (flow->phase == FLOW_PHASE_OPEN || flow->phase == FLOW_PHASE_ESTABLISHED))
		emit_flow_final(flow, bpf_skc_to_tcp_sock(sk), 0);
	return 0;
}
#endif

/*
 * Is it time to tell of a flow that goes on? After each interval in which packets moved; an idle
 * one after the first, the fifth, then every sixtieth. Told from its age, so nothing needs to be
 * remembered.
 */
static __always_inline bool is_due(const struct flow_storage *flow, struct tcp_sock *tcp)
{
	__u64 interval_us = (__u64)probe_config.sweep_interval_ms * 1000;
	__u64 age_us = (bpf_ktime_get_boot_ns() - flow->opened_ns) / 1000;
	__u64 quiet_us = bpf_ktime_get_ns() / 1000 - tcp->tcp_mstamp;
	__u64 intervals;

	if (!interval_us)
		return false;
	intervals = age_us / interval_us;
	if (quiet_us < interval_us + interval_us / 8) /* sweeps are not exactly on time */
		return intervals > 0;
	return intervals == 1 || intervals == 5 || (intervals > 0 && intervals % 60 == 0);
}

/* Over every socket that has storage, in all network namespaces. A flow that ends at this very
 * moment may get an interim after its final record; the final one counts. */
SEC("iter/bpf_sk_storage_map")
int yagura_sweep(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct flow_storage *flow = ctx->value;
	struct sock *sk = ctx->sk;
	struct tcp_sock *tcp;

	if (!flow || !sk ||
	    (flow->phase != FLOW_PHASE_OPEN && flow->phase != FLOW_PHASE_ESTABLISHED))
		return 0;
	tcp = bpf_skc_to_tcp_sock(sk);
	if (tcp && is_due(flow, tcp))
		emit_flow_interim(flow, tcp);
	return 0;
}

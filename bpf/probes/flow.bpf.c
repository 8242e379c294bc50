// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * TCP flows. Nothing runs per packet: sockops callbacks tell of the connection's life and are
 * switched on per socket for as long as they are needed; the kernel's own counters are read when it
 * is destroyed.
 *
 * Owner: connect() and listen() call back in the caller's context. An accepted socket starts as its
 * listener's (inherited); the process that reads first or makes its first segment, else the one
 * that closes it, is its caller. When another one makes the first segment, the flow is shared.
 * For what was there before us, see preexisting.bpf.c.
 */
#include "flow_record.bpf.h"
#include "syn.bpf.h"
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#ifdef YAGURA_OLD
/* Tracepoints have no socket storage: the change to TCP_CLOSE is told of instead of the socket's
 * destruction, at some 400 ns a connection more. */
#define FINAL_BY_STATE true
#define QUALITY_UNSEEN OWNER_UNKNOWN
#else
#define FINAL_BY_STATE false
#define QUALITY_UNSEEN OWNER_INHERITED /* of an accepted socket that nobody was seen using */
#endif

/* How long a socket that has an owner is watched for another one: its first answer is what matters.
 */
#define SEGMENTS_OF_OWNED 16

static __always_inline void states_watch(struct bpf_sock_ops *ops)
{
	if (FINAL_BY_STATE)
		bpf_sock_ops_cb_flags_set(ops,
					  ops->bpf_sock_ops_cb_flags | BPF_SOCK_OPS_STATE_CB_FLAG);
}

/* connect(): runs in the caller's context, addresses and ports are set, the SYN is about
 * to leave. */
static __always_inline void on_connect(struct bpf_sock_ops *ops, struct flow_storage *flow,
				       struct tcp_sock *tcp)
{
	if (flow_is_open(flow))
		emit_flow_final(flow, tcp, false); /* disconnected and reused */
	__builtin_memset(&flow->listener, 0, sizeof(flow->listener));
	owner_set_current(flow, tcp);
	flow_note_executable(flow);
	bpf_get_socket_cookie(ops);
	flow_begin(flow, tcp, FLOW_PHASE_OPEN, STORAGE_EGRESS);
	states_watch(ops);
}

/* Have segments that this socket sends told, and reads looked at: until there is an owner, then
 * until one is made by a user. */
static __always_inline void segments_watch(struct bpf_sock_ops *ops, struct flow_storage *flow)
{
	int flags = ops->bpf_sock_ops_cb_flags;

	if (flow->owner_quality == OWNER_KERNEL)
		return;
	flow->arm_left =
		owner_is_open(flow) ? (__u8)probe_config.arm_attempts_max : SEGMENTS_OF_OWNED;
	if (flags & BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG)
		flow->flags |= STORAGE_FOREIGN_HDR_CB;
	else
		bpf_sock_ops_cb_flags_set(ops, flags | BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG);
}

static __always_inline void segments_ignore(struct bpf_sock_ops *ops, struct flow_storage *flow)
{
	flow->arm_left = 0;
	if (!(flow->flags & STORAGE_FOREIGN_HDR_CB))
		bpf_sock_ops_cb_flags_set(ops, ops->bpf_sock_ops_cb_flags &
						       ~BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG);
}

static __always_inline void user_seen(struct flow_storage *flow)
{
	owner_seen(flow, current_task());
	if (flow->arm_left > SEGMENTS_OF_OWNED)
		flow->arm_left = SEGMENTS_OF_OWNED;
}

static __always_inline void on_connected(struct bpf_sock_ops *ops, struct flow_storage *flow)
{
	if (flow->phase != FLOW_PHASE_OPEN)
		return;
	flow->phase = FLOW_PHASE_ESTABLISHED;
	if (!(flow->flags & STORAGE_PREEXISTING))
		flow->handshake_us = (__u32)((bpf_ktime_get_boot_ns() - flow->opened_ns) / 1000);
	segments_watch(ops, flow);
}

/* The SYN that began it met the listener, and waits, as does its answer. Nothing that the peer sent
 * has been taken yet, so its first sequence number is known. */
static __noinline void syn_note(struct flow_storage *flow, const struct tcp_sock *tcp)
{
	union {
		__u16 port[2];
		__u32 both;
	} ports = { .port = { flow->remote_port, flow->local_port } };
	__u32 first = tcp->rcv_nxt - (__u32)tcp->bytes_received;
	__u64 name;

	if (!(probe_config.looks_at_tcp & PROBE_LOOK_SYN))
		return;
	name = syn_name(flow->remote_addr, flow->local_addr, ports.both, first);
	syn_take(name, &flow->look.syn);
	syn_take(SYN_ANSWER ^ name, &flow->look.synack);
}

/* The handshake of an incoming connection is complete: softirq, `current` is anybody. A socket that
 * called connect() comes here too, when both ends did at once, or when it met itself. */
static __always_inline void on_accepted(struct bpf_sock_ops *ops, struct flow_storage *flow,
					struct tcp_sock *tcp)
{
	bool has_listener = flow->phase == FLOW_PHASE_LISTEN;

	if (flow->phase == FLOW_PHASE_OPEN) {
		on_connected(ops, flow);
		return;
	}
	flow->index = 0;
	if (has_listener) {
		flow->listener = flow->owner;
		if (flow->owner_quality != OWNER_KERNEL && flow->owner_quality != OWNER_UNKNOWN)
			flow->owner_quality = QUALITY_UNSEEN;
		if (flow->owner_quality == OWNER_UNKNOWN)
			owner_forget(flow, OWNER_UNKNOWN);
	} else {
		__builtin_memset(&flow->listener, 0, sizeof(flow->listener));
		owner_forget(flow, OWNER_UNKNOWN);
	}
	bpf_get_socket_cookie(ops);
	flow_begin(flow, tcp, FLOW_PHASE_ESTABLISHED, STORAGE_INGRESS);
	if (!flow_is_open(flow))
		return;
	syn_note(flow, tcp);
	states_watch(ops);
	segments_watch(ops, flow);
}

/* Also called without a segment, when send() asks how much fits into one. */
static __always_inline bool carries_data(const struct bpf_sock_ops *ops)
{
	return ops->args[0] == BPF_WRITE_HDR_TCP_CURRENT_MSS || ops->skb_len > 0;
}

/* A segment is being made, perhaps by a user of the socket. Data that a user sends ends the watch;
 * a bare acknowledgement does not: connect() makes the handshake's last one. We reserve no header
 * room, so nothing changes on the wire. */
static __always_inline void on_segment(struct bpf_sock_ops *ops, struct flow_storage *flow,
				       const struct tcp_sock *tcp)
{
	/* A reset may be an administrator's, who ends other people's sockets (sock_diag). */
	bool seen = runs_for_user(tcp) && !(ops->skb_tcp_flags & TCP_FLAG_RST);

	if (flow->arm_left) {
		flow->arm_left--;
		if (seen)
			user_seen(flow);
	}
	if ((seen && carries_data(ops)) || !flow->arm_left)
		segments_ignore(ops, flow);
}

static __always_inline void on_listen(struct flow_storage *flow, const struct tcp_sock *tcp)
{
	if (flow_is_open(flow))
		emit_flow_final(flow, tcp, false);
	flow->phase = FLOW_PHASE_LISTEN;
	owner_set_current(flow, tcp);
	flow_note_executable(flow);
}

/* A connection that is closed without an error before this end has sent a FIN is reset by it. */
static __always_inline void on_state(struct bpf_sock_ops *ops, struct flow_storage *flow,
				     const struct tcp_sock *tcp)
{
	__u32 before = ops->args[0];
	bool resets = (before == TCP_ESTABLISHED || before == TCP_CLOSE_WAIT) &&
		      !((const struct sock *)tcp)->sk_err;

	if (FINAL_BY_STATE && ops->args[1] == TCP_CLOSE && flow_is_open(flow))
		emit_flow_final(flow, tcp, resets);
}

#define OP(name) (1u << BPF_SOCK_OPS_##name)
#define OPS_BEGIN (OP(TCP_CONNECT_CB) | OP(TCP_LISTEN_CB) | OP(PASSIVE_ESTABLISHED_CB))
#define OPS_WANTED                                                                                 \
	(OPS_BEGIN | OP(ACTIVE_ESTABLISHED_CB) | OP(HDR_OPT_LEN_CB) |                              \
	 (FINAL_BY_STATE ? OP(STATE_CB) : 0))

SEC("sockops")
int yagura_sockops(struct bpf_sock_ops *ops)
{
	struct flow_storage *flow;
	struct bpf_sock *bpf_sk;
	struct tcp_sock *tcp;
	__u32 op = ops->op;
	bool begins = OPS_BEGIN >> (op & 31) & 1;

	if (op > 31 || !(OPS_WANTED >> op & 1))
		return 1;
	bpf_sk = ops->sk;
	if (!bpf_sk)
		return 1;
	flow = bpf_sk_storage_get(&flow_storage, bpf_sk, NULL,
				  begins ? BPF_SK_STORAGE_GET_F_CREATE : 0);
	tcp = bpf_skc_to_tcp_sock(bpf_sk);
	if (!flow || !tcp) {
		if (begins)
			counter_add(COUNTER_FLOW_UNTRACKED);
		return 1;
	}
	switch (op) {
	case BPF_SOCK_OPS_TCP_CONNECT_CB:
		on_connect(ops, flow, tcp);
		break;
	case BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB:
		on_connected(ops, flow);
		break;
	case BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB:
		on_accepted(ops, flow, tcp);
		break;
	case BPF_SOCK_OPS_TCP_LISTEN_CB:
		on_listen(flow, tcp);
		break;
	case BPF_SOCK_OPS_HDR_OPT_LEN_CB:
		on_segment(ops, flow, tcp);
		break;
	case BPF_SOCK_OPS_STATE_CB:
		on_state(ops, flow, tcp);
		break;
	}
	return 1;
}

SEC("cgroup/sock_release")
int yagura_release(struct bpf_sock *sk)
{
	struct flow_storage *flow = bpf_sk_storage_get(&flow_storage, sk, NULL, 0);

	if (!flow || flow->phase != FLOW_PHASE_ESTABLISHED)
		return 1;
	if (sk->state == TCP_CLOSE)
		flow->flags |= STORAGE_OVER;
	else
		flow->error = 0; /* it outlived that one (IP_RECVERR tells of passing ones) */
	flow->arm_left = 0; /* the FIN that follows is a segment of this close, nothing more */
	owner_at_close(flow);
	return 1;
}

#ifndef YAGURA_OLD
/* Something was read, spliced or peeked at. This runs at every read of the whole host: whether the
 * socket is watched is told by the kernel's own field, at once. */
SEC("tp_btf/tcp_rcv_space_adjust")
int BPF_PROG(yagura_read, struct sock *sk)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	struct flow_storage *flow;

	if (!tcp || !(tcp->bpf_sock_ops_cb_flags & BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG))
		return 0;
	flow = bpf_sk_storage_get(&flow_storage, tcp, NULL, 0);
	if (!flow || !flow->arm_left || !runs_for_user(tcp))
		return 0;
	user_seen(flow);
	return 0;
}

/* The user of a socket is told of an error: it was reset, gave up waiting, or cannot reach the
 * other end. Told late, when the user has taken the error already, sk_err is 0. */
SEC("tp_btf/inet_sk_error_report")
int BPF_PROG(yagura_error, struct sock *sk)
{
	struct flow_storage *flow = bpf_sk_storage_get(&flow_storage, sk, NULL, 0);
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	__u32 error = (__u32)sk->sk_err;

	if (!flow || !tcp)
		return 0;
	if (flow->phase == FLOW_PHASE_OPEN && (error || sk->__sk_common.skc_state == TCP_CLOSE))
		emit_flow_final(flow, tcp, false);
	else if (flow->phase == FLOW_PHASE_ESTABLISHED && error)
		flow->error = (__u16)error;
	return 0;
}

/*
 * close() with SO_LINGER 0 and connect(AF_UNSPEC) set the kernel's counters to zero before the
 * socket is destroyed; the RST they send is the last moment to read them. The state tells these
 * from resets that are sent on the way to somewhere else.
 */
SEC("tp_btf/tcp_send_reset")
int BPF_PROG(yagura_reset, struct sock *sk)
{
	struct flow_storage *flow;
	struct tcp_sock *tcp;

	if (!sk || sk->__sk_common.skc_state != TCP_CLOSE)
		return 0;
	flow = bpf_sk_storage_get(&flow_storage, sk, NULL, 0);
	tcp = bpf_skc_to_tcp_sock(sk);
	if (flow && tcp && flow->phase == FLOW_PHASE_ESTABLISHED)
		emit_flow_final(flow, tcp, true);
	return 0;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(yagura_destroy, struct sock *sk)
{
	struct flow_storage *flow = bpf_sk_storage_get(&flow_storage, sk, NULL, 0);
	struct tcp_sock *tcp;

	if (!flow || !flow_is_open(flow)) /* a listener, or not watched: most on many a host */
		return 0;
	tcp = bpf_skc_to_tcp_sock(sk);
	if (tcp)
		emit_flow_final(flow, tcp, false);
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

	if (!flow || !sk || !flow_is_open(flow))
		return 0;
	tcp = bpf_skc_to_tcp_sock(sk);
	if (tcp && is_due(flow, tcp))
		emit_flow_interim(flow, tcp);
	return 0;
}

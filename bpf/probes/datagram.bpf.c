// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Flows of everything but TCP: UDP, ICMP, raw sockets and the rest: who uses their sockets, and
 * when they end. Their packets are counted in packet.bpf.c.
 */
#include "datagram_sweep.bpf.h"
#include "packet.bpf.h"
#include <bpf/bpf_tracing.h>

/* A socket is made; never one of the kernel's own. */
SEC("cgroup/sock_create")
int yagura_datagram_create(struct bpf_sock *sk)
{
	struct datagram_socket *socket;

	if (is_tcp(sk->type, sk->protocol))
		return 1;
	socket = bpf_sk_storage_get(&datagram_sockets, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (socket)
		socket_created(socket);
	else
		counter_add(COUNTER_FLOW_UNTRACKED);
	return 1;
}

/* The caller of connect, sendto, recvfrom: a user of the socket. */
static __always_inline int on_call(struct bpf_sock_addr *call)
{
	struct datagram_socket *socket;

	if (!call->sk)
		return 1;
	socket = bpf_sk_storage_get(&datagram_sockets, call->sk, NULL, 0);
	if (socket)
		owner_called(socket);
	return 1;
}

/* It takes another peer: what was said with the one before is over. */
static __always_inline int on_connect(struct bpf_sock_addr *call, const __u8 remote_addr[16])
{
	const __u64 *to = (const __u64 *)remote_addr, *from;
	struct datagram_flow *flow;

	if (is_tcp(call->type, call->protocol) || !call->sk)
		return 1;
	flow = bpf_sk_storage_get(&datagram_first, call->sk, NULL, 0);
	if (flow && flow->life.phase != LIFE_FREE) {
		from = (const __u64 *)flow->remote_addr;
		if (from[0] != to[0] || from[1] != to[1] ||
		    flow->remote_port != (__u16)call->user_port)
			flow->flags |= DATAGRAM_LEFT;
	}
	return on_call(call);
}

SEC("cgroup/connect4")
int yagura_datagram_connect4(struct bpf_sock_addr *call)
{
	__u8 remote_addr[16];

	addr_from_ipv4(remote_addr, call->user_ip4);
	return on_connect(call, remote_addr);
}

SEC("cgroup/connect6")
int yagura_datagram_connect6(struct bpf_sock_addr *call)
{
	__u32 remote_addr[4] = { call->user_ip6[0], call->user_ip6[1], call->user_ip6[2],
				 call->user_ip6[3] };

	return on_connect(call, (const __u8 *)remote_addr);
}

SEC("cgroup/sendmsg4")
int yagura_datagram_send4(struct bpf_sock_addr *call)
{
	return on_call(call);
}

SEC("cgroup/sendmsg6")
int yagura_datagram_send6(struct bpf_sock_addr *call)
{
	return on_call(call);
}

SEC("cgroup/recvmsg4")
int yagura_datagram_receive4(struct bpf_sock_addr *call)
{
	return on_call(call);
}

SEC("cgroup/recvmsg6")
int yagura_datagram_receive6(struct bpf_sock_addr *call)
{
	return on_call(call);
}

/* The last close: nobody sends any more, and nobody will read what still arrives. */
SEC("cgroup/sock_release")
int yagura_datagram_release(struct bpf_sock *sk)
{
	struct datagram_socket *socket;
	struct datagram_flow *flow;

	if (is_tcp(sk->type, sk->protocol))
		return 1;
	socket = bpf_sk_storage_get(&datagram_sockets, sk, NULL, 0);
	if (!socket)
		return 1;
	owner_released(socket);
	socket->closed = 1;
	socket_changed(socket);
	flow = bpf_sk_storage_get(&datagram_first, sk, NULL, 0);
	if (flow && (life_change(&flow->life, LIFE_OPEN, LIFE_ENDING) ||
		     life_change(&flow->life, LIFE_CLOSING, LIFE_ENDING)))
		emit_datagram(flow, socket, ENDING_CLOSED);
	return 1;
}

#ifndef YAGURA_OLD
/* Over every file of every task: sockets older than the sensor. */
SEC("iter/task_file")
int yagura_datagram_held(struct bpf_iter__task_file *ctx)
{
	struct datagram_socket *known;
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct socket *socket;
	struct sock *sk;

	if (!task || !file)
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket || !socket->sk)
		return 0;
	sk = socket->sk;
	if ((sk->__sk_common.skc_family != AF_INET && sk->__sk_common.skc_family != AF_INET6) ||
	    is_tcp(sk->sk_type, sk->sk_protocol))
		return 0;
	known = bpf_sk_storage_get(&datagram_sockets, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (known && (!known->labelled || known->preexisting))
		socket_found(known, sk, task);
	return 0;
}

/* Over the flows in sockets' storage. */
SEC("iter/bpf_sk_storage_map")
int yagura_datagram_sweep(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct datagram_socket *socket;
	struct datagram_flow *flow;
	struct sock *sk = ctx->sk;

	if (!ctx->value || !sk)
		return 0;
	/* The same as ctx->value, which the verifier allows no compare-and-swap on. */
	flow = bpf_sk_storage_get(&datagram_first, sk, NULL, 0);
	socket = bpf_sk_storage_get(&datagram_sockets, sk, NULL, 0);
	if (flow && socket)
		sweep_first(flow, socket);
	return 0;
}
#endif

/* Over the table of all other flows. */
SEC("iter/bpf_map_elem")
int yagura_datagram_sweep_many(struct bpf_iter__bpf_map_elem *ctx)
{
	const struct datagram_key *at = ctx->key;
	struct datagram_flow *flow;
	struct datagram_key key;

	if (!at)
		return 0;
	key = *at;
	flow = bpf_map_lookup_elem(&datagram_flows, &key);
	if (flow)
		sweep_another(&key, flow);
	return 0;
}

SEC("iter/bpf_map_elem")
int yagura_datagram_sweep_other(struct bpf_iter__bpf_map_elem *ctx)
{
	const struct process_key *at = ctx->key;
	struct datagram_other *other;
	struct process_key owner;

	if (!at)
		return 0;
	owner = *at;
	other = bpf_map_lookup_elem(&datagram_others, &owner);
	if (other)
		sweep_other(&owner, other);
	return 0;
}

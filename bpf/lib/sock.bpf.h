/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What we read of a TCP socket. Plain loads only, no bpf_probe_read: a kernel in confidentiality
 * lockdown refuses that. */
#ifndef YAGURA_LIB_SOCK_BPF_H
#define YAGURA_LIB_SOCK_BPF_H

#include "compat.bpf.h"
#include "emit.bpf.h"
#include "ip.bpf.h"

/* Both ends, while the socket still has them: they are gone when it is destroyed. */
static __always_inline void endpoints_fill(struct flow_storage *flow, const struct sock *sk)
{
	const struct sock_common *common = &sk->__sk_common;

	flow->local_port = bpf_htons(common->skc_num);
	flow->remote_port = common->skc_dport;
	flow->flags &= ~STORAGE_IPV6;
	if (common->skc_family == AF_INET6) {
		addr_from_ipv6(flow->local_addr, &common->skc_v6_rcv_saddr);
		addr_from_ipv6(flow->remote_addr, &common->skc_v6_daddr);
		if (!addr_is_mapped(flow->remote_addr))
			flow->flags |= STORAGE_IPV6;
	} else {
		addr_from_ipv4(flow->local_addr, common->skc_rcv_saddr);
		addr_from_ipv4(flow->remote_addr, common->skc_daddr);
	}
}

/* SOCK_DONE: the peer's FIN has arrived. */
static __always_inline bool has_received_fin(const struct sock *sk)
{
	return sk->__sk_common.skc_flags >> bpf_core_enum_value(enum sock_flags, SOCK_DONE) & 1;
}

/*
 * The kernel has counted all along. bytes_sent and bytes_retrans are payload only (SYN and FIN left
 * out); bytes_received follows rcv_nxt and so includes the peer's FIN.
 */
static __always_inline void counters_fill(struct event_flow *event, const struct tcp_sock *tcp)
{
	__u64 fin = has_received_fin((const struct sock *)tcp);
	__u64 received = tcp->bytes_received;
	__u32 min_rtt_us = tcp->rtt_min.s[0].v;

	event->sent_bytes = tcp->bytes_sent - tcp->bytes_retrans;
	event->received_bytes = received > fin ? received - fin : 0;
	event->sent_packets = tcp->segs_out;
	event->received_packets = tcp->segs_in;
	event->sent_data_packets = tcp->data_segs_out;
	event->received_data_packets = tcp->data_segs_in;
	event->retransmits = tcp->total_retrans;
	event->srtt_us = tcp->srtt_us >> 3; /* kept times eight, Van Jacobson's way */
	event->min_rtt_us = min_rtt_us == ~0u ? 0 : min_rtt_us;
}

/* What the socket itself says for as long as it exists. */
static __always_inline void socket_fill(struct event_flow *event, const struct sock *sk)
{
	event->cookie = (__u64)sk->__sk_common.skc_cookie.counter;
	event->netns = sk->__sk_common.skc_net.net->ns.inum;
	event->uid = sk->sk_uid.val;
	if (bpf_core_field_exists(sk->sk_cgrp_data.cgroup))
		event->cgroup_id = sk->sk_cgrp_data.cgroup->kn->id;
}

#endif

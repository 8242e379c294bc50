/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What we keep of a socket and what we read of it at the end. */
#ifndef YAGURA_LIB_SOCK_BPF_H
#define YAGURA_LIB_SOCK_BPF_H

#include "compat.bpf.h"
#include "emit.bpf.h"
#include <bpf/bpf_endian.h>

/*
 * Does this program run on behalf of a user of the socket, so that `current` is that user? Whoever
 * works on a socket holds its lock. A task that does marks it as owned until it lets go; softirqs
 * and timers take the spinlock inside without marking it, and leave a socket that is owned alone
 * (net/core/sock.c, lock_sock and bh_lock_sock). So a callback that finds the lock owned was called
 * by its owner. Kernel threads that hold it (MPTCP's) work for somebody we do not know.
 */
static __always_inline bool runs_for_user(const struct tcp_sock *tcp)
{
	return ((const struct sock *)tcp)->sk_lock.owned &&
	       !(task_read(current_task(), flags) & PF_KTHREAD);
}

/* RFC 4291 2.5.5.2. */
static __always_inline void addr_from_ipv4(__u8 addr[16], __be32 ipv4)
{
	__u32 *word = (__u32 *)addr;

	word[0] = 0;
	word[1] = 0;
	word[2] = bpf_htonl(0xffff);
	word[3] = ipv4;
}

static __always_inline bool addr_is_mapped(const __u8 addr[16])
{
	const __u32 *word = (const __u32 *)addr;

	return word[0] == 0 && word[1] == 0 && word[2] == bpf_htonl(0xffff);
}

/* Both ends, while the socket still has them: they are gone when it is destroyed. */
static __always_inline void endpoints_fill(struct flow_storage *flow, struct sock *sk)
{
	struct sock_common *common = &sk->__sk_common;

	flow->local_port = bpf_htons(common->skc_num);
	flow->remote_port = common->skc_dport;
	flow->flags &= ~STORAGE_IPV6;
	if (common->skc_family == AF_INET6) {
		__builtin_memcpy(flow->local_addr, &common->skc_v6_rcv_saddr, 16);
		__builtin_memcpy(flow->remote_addr, &common->skc_v6_daddr, 16);
		if (!addr_is_mapped(flow->remote_addr))
			flow->flags |= STORAGE_IPV6;
	} else {
		addr_from_ipv4(flow->local_addr, common->skc_rcv_saddr);
		addr_from_ipv4(flow->remote_addr, common->skc_daddr);
	}
}

/*
 * The kernel has counted all along. bytes_sent and bytes_retrans are payload only (SYN and FIN left
 * out); bytes_received follows rcv_nxt and so includes the peer's FIN, whose arrival SOCK_DONE
 * tells.
 */
static __always_inline void counters_fill(struct event_flow *event, struct tcp_sock *tcp)
{
	struct sock *sk = (struct sock *)tcp;
	__u64 fin =
		sk->__sk_common.skc_flags >> bpf_core_enum_value(enum sock_flags, SOCK_DONE) & 1;
	__u64 received = tcp->bytes_received;

	event->sent_bytes = tcp->bytes_sent - tcp->bytes_retrans;
	event->received_bytes = received > fin ? received - fin : 0;
	event->sent_packets = tcp->segs_out;
	event->received_packets = tcp->segs_in;
	event->retransmits = tcp->total_retrans;
	event->srtt_us = tcp->srtt_us >> 3; /* kept times eight, Van Jacobson's way */
}

/* What the record of a flow says whether or not the kernel's counters can be read. */
static __always_inline void facts_fill(struct event_flow *event, const struct flow_storage *flow)
{
	__builtin_memset((__u8 *)event + sizeof(event->header), 0,
			 sizeof(*event) - sizeof(event->header));
	event->owner = flow->owner;
	event->listener = flow->listener;
	__builtin_memcpy(event->local_addr, flow->local_addr, 16);
	__builtin_memcpy(event->remote_addr, flow->remote_addr, 16);
	event->cookie = flow->cookie;
	event->opened_ns = flow->opened_ns;
	event->handshake_us = flow->handshake_us;
	event->index = flow->index;
	event->part = flow->part;
	event->local_port = flow->local_port;
	event->remote_port = flow->remote_port;
	event->direction = flow->flags & STORAGE_INGRESS ? FLOW_INGRESS : FLOW_EGRESS;
	event->owner_quality = flow->owner_quality;
	event->protocol = IPPROTO_TCP;
	event->count = 1;
	event->flags = flow->flags & STORAGE_IPV6 ? FLOW_IPV6 : 0;
}

/* A flow that goes on: everything so far, to be replaced by the next part. */
static __always_inline void emit_flow_interim(struct flow_storage *flow, struct tcp_sock *tcp)
{
	struct event_flow *event = event_reserve(&ring_bulk, EVENT_FLOW, struct event_flow);

	if (!event)
		return;
	facts_fill(event, flow);
	counters_fill(event, tcp);
	event->state = flow->phase == FLOW_PHASE_OPEN ? FLOW_STATE_OPEN : FLOW_STATE_ESTABLISHED;
	if (flow->part < 0xffff)
		flow->part++;
	event_submit(&ring_bulk, event);
}

/* The final record of the flow that `flow` describes; exactly one, by its phase. `tcp` may be NULL:
 * then the counters could not be read any more. Called from many places: a function of its own,
 * verified once a call instead of copied. */
static __noinline void emit_flow_final(struct flow_storage *flow, struct tcp_sock *tcp, __u32 error)
{
	bool failed = flow->phase == FLOW_PHASE_OPEN;
	__u16 index = flow->index++;
	struct event_flow *event;

	flow->phase = FLOW_PHASE_DONE;
	if (flow->owner_quality == OWNER_UNKNOWN)
		counter_add(COUNTER_FLOW_OWNER_UNKNOWN);
	event = event_reserve(&ring_bulk, EVENT_FLOW, struct event_flow);
	if (!event)
		return;
	facts_fill(event, flow);
	event->error = error;
	event->index = index;
	event->state = failed ? FLOW_STATE_FAILED : FLOW_STATE_CLOSED;
	event->flags |= FLOW_FINAL;
	if (tcp)
		counters_fill(event, tcp);
	/* An established connection has received something: the kernel has zeroed its counters. */
	if (!tcp || (!failed && event->received_packets == 0)) {
		event->flags |= FLOW_COUNTERS_RESET;
		counter_add(COUNTER_FLOW_COUNTERS_RESET);
	}
	event_submit(&ring_bulk, event);
}

#endif

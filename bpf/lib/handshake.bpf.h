/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a segment's headers say, and the first two of a connection. */
#ifndef YAGURA_LIB_HANDSHAKE_BPF_H
#define YAGURA_LIB_HANDSHAKE_BPF_H

#include "packet.bpf.h"
#include "syn.bpf.h"

#define TCP_FLAG_SYN 0x02
#define TCP_FLAG_ACK 0x10

/* What the socket counts, and what the packet's headers say. */
struct tcp_facts {
	__u64 known_bytes; /* of this direction: acknowledged to us, or received */
	__u32 next; /* sequence number of the byte after these */
	__u32 at; /* where the TCP header begins */
	__u32 payload_at;
	__u32 payload_bytes;
	__u32 offset; /* of the payload in its stream */
	__u32 seq; /* of the first payload byte */
	__u32 ports; /* as they lie in the header */
	__u32 acknowledged;
	__u16 window;
	__u16 flags; /* bytes 12 and 13 without the data offset */
	__u8 header_bytes;
	__u8 egress;
	__u8 is_first; /* of either direction, with payload */
	__u8 is_behind; /* the kernel has taken bytes that we have not seen */
};

static __always_inline void syn_fill_ip(struct __sk_buff *skb, struct flow_syn *syn)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	const struct ipv6_header *ipv6 = data;
	const struct iphdr *ipv4 = data;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		if ((void *)(ipv4 + 1) > end)
			return;
		syn->ip_version = 4;
		syn->ttl = ipv4->ttl;
		syn->ip_options_bytes = (__u16)(ipv4->ihl * 4 - sizeof(*ipv4));
		syn->bits = (ipv4->id ? 0 : SYN_ID_ZERO) |
			    (ipv4->frag_off & bpf_htons(0x4000) ? SYN_DONT_FRAGMENT : 0);
	} else if ((void *)(ipv6 + 1) <= end) {
		syn->ip_version = 6;
		syn->ttl = ipv6->hop_limit;
		syn->bits = ipv6->version_class_label & bpf_htonl(0xfffff) ? 0 : SYN_ID_ZERO;
	}
}

static __always_inline void syn_fill(struct __sk_buff *skb, const struct tcp_facts *facts,
				     struct flow_syn *syn)
{
	__u32 options = facts->header_bytes - 20u;

	syn_fill_ip(skb, syn);
	syn->window = facts->window;
	syn->flags = facts->flags;
	if (facts->payload_bytes)
		syn->bits |= SYN_PAYLOAD;
	if (facts->header_bytes <= 20 || options > SYN_OPTIONS_BYTES_MAX)
		return;
	if (bpf_skb_load_bytes(skb, facts->at + 20, syn->options, options) == 0)
		syn->options_bytes = (__u8)options;
}

/* A SYN meets the listener; its answer, which says what it acknowledges, leaves there. */
static __noinline void syn_waits(struct __sk_buff *skb, const struct tcp_facts *facts)
{
	struct packet packet = { .egress = facts->egress };
	struct flow_syn syn = { 0 };
	__u32 ports = facts->ports;
	__u64 name;

	syn_fill(skb, facts, &syn);
	if (!syn.ip_version || !parse_network(skb, &packet))
		return;
	if (facts->egress)
		name = SYN_ANSWER ^ syn_name(packet.key.remote_addr, packet.local_addr,
					     ports << 16 | ports >> 16, facts->acknowledged);
	else
		name = syn_name(packet.key.remote_addr, packet.local_addr, ports, facts->seq);
	syn_keep(name, &syn);
}

/* Of a connection that its own socket begins: the SYN leaves, the answer arrives. */
static __noinline void syn_passes(struct __sk_buff *skb, struct bpf_sock *sk,
				  const struct tcp_facts *facts)
{
	struct flow_storage *flow = bpf_sk_storage_get(&flow_storage, sk, NULL, 0);
	struct flow_syn *syn;

	if (!flow || flow->phase != FLOW_PHASE_OPEN)
		return;
	syn = facts->egress ? &flow->look.syn : &flow->look.synack;
	if (!syn->ip_version)
		syn_fill(skb, facts, syn);
}

static __always_inline void syn_seen_by(struct __sk_buff *skb, struct bpf_sock *sk,
					const struct tcp_facts *facts)
{
	bool is_answer = facts->flags & TCP_FLAG_ACK;

	if (sk->state == TCP_LISTEN && is_answer == facts->egress)
		syn_waits(skb, facts);
	else if (is_answer != facts->egress)
		syn_passes(skb, sk, facts);
}

#endif

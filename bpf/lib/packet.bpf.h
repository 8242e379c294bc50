/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a packet at a cgroup_skb hook says of its flow. There data begins at the network header,
 * fragments have been put together or not yet made, and len is that of the whole datagram, or of
 * the batch of datagrams that segmentation offload keeps in one buffer under one header.
 */
#ifndef YAGURA_LIB_PACKET_BPF_H
#define YAGURA_LIB_PACKET_BPF_H

#include "datagram_maps.bpf.h"
#include "ip.bpf.h"

struct packet {
	struct datagram_key key;
	__u8 local_addr[16];
	__u32 payload_bytes; /* of UDP and ICMP without their header, else of the IP packet */
	__u32 payload_at; /* where these begin */
	__u32 datagrams; /* on the wire */
	__u32 ticks; /* when */
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 egress;
	__u8 ipv6;
};

static __always_inline bool is_tcp(__u32 type, __u32 protocol)
{
	return type == SOCK_STREAM && protocol == IPPROTO_TCP;
}

/* Finds the protocol behind the extension headers; returns where it starts. */
static __always_inline __u32 skip_extensions(struct __sk_buff *skb, __u8 *protocol)
{
	__u32 offset = sizeof(struct ipv6_header);
	__u8 head[2];
	int i;

	for (i = 0; i < IPV6_EXTENSIONS_MAX && is_extension(*protocol); i++) {
		if (bpf_skb_load_bytes(skb, offset, head, sizeof(head)))
			break;
		offset += extension_bytes(*protocol, head[1]);
		*protocol = head[0];
	}
	return offset;
}

/* Addresses and protocol; returns where the transport header starts, 0 for what is no IP packet. */
static __always_inline __u32 parse_network(struct __sk_buff *skb, struct packet *packet)
{
	__u8 *local = packet->local_addr, *remote = packet->key.remote_addr;
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	const struct ipv6_header *ipv6 = data;
	const struct iphdr *ipv4 = data;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		if ((void *)(ipv4 + 1) > end)
			return 0;
		addr_from_ipv4(local, packet->egress ? ipv4->saddr : ipv4->daddr);
		addr_from_ipv4(remote, packet->egress ? ipv4->daddr : ipv4->saddr);
		packet->key.protocol = ipv4->protocol;
		return (__u32)ipv4->ihl * 4;
	}
	if (skb->protocol != bpf_htons(ETH_P_IPV6) || (void *)(ipv6 + 1) > end)
		return 0;
	__builtin_memcpy(local, packet->egress ? ipv6->source : ipv6->destination, 16);
	__builtin_memcpy(remote, packet->egress ? ipv6->destination : ipv6->source, 16);
	packet->ipv6 = 1;
	packet->key.protocol = ipv6->next_header;
	return skip_extensions(skb, &packet->key.protocol);
}

static __always_inline __u32 header_bytes(__u8 protocol)
{
	return protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE || protocol == IPPROTO_ICMP ||
			       protocol == IPPROTO_ICMPV6
		       ? 8
		       : 0;
}

/* A header cut short, as raw sockets may send it, leaves ports and ICMP type zero. */
static __always_inline void parse_transport(struct __sk_buff *skb, struct packet *packet,
					    __u32 offset)
{
	__u32 header = offset + header_bytes(packet->key.protocol);
	__u16 ports[2] = { 0, 0 };
	__u8 *icmp = (__u8 *)ports;

	packet->payload_bytes = skb->len > header ? skb->len - header : 0;
	packet->payload_at = header;
	packet->datagrams = skb->gso_segs ? skb->gso_segs : 1;
	if (bpf_skb_load_bytes(skb, offset, ports, sizeof(ports)))
		return;
	if (has_ports(packet->key.protocol)) {
		packet->key.local_port = packet->egress ? ports[0] : ports[1];
		packet->key.remote_port = packet->egress ? ports[1] : ports[0];
	} else if (packet->key.protocol == IPPROTO_ICMP || packet->key.protocol == IPPROTO_ICMPV6) {
		packet->icmp_type = icmp[0];
		packet->icmp_code = icmp[1];
	}
}

/* `packet` is all zero but for egress. */
static __always_inline bool packet_parse(struct __sk_buff *skb, struct packet *packet)
{
	__u32 offset = parse_network(skb, packet);

	if (offset)
		parse_transport(skb, packet, offset);
	return offset;
}

#endif

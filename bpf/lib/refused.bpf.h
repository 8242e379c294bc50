/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Attempts at ports where nobody listens: the kernel frees such a packet with a reason of its own.
 * There is no socket, and a scan has as many packets as ports; so they are summed up by source. A
 * source that finds no room is counted in the entry of nobody.
 *
 * Filters by address and port are asked about each attempt: one source has many ports. There is no
 * budget: an attempt has no control group, and however many there are, the table bounds the
 * records, to its size in each idle time.
 */
#ifndef YAGURA_LIB_REFUSED_BPF_H
#define YAGURA_LIB_REFUSED_BPF_H

#include "filter.bpf.h"
#include "ip.bpf.h"
#include "life.bpf.h"

#define REFUSED_SOURCES_MAX 4096

struct refused_key {
	__u8 remote_addr[16];
	__u8 local_addr[16];
	__u32 netns;
	__u8 protocol;
	__u8 ipv6;
	__u8 reserved[2]; /* zero */
};

struct refused {
	struct life life;
	__u64 cookie;
	__u64 ports_seen; /* a bit a hash value */
	__u64 count;
	__u16 local_port; /* of the first */
	__u16 remote_port;
	__u32 reserved; /* zero */
};

/* The key of all zero, made by the keeper and never ended, takes what finds no room. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, REFUSED_SOURCES_MAX);
	__type(key, struct refused_key);
	__type(value, struct refused);
} refused_sources __weak SEC(".maps");

/* Reads of the packet's linear part and nothing beyond it. */
static __always_inline bool packet_read(struct sk_buff *skb, void *to, __u32 offset, __u32 size)
{
	return offset + size <= skb->tail &&
	       bpf_probe_read_kernel(to, size, skb->head + offset) == 0;
}

static __always_inline bool refused_ipv4(struct sk_buff *skb, struct refused_key *key)
{
	struct iphdr ip;

	if (!packet_read(skb, &ip, skb->network_header, sizeof(ip)))
		return false;
	addr_from_ipv4(key->remote_addr, ip.saddr);
	addr_from_ipv4(key->local_addr, ip.daddr);
	key->protocol = ip.protocol;
	return true;
}

static __always_inline bool refused_ipv6(struct sk_buff *skb, struct refused_key *key)
{
	__u32 offset = skb->network_header + sizeof(struct ipv6_header);
	struct ipv6_header ip;
	__u8 head[2];
	int i;

	if (!packet_read(skb, &ip, skb->network_header, sizeof(ip)))
		return false;
	__builtin_memcpy(key->remote_addr, ip.source, 16);
	__builtin_memcpy(key->local_addr, ip.destination, 16);
	key->ipv6 = 1;
	key->protocol = ip.next_header;
	for (i = 0; i < IPV6_EXTENSIONS_MAX && is_extension(key->protocol); i++) {
		if (!packet_read(skb, head, offset, sizeof(head)))
			return false;
		offset += extension_bytes(key->protocol, head[1]);
		key->protocol = head[0];
	}
	return true;
}

/* An attempt: whose, and from which port to which (ports[0], ports[1]). */
static __always_inline bool refused_parse(struct sk_buff *skb, struct refused_key *key,
					  __u16 ports[2])
{
	struct net_device *dev = skb->dev;

	if (dev)
		key->netns = dev->nd_net.net->ns.inum;
	if (skb->protocol == bpf_htons(ETH_P_IP) && !refused_ipv4(skb, key))
		return false;
	if (skb->protocol == bpf_htons(ETH_P_IPV6) && !refused_ipv6(skb, key))
		return false;
	return (key->protocol == IPPROTO_TCP || key->protocol == IPPROTO_UDP ||
		key->protocol == IPPROTO_UDPLITE) &&
	       packet_read(skb, ports, skb->transport_header, 4);
}

static __always_inline void refused_count(struct refused *refused, __u16 port)
{
	__u64 bit = 1ull << ((__u32)port * 0x9e3779b9u >> 26); /* 2^32 / golden ratio */

	__sync_fetch_and_add(&refused->count, 1);
	__sync_fetch_and_or(&refused->ports_seen, bit);
	life_go_on(&refused->life, sweep_ticks());
}

/* A source's first attempt; or the entry of nobody. */
static __noinline struct refused *refused_begin(const struct refused_key *key, const __u16 ports[2])
{
	const struct refused_key nobody = { 0 };
	struct refused fresh = { .life.phase = LIFE_OPEN }, *refused;

	fresh.life.opened_ns = bpf_ktime_get_boot_ns();
	fresh.cookie = made_up_cookie(fresh.life.opened_ns);
	fresh.life.latest = sweep_ticks();
	fresh.remote_port = ports[0];
	fresh.local_port = ports[1];
	bpf_map_update_elem(&refused_sources, key, &fresh, BPF_NOEXIST);
	refused = bpf_map_lookup_elem(&refused_sources, key);
	if (refused && refused->life.phase != LIFE_ENDING)
		return refused;
	refused = bpf_map_lookup_elem(&refused_sources, &nobody);
	if (refused && refused->life.phase == LIFE_FREE) {
		refused->life.opened_ns = fresh.life.opened_ns;
		refused->cookie = fresh.cookie;
		life_change(&refused->life, LIFE_FREE, LIFE_OPEN);
	}
	return refused;
}

#define NO_UID 4294967295u /* no rule can name it */

static __noinline bool refused_is_filtered(const struct refused_key *key, const __u16 ports[2])
{
	const struct live_config *live = live_get();
	struct flow_facts facts = {
		.local.prefix_bits = 128,
		.remote.prefix_bits = 128,
		.uid = NO_UID,
	};

	if (!live || !key || !ports || (!live->filters && live->filter_default != FILTER_DROP))
		return false;
	__builtin_memcpy(facts.local.addr, key->local_addr, 16);
	__builtin_memcpy(facts.remote.addr, key->remote_addr, 16);
	facts.remote_port = ports[0];
	facts.local_port = ports[1];
	facts.protocol = key->protocol;
	return flow_is_filtered(live, &facts);
}

static __always_inline void refused_packet(struct sk_buff *skb)
{
	struct refused_key key = { 0 };
	struct refused *refused;
	__u16 ports[2];

	if (!refused_parse(skb, &key, ports))
		return;
	if (refused_is_filtered(&key, ports)) {
		counter_add(COUNTER_FILTERED_FLOW);
		return;
	}
	refused = bpf_map_lookup_elem(&refused_sources, &key);
	if (!refused || refused->life.phase == LIFE_ENDING)
		refused = refused_begin(&key, ports);
	if (refused)
		refused_count(refused, ports[1]);
}

/*
 * How many different ports, told from how many of 64 hash values they had: linear counting,
 * n = -64 ln(unset / 64). All 64 set means some 300 or more. The size is a power of two for the
 * verifier, which sees a mask but not an arithmetic bound (6.18, clang 14).
 */
#define PORTS_ESTIMATE_SIZE 128
static const __u16 ports_estimate[PORTS_ESTIMATE_SIZE] = {
	0,   1,	  2,   3,   4,	 5,   6,   7,	9,   10,  11,  12,  13,	 15,  16, 17, 19,
	20,  21,  23,  24,  26,	 27,  29,  30,	32,  33,  35,  37,  39,	 41,  42, 44, 46,
	49,  51,  53,  55,  58,	 60,  63,  65,	68,  71,  74,  78,  81,	 85,  89, 93, 97,
	102, 107, 113, 119, 125, 133, 142, 151, 163, 177, 196, 222, 266, 300,
};

static __always_inline __u32 bits_set(__u64 bits)
{
	bits -= bits >> 1 & 0x5555555555555555;
	bits = (bits & 0x3333333333333333) + (bits >> 2 & 0x3333333333333333);
	bits = (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return (__u32)(bits * 0x0101010101010101 >> 56);
}

static __noinline void emit_refused(const struct refused_key *key, struct refused *refused,
				    bool final)
{
	__u32 bits = bits_set(refused->ports_seen);
	struct event_flow *event;

	barrier_var(bits); /* or clang leaves the mask out that the verifier wants below */
	event = event_reserve(&ring_bulk, EVENT_FLOW, struct event_flow);
	if (!event)
		return;
	__builtin_memset((__u8 *)event + sizeof(event->header), 0,
			 sizeof(*event) - sizeof(event->header));
	__builtin_memcpy(event->local_addr, key->local_addr, 16);
	__builtin_memcpy(event->remote_addr, key->remote_addr, 16);
	event->cookie = refused->cookie;
	event->opened_ns = refused->life.opened_ns;
	event->received_packets = refused->count;
	event->count = refused->count > 0xffffffff ? 0xffffffff : (__u32)refused->count;
	event->ports = ports_estimate[bits & (PORTS_ESTIMATE_SIZE - 1)];
	event->netns = key->netns;
	event->local_port = refused->local_port;
	event->remote_port = refused->remote_port;
	event->protocol = key->protocol;
	event->part = refused->life.part;
	event->direction = FLOW_INGRESS;
	event->state = FLOW_STATE_REFUSED;
	event->ending = final ? ENDING_IDLE : ENDING_UNKNOWN;
	event->flags = (key->ipv6 ? FLOW_IPV6 : 0) | (final ? FLOW_FINAL : 0) |
		       (key->protocol ? 0 : FLOW_FOLDED);
	if (!final && refused->life.part < 0xffff)
		refused->life.part++;
	event_submit(&ring_bulk, event);
}

/* The entry of nobody goes on for ever. */
static __always_inline void refused_sweep(const struct refused_key *key, struct refused *refused)
{
	__u32 idle_ms = key->protocol ? probe_config.refused_idle_ms : 0;

	switch (life_judge(&refused->life, false, idle_ms)) {
	case LIFE_LEAVE:
		break;
	case LIFE_TELL:
		emit_refused(key, refused, false);
		break;
	case LIFE_END:
		emit_refused(key, refused, true);
		bpf_map_delete_elem(&refused_sources, key);
		break;
	}
}

#endif

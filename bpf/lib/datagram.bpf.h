/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Finds the flow of a packet, begins it, counts in it; or counts in a bucket when there is no
 * room. */
#ifndef YAGURA_LIB_DATAGRAM_BPF_H
#define YAGURA_LIB_DATAGRAM_BPF_H

#include "datagram_owner.bpf.h"
#include "packet.bpf.h"

static __always_inline void flow_count(struct datagram_flow *flow, const struct packet *packet)
{
	if (packet->egress) {
		__sync_fetch_and_add(&flow->sent_bytes, packet->payload_bytes);
		__sync_fetch_and_add(&flow->sent_packets, packet->datagrams);
	} else {
		__sync_fetch_and_add(&flow->received_bytes, packet->payload_bytes);
		__sync_fetch_and_add(&flow->received_packets, packet->datagrams);
	}
	life_go_on(&flow->life, packet->ticks);
}

/* The socket's own port is looked at too: disconnected and connected again, it has another. */
static __always_inline bool is_of_flow(const struct packet *packet,
				       const struct datagram_flow *flow)
{
	const struct datagram_key *key = &packet->key;
	const __u64 *a = (const __u64 *)flow->remote_addr, *b = (const __u64 *)key->remote_addr;

	return a[0] == b[0] && a[1] == b[1] && flow->remote_port == key->remote_port &&
	       flow->local_port == packet->key.local_port && flow->protocol == key->protocol;
}

/* A flow that this packet is the first of; phase, index and counters are not touched. */
static __always_inline void flow_describe(struct datagram_flow *flow, const struct packet *packet)
{
	flow->life.opened_ns = bpf_ktime_get_boot_ns();
	flow->life.latest = packet->ticks;
	flow->life.part = 0;
	flow->life.told = 0;
	__builtin_memcpy(flow->local_addr, packet->local_addr, 16);
	__builtin_memcpy(flow->remote_addr, packet->key.remote_addr, 16);
	flow->local_port = packet->key.local_port;
	flow->remote_port = packet->key.remote_port;
	flow->protocol = packet->key.protocol;
	flow->flags = (packet->egress ? 0 : DATAGRAM_INGRESS) | (packet->ipv6 ? DATAGRAM_IPV6 : 0);
	flow->icmp_type = packet->icmp_type;
	flow->icmp_code = packet->icmp_code;
	__builtin_memset(&flow->look, 0, sizeof(flow->look));
	__builtin_memset(&flow->splt, 0, sizeof(flow->splt));
	flow->pieces = 0;
}

static __noinline bool datagram_is_told(const struct live_config *live,
					const struct datagram_socket *socket,
					const struct packet *packet)
{
	struct flow_facts facts = {
		.cgroup_id = socket->cgroup_id,
		.local.prefix_bits = 128,
		.remote.prefix_bits = 128,
		.uid = socket->uid,
		.executable_verdict = socket->executable_verdict,
		.local_port = packet->key.local_port,
		.remote_port = packet->key.remote_port,
		.protocol = packet->key.protocol,
	};

	__builtin_memcpy(facts.local.addr, packet->local_addr, 16);
	__builtin_memcpy(facts.remote.addr, packet->key.remote_addr, 16);
	return flow_is_told(live, &facts);
}

/* Asked once; what is left out lives on unseen, so that its next packet does not begin it again. */
static __always_inline bool is_flow_left_out(const struct datagram_socket *socket,
					     const struct packet *packet)
{
	const struct live_config *live = flows_judged();

	return live && !datagram_is_told(live, socket, packet);
}

/* In the socket's own storage, when no other flow is there. On 5.10 the sweep would find the flow
 * there, but not whose it is: all are in the table. */
static __always_inline bool begin_first(struct bpf_sock *sk, struct datagram_socket *socket,
					const struct packet *packet, bool is_left_out)
{
#ifdef YAGURA_OLD
	return false;
#else
	struct datagram_flow *flow =
		bpf_sk_storage_get(&datagram_first, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);

	if (!flow || !life_change(&flow->life, LIFE_FREE, LIFE_CLAIMED))
		return false;
	flow->life.index = word_count(&socket->index);
	flow->sent_bytes = flow->received_bytes = 0;
	flow->sent_packets = flow->received_packets = 0;
	flow_describe(flow, packet);
	if (is_left_out)
		flow->flags |= DATAGRAM_UNTOLD;
	flow_count(flow, packet);
	life_hand_on(&flow->life, LIFE_OPEN);
	return true;
#endif
}

/* The entry through which the sweep knows the socket of a flow, with one flow more. */
static __noinline struct datagram_many *many_claim(struct datagram_socket *socket)
{
	struct datagram_many fresh = { .socket = *socket };
	__u64 cookie = socket->cookie;
	struct datagram_many *many;

	socket->many = 1;
	many = bpf_map_lookup_elem(&datagram_many, &cookie);
	if (!many) {
		bpf_map_update_elem(&datagram_many, &cookie, &fresh, BPF_NOEXIST);
		many = bpf_map_lookup_elem(&datagram_many, &cookie);
		if (!many)
			return NULL;
	}
	__sync_fetch_and_add(&many->flows, 1);
	many->socket.closed = socket->closed;
	return many;
}

/* Nobody's yet: others count in it, but the sweep leaves it alone. */
static const struct datagram_flow no_flow = { .life.phase = LIFE_CLAIMED };

/* In the table. Another CPU may do the same at this moment: then its flow is found and used. It is
 * filled in there, as a flow takes half of the stack. */
static __noinline bool begin_another(struct datagram_socket *socket, const struct packet *packet,
				     bool is_left_out)
{
	struct datagram_many *many = many_claim(socket);
	struct datagram_flow *flow;
	bool is_ours;

	if (!many)
		return false;
	is_ours = bpf_map_update_elem(&datagram_flows, &packet->key, &no_flow, BPF_NOEXIST) == 0;
	if (!is_ours)
		word_count_down(&many->flows);
	flow = bpf_map_lookup_elem(&datagram_flows, &packet->key);
	if (!flow || (flow->life.phase != LIFE_CLAIMED && !life_is_counting(&flow->life)))
		return is_left_out; /* no room, and none needed */
	if (is_ours) {
		flow->life.index = word_count(&socket->index);
		flow_describe(flow, packet);
		if (is_left_out)
			flow->flags |= DATAGRAM_UNTOLD;
	}
	flow_count(flow, packet);
	if (is_ours)
		life_hand_on(&flow->life, LIFE_OPEN);
	return true;
}

/* A value below 1,024 for each flow. */
static __always_inline __u32 fold_hash(const struct datagram_key *key)
{
	const __u64 *addr = (const __u64 *)key->remote_addr;
	__u64 mixed = key->cookie * 0x9e3779b97f4a7c15; /* 2^64 / golden ratio (Knuth 6.4) */

	mixed = (mixed ^ mixed >> 32 ^ addr[0]) * 0x9e3779b97f4a7c15;
	mixed = (mixed ^ mixed >> 32 ^ addr[1]) * 0x9e3779b97f4a7c15;
	mixed = (mixed ^ mixed >> 32 ^ key->remote_port ^ (__u64)key->local_port << 16) *
		0x9e3779b97f4a7c15;
	return (__u32)(mixed >> 54);
}

static const struct datagram_other no_other;

static __always_inline struct datagram_other *other_of(const struct datagram_socket *socket)
{
	struct process_key owner = socket->owner, nobody = { 0 };
	struct datagram_other *other = bpf_map_lookup_elem(&datagram_others, &owner);

	if (!other) {
		bpf_map_update_elem(&datagram_others, &owner, &no_other, BPF_NOEXIST);
		other = bpf_map_lookup_elem(&datagram_others, &owner);
	}
	if (other && other->flow.life.phase != LIFE_ENDING)
		return other;
	return bpf_map_lookup_elem(&datagram_others, &nobody);
}

/* No room for a flow of its own: into the sums of its process. */
static __noinline void fold(const struct datagram_socket *socket, const struct packet *packet)
{
	struct datagram_other *other = other_of(socket);
	__u32 hash = fold_hash(&packet->key);
	__u32 bit = 1u << (hash & 31);

	if (!other)
		return;
	if (life_change(&other->flow.life, LIFE_FREE, LIFE_CLAIMED)) {
		other->flow.life.opened_ns = bpf_ktime_get_boot_ns();
		other->flow.protocol = packet->key.protocol;
		other->flow.flags = packet->egress ? 0 : DATAGRAM_INGRESS;
		other->socket = *socket;
		other->socket.cookie = made_up_cookie(other->flow.life.opened_ns);
		life_hand_on(&other->flow.life, LIFE_OPEN);
	}
	flow_count(&other->flow, packet);
	if (word_add_bit(&other->seen[hash >> 5 & (DATAGRAM_OTHER_WORDS - 1)], bit)) {
		__sync_fetch_and_add(&other->count, 1);
		counter_add(COUNTER_FLOW_FOLDED);
	}
}

/* The one place where a flow of datagrams begins. */
static __noinline void flow_begin(struct bpf_sock *sk, struct datagram_socket *socket,
				  const struct packet *packet)
{
	bool is_left_out = is_flow_left_out(socket, packet);

	if (!begin_first(sk, socket, packet, is_left_out) &&
	    !begin_another(socket, packet, is_left_out))
		fold(socket, packet);
}

/*
 * What we know of a socket; made here for those older than the sensor and the kernel's own. Raw
 * ones among these are the kernel's control sockets, by which it sends resets and ICMP: no flows of
 * anybody. An iterator has labelled all that are a process's.
 */
static __always_inline struct datagram_socket *socket_of(struct bpf_sock *sk)
{
	struct datagram_socket *socket = bpf_sk_storage_get(&datagram_sockets, sk, NULL, 0);

	if (socket || sk->type == SOCK_RAW)
		return socket;
	socket = bpf_sk_storage_get(&datagram_sockets, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (socket)
		socket->preexisting = 1;
	else
		counter_add(COUNTER_FLOW_UNTRACKED);
	return socket;
}

/* Not the socket's first flow, or not yet known. */
static __noinline void count_elsewhere(struct __sk_buff *skb, struct bpf_sock *sk,
				       struct packet *packet)
{
	struct datagram_socket *socket = socket_of(sk);
	struct datagram_flow *flow = NULL;

	if (!socket || socket->closed)
		return;
	if (!socket->cookie)
		socket->cookie = bpf_get_socket_cookie(skb);
	packet->key.cookie = socket->cookie;
	if (socket->many)
		flow = bpf_map_lookup_elem(&datagram_flows, &packet->key);
	if (packet->egress && (!flow || !flow->sent_packets))
		owner_sent(socket);
	if (flow && life_is_counting(&flow->life))
		flow_count(flow, packet);
	else
		flow_begin(sk, socket, packet);
}

/* The flow in which a packet was counted, or NULL. */
static __always_inline struct datagram_flow *flow_of(struct bpf_sock *sk,
						     const struct packet *packet)
{
	struct datagram_flow *flow = bpf_sk_storage_get(&datagram_first, sk, NULL, 0);

	if (!flow || !is_of_flow(packet, flow))
		flow = bpf_map_lookup_elem(&datagram_flows, &packet->key);
	return flow && life_is_counting(&flow->life) ? flow : NULL;
}

/* For probes/packet.bpf.c; unused where flows only end. */
__attribute__((unused)) static __noinline void
datagram_packet(struct __sk_buff *skb, struct bpf_sock *sk, struct packet *packet)
{
	struct datagram_flow *flow = bpf_sk_storage_get(&datagram_first, sk, NULL, 0);
	struct datagram_socket *socket;

	if (!flow || !life_is_counting(&flow->life) || !is_of_flow(packet, flow)) {
		count_elsewhere(skb, sk, packet);
		return;
	}
	if (packet->egress && !flow->sent_packets) {
		socket = bpf_sk_storage_get(&datagram_sockets, sk, NULL, 0);
		if (socket)
			owner_sent(socket);
	}
	flow_count(flow, packet);
}

#endif

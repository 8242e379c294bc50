/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Records of datagram flows: those that go on, when due, and the last one. */
#ifndef YAGURA_LIB_DATAGRAM_LIFE_BPF_H
#define YAGURA_LIB_DATAGRAM_LIFE_BPF_H

#include "datagram.bpf.h"
#include "splt.bpf.h"

static __always_inline void datagram_facts(struct event_flow *event,
					   const struct datagram_socket *socket)
{
	event->owner = socket->owner;
	event->owner_quality = socket->owner_quality;
	event->cgroup_id = socket->cgroup_id;
	event->cookie = socket->cookie;
	event->uid = socket->uid;
	event->netns = socket->netns;
	if (socket->shared)
		event->flags |= FLOW_SHARED;
}

static __always_inline __u32 at_most_u32(__u64 value)
{
	return value > 0xffffffff ? 0xffffffff : (__u32)value;
}

/* Everything but the facts of the socket. */
static __always_inline void datagram_fill(struct event_flow *event,
					  const struct datagram_flow *flow)
{
	__builtin_memset((__u8 *)event + sizeof(event->header), 0,
			 sizeof(*event) - sizeof(event->header));
	__builtin_memcpy(event->local_addr, flow->local_addr, 16);
	__builtin_memcpy(event->remote_addr, flow->remote_addr, 16);
	event->opened_ns = flow->life.opened_ns;
	event->sent_bytes = flow->sent_bytes;
	event->received_bytes = flow->received_bytes;
	event->sent_packets = flow->sent_packets;
	event->received_packets = flow->received_packets;
	event->sent_data_packets = at_most_u32(flow->sent_packets);
	event->received_data_packets = at_most_u32(flow->received_packets);
	event->pieces = flow->pieces;
	event->first_bytes = flow->look.shape;
	splt_fill(&event->splt, &flow->splt);
	event->count = 1;
	event->part = flow->life.part;
	event->index = flow->life.index;
	event->local_port = flow->local_port;
	event->remote_port = flow->remote_port;
	event->icmp_type = flow->icmp_type;
	event->icmp_code = flow->icmp_code;
	event->protocol = flow->protocol;
	event->direction = flow->flags & DATAGRAM_INGRESS ? FLOW_INGRESS : FLOW_EGRESS;
	event->state = FLOW_STATE_ESTABLISHED;
	event->flags = flow->flags & DATAGRAM_IPV6 ? FLOW_IPV6 : 0;
}

static __always_inline void mark_final(struct event_flow *event, enum event_flow_ending ending)
{
	event->state = FLOW_STATE_CLOSED;
	event->ending = ending;
	event->flags |= FLOW_FINAL;
	if (event->owner_quality == OWNER_UNKNOWN)
		counter_add(COUNTER_FLOW_OWNER_UNKNOWN);
}

/* ENDING_UNKNOWN: it goes on. */
static __noinline void emit_datagram(struct datagram_flow *flow,
				     const struct datagram_socket *socket,
				     enum event_flow_ending ending)
{
	struct event_flow *event;

	if (flow->flags & DATAGRAM_UNTOLD)
		return;
	event = event_reserve(&ring_bulk, EVENT_FLOW, struct event_flow);
	if (!event)
		return;
	datagram_fill(event, flow);
	datagram_facts(event, socket);
	if (socket->preexisting && socket->owner_quality != OWNER_KERNEL && flow->life.index == 0)
		event->flags |= FLOW_PREEXISTING;
	if (ending)
		mark_final(event, ending);
	else if (flow->life.part < 0xffff)
		flow->life.part++;
	event_submit(&ring_bulk, event);
}

/* The sums of a process whose flows had no room: as one flow without a peer. */
static __noinline void emit_other(struct datagram_other *other, enum event_flow_ending ending)
{
	struct event_flow *event = event_reserve(&ring_bulk, EVENT_FLOW, struct event_flow);

	if (!event)
		return;
	datagram_fill(event, &other->flow);
	datagram_facts(event, &other->socket);
	event->count = other->count;
	event->flags |= FLOW_FOLDED;
	if (ending)
		mark_final(event, ending);
	else if (other->flow.life.part < 0xffff)
		other->flow.life.part++;
	event_submit(&ring_bulk, event);
}

static __always_inline __u32 idle_ms(const struct datagram_flow *flow)
{
	return flow->sent_packets && flow->received_packets ? probe_config.datagram_idle_ms
							    : probe_config.datagram_oneway_idle_ms;
}

/* A flow in its socket's storage. */
static __always_inline void sweep_first(struct datagram_flow *flow,
					const struct datagram_socket *socket)
{
	bool left = flow->flags & DATAGRAM_LEFT;

	switch (life_judge(&flow->life, left, idle_ms(flow))) {
	case LIFE_LEAVE:
		break;
	case LIFE_TELL:
		emit_datagram(flow, socket, ENDING_UNKNOWN);
		break;
	case LIFE_END:
		emit_datagram(flow, socket, left ? ENDING_CLOSED : ENDING_IDLE);
		life_hand_on(&flow->life, LIFE_FREE);
		break;
	}
}

/* One flow less of a socket; its entry goes with the last one, once no more can come. */
static __always_inline void many_release(struct datagram_many *many, __u64 cookie)
{
	if (word_count_down(&many->flows) && many->socket.closed)
		bpf_map_delete_elem(&datagram_many, &cookie);
}

/* A flow in the table. */
static __always_inline void sweep_another(const struct datagram_key *key,
					  struct datagram_flow *flow)
{
	__u64 cookie = key->cookie;
	struct datagram_many *many = bpf_map_lookup_elem(&datagram_many, &cookie);
	bool closed;

	if (!many)
		return;
	closed = many->socket.closed;
	switch (life_judge(&flow->life, closed, idle_ms(flow))) {
	case LIFE_LEAVE:
		break;
	case LIFE_TELL:
		emit_datagram(flow, &many->socket, ENDING_UNKNOWN);
		break;
	case LIFE_END:
		emit_datagram(flow, &many->socket, closed ? ENDING_CLOSED : ENDING_IDLE);
		bpf_map_delete_elem(&datagram_flows, key);
		many_release(many, cookie);
		break;
	}
}

/* That of nobody stays: what finds no room anywhere must always find it. */
static __always_inline void sweep_other(const struct process_key *owner,
					struct datagram_other *other)
{
	enum life_verdict verdict =
		life_judge(&other->flow.life, false, owner->pid ? idle_ms(&other->flow) : 0);

	if (verdict == LIFE_TELL) {
		emit_other(other, ENDING_UNKNOWN);
	} else if (verdict == LIFE_END) {
		emit_other(other, ENDING_IDLE);
		bpf_map_delete_elem(&datagram_others, owner);
	}
}

#endif

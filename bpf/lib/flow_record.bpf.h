/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The records of a TCP flow, and how it ended. */
#ifndef YAGURA_LIB_FLOW_RECORD_BPF_H
#define YAGURA_LIB_FLOW_RECORD_BPF_H

#include "flow.bpf.h"
#include "splt.bpf.h"
#include <linux/errno.h>

static __always_inline enum event_flow_direction direction_of(const struct flow_storage *flow)
{
	if (flow->flags & STORAGE_INGRESS)
		return FLOW_INGRESS;
	return flow->flags & STORAGE_EGRESS ? FLOW_EGRESS : FLOW_DIRECTION_UNKNOWN;
}

static __always_inline __u8 event_flags_of(const struct flow_storage *flow)
{
	__u8 flags = 0;

	if (flow->flags & STORAGE_IPV6)
		flags |= FLOW_IPV6;
	if (flow->flags & STORAGE_SHARED)
		flags |= FLOW_SHARED;
	if (flow->flags & STORAGE_PREEXISTING)
		flags |= FLOW_PREEXISTING;
	return flags;
}

static __always_inline void look_fill(struct event_flow *event, const struct flow_look *look)
{
	event->pieces = look->pieces;
	event->syn = look->syn;
	event->synack = look->synack;
	splt_fill(&event->splt, &look->splt);
}

static __always_inline bool is_behind(const struct look_side *side, __u64 bytes)
{
	return side->state != LOOK_DONE && side->next < bytes && side->next < LOOK_WINDOW_BYTES;
}

/* Whether the connection carried bytes that would have been looked at, and were not. Most are told
 * of by the next segment of their direction; here there is none any more. */
static __always_inline bool has_unseen(const struct flow_storage *flow,
				       const struct event_flow *event)
{
	bool connects = flow->flags & STORAGE_EGRESS;

	if (!(probe_config.looks_at_tcp & PROBE_LOOK_BYTES) || !flow->is_begun ||
	    flow->flags & STORAGE_PREEXISTING)
		return false;
	return is_behind(&flow->look.side[0],
			 connects ? event->sent_bytes : event->received_bytes) ||
	       is_behind(&flow->look.side[1], connects ? event->received_bytes : event->sent_bytes);
}

static __always_inline void facts_fill(struct event_flow *event, const struct flow_storage *flow,
				       const struct tcp_sock *tcp)
{
	__builtin_memset((__u8 *)event + sizeof(event->header), 0,
			 sizeof(*event) - sizeof(event->header));
	event->owner = flow->owner;
	event->listener = flow->listener;
	__builtin_memcpy(event->local_addr, flow->local_addr, 16);
	__builtin_memcpy(event->remote_addr, flow->remote_addr, 16);
	event->opened_ns = flow->opened_ns;
	event->handshake_us = flow->handshake_us;
	event->index = flow->index;
	event->part = flow->part;
	event->local_port = flow->local_port;
	event->remote_port = flow->remote_port;
	event->direction = direction_of(flow);
	event->owner_quality = flow->owner_quality;
	event->protocol = IPPROTO_TCP;
	event->count = 1;
	event->flags = event_flags_of(flow);
	event->first_bytes = flow->shape;
	socket_fill(event, (const struct sock *)tcp);
	counters_fill(event, tcp);
	look_fill(event, &flow->look);
}

/* A flow that goes on: everything so far, to be replaced by the next part. */
static __always_inline void emit_flow_interim(struct flow_storage *flow, const struct tcp_sock *tcp)
{
	struct event_flow *event = event_reserve(&ring_bulk, EVENT_FLOW, struct event_flow);

	if (!event)
		return;
	facts_fill(event, flow, tcp);
	event->state = flow->phase == FLOW_PHASE_OPEN ? FLOW_STATE_OPEN : FLOW_STATE_ESTABLISHED;
	if (flow->part < 0xffff)
		flow->part++;
	event_submit(&ring_bulk, event);
}

/*
 * Why an attempt failed. Both a reset and an ICMP message give ECONNREFUSED, but only a segment
 * counts as received. connect(AF_UNSPEC) leaves ECONNRESET behind and sets the counters to zero.
 */
static __always_inline void failure_fill(struct event_flow *event)
{
	bool answered = event->received_packets > 0;

	if (event->error == ECONNRESET && event->sent_packets == 0)
		event->error = 0;
	switch (event->error) {
	case 0: /* closed before there was an answer; else its user took the error before us */
	case ECONNABORTED: /* by an administrator (sock_diag) */
		event->ending = answered ? ENDING_RESET_REMOTE : ENDING_ABORTED;
		break;
	case ECONNREFUSED:
	case ECONNRESET:
		event->ending = answered ? ENDING_RESET_REMOTE : ENDING_UNREACHABLE;
		break;
	case ETIMEDOUT:
		event->ending = ENDING_TIMEOUT;
		break;
	default:
		event->ending = ENDING_UNREACHABLE;
	}
}

/*
 * Which end sent its FIN first. The segment that acknowledged ours came after the peer's own FIN
 * when that was there first, and before it, or with it, when ours was: snd_wl1 is its sequence
 * number. (FINs that cross count as the peer's.) Without a FIN of the peer ours was first, unless
 * the connection ended without us before anybody closed it.
 */
static __always_inline enum event_flow_ending fin_ending(const struct flow_storage *flow,
							 const struct tcp_sock *tcp)
{
	if (has_received_fin((const struct sock *)tcp))
		return tcp->snd_wl1 == tcp->rcv_nxt ? ENDING_FIN_REMOTE : ENDING_FIN_LOCAL;
	return flow->flags & STORAGE_OVER ? ENDING_UNKNOWN : ENDING_FIN_LOCAL;
}

static __always_inline enum event_flow_ending error_ending(__u32 error)
{
	switch (error) {
	case ECONNRESET:
	case EPIPE: /* a reset after the peer's FIN */
		return ENDING_RESET_REMOTE;
	case ECONNABORTED: /* by an administrator (sock_diag) */
		return ENDING_RESET_LOCAL;
	case ETIMEDOUT:
		return ENDING_TIMEOUT;
	default:
		return ENDING_UNREACHABLE; /* silence, and ICMP has said why */
	}
}

/*
 * The final record of the flow that `flow` describes; exactly one, by its phase. `reset`: this end
 * sends a reset. Called from many places: a function of its own, verified once a call instead of
 * copied.
 */
static __noinline void emit_flow_final(struct flow_storage *flow, const struct tcp_sock *tcp,
				       bool reset)
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
	facts_fill(event, flow, tcp);
	event->index = index;
	event->flags |= FLOW_FINAL;
	if (has_unseen(flow, event))
		event->flags |= FLOW_UNSEEN;
	event->state = failed ? FLOW_STATE_FAILED : FLOW_STATE_CLOSED;
	event->error = flow->error ? flow->error : (__u32)((const struct sock *)tcp)->sk_err;
	/* A SYN has been sent, and an established connection has received something: the kernel has
	 * zeroed its counters. */
	if (failed ? event->sent_packets == 0 : event->received_packets == 0) {
		event->flags |= FLOW_COUNTERS_RESET;
		counter_add(COUNTER_FLOW_COUNTERS_RESET);
	}
	if (failed)
		failure_fill(event);
	else if (reset)
		event->ending = ENDING_RESET_LOCAL;
	else if (event->error)
		event->ending = error_ending(event->error);
	else if (!(event->flags & FLOW_COUNTERS_RESET))
		event->ending = fin_ending(flow, tcp);
	event_submit(&ring_bulk, event);
}

#endif

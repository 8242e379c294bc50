/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/connection.h"

#include "common/clock.h"

#define PORT_EPHEMERAL 32768 /* Linux hands out ports from here on, others from higher ones */

bool connection_is_from_acceptor(const struct segment *segment)
{
	uint16_t from = segment->source_port;
	uint16_t to = segment->destination_port;

	if (segment->flags & TCP_SYN)
		return segment->flags & TCP_ACK;
	if ((from < PORT_SYSTEM_END) != (to < PORT_SYSTEM_END))
		return from < PORT_SYSTEM_END;
	return from < PORT_EPHEMERAL && to >= PORT_EPHEMERAL;
}

bool connection_is_another(const struct track_flow *flow, enum track_end sender,
			   const struct segment *segment)
{
	const struct track_end_state *end = &flow->ends[sender];

	if ((segment->flags & (TCP_SYN | TCP_RST)) != TCP_SYN)
		return false;
	if (segment->flags & TCP_ACK)
		return connection_is_closed(flow) && !(end->syn && end->syn_seq == segment->seq);
	if (end->syn)
		return end->syn_seq != segment->seq;
	if (sender == TRACK_SOURCE && end->stream.is_known &&
	    end->stream.first_seq == segment->seq + 1)
		return false; /* it was captured late: what was sent after it is there already */
	/* Its sender's beginning was missed, or both ends connect at once. */
	return flow->established || connection_is_closed(flow);
}

bool connection_is_closed(const struct track_flow *flow)
{
	const struct track_end_state *ends = flow->ends;

	return flow->ending == FLOW_ENDING_RESET_LOCAL ||
	       flow->ending == FLOW_ENDING_RESET_REMOTE ||
	       (ends[TRACK_SOURCE].fin && ends[TRACK_DESTINATION].fin);
}

/* Data begins behind the SYN; what the other end acknowledges of it is where its own begins. */
static bool take_syn(struct track_flow *flow, enum track_end sender, const struct segment *segment,
		     uint64_t time_ns)
{
	struct track_end_state *end = &flow->ends[sender];

	if (end->syn)
		return false;
	end->syn = true;
	end->syn_seq = segment->seq;
	stream_begin(&end->stream, segment->seq + 1);
	if (segment->flags & TCP_ACK)
		stream_begin(&flow->ends[!sender].stream, segment->ack);
	else if (sender == TRACK_SOURCE)
		flow->syn_ns = time_ns;
	return true;
}

static void take_ack(struct track_flow *flow, enum track_end sender, uint64_t time_ns)
{
	if (flow->established)
		return;
	/* Without a SYN of either end the handshake was over before the capture began. */
	flow->established =
		flow->ends[!sender].syn || (!flow->ends[sender].syn && !flow->ends[!sender].syn);
	if (flow->established && sender == TRACK_SOURCE && flow->syn_ns > 0 &&
	    time_ns > flow->syn_ns && time_ns - flow->syn_ns < UINT32_MAX * NS_PER_US)
		flow->handshake_us = (uint32_t)((time_ns - flow->syn_ns) / NS_PER_US);
}

static void take_reset(struct track_flow *flow, enum track_end sender)
{
	if (connection_is_closed(flow))
		return;
	if (!flow->established && sender == TRACK_DESTINATION)
		flow->refused = true;
	flow->ending = sender == TRACK_SOURCE ? FLOW_ENDING_RESET_LOCAL : FLOW_ENDING_RESET_REMOTE;
}

static void take_fin(struct track_flow *flow, enum track_end sender)
{
	flow->ends[sender].fin = true;
	if (flow->ending == FLOW_ENDING_UNKNOWN)
		flow->ending =
			sender == TRACK_SOURCE ? FLOW_ENDING_FIN_LOCAL : FLOW_ENDING_FIN_REMOTE;
}

bool connection_take(struct track_flow *flow, enum track_end sender, const struct segment *segment,
		     uint64_t time_ns)
{
	if (segment->flags & TCP_RST) {
		take_reset(flow, sender);
		return false;
	}
	if (segment->flags & TCP_FIN)
		take_fin(flow, sender);
	if (segment->flags & TCP_SYN)
		return take_syn(flow, sender, segment, time_ns);
	if (segment->flags & TCP_ACK) {
		take_ack(flow, sender, time_ns);
		stream_begin(&flow->ends[!sender].stream, segment->ack);
	}
	return false;
}

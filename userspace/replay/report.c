/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/report.h"

#include "replay/connection.h"

#include <errno.h>

static enum record_flow_state tcp_state(const struct track_flow *flow)
{
	if (!flow->established)
		return flow->ending == FLOW_ENDING_UNKNOWN ? FLOW_OPEN : FLOW_FAILED;
	return flow->ending == FLOW_ENDING_UNKNOWN ? FLOW_ESTABLISHED : FLOW_CLOSED;
}

static enum record_flow_state state_of(const struct track_flow *flow)
{
	if (flow->tuple.protocol == PROTOCOL_TCP)
		return tcp_state(flow);
	/* Where the capture ends, datagrams may go on. */
	return flow->ending == FLOW_ENDING_UNKNOWN ? FLOW_ESTABLISHED : FLOW_CLOSED;
}

static void fill_end(const struct track_flow *flow, enum track_end end,
		     struct record_endpoint *ret_endpoint)
{
	int place = flow->source_is_second ^ (end == TRACK_DESTINATION);
	const struct track_end_state *state = &flow->ends[end];

	memcpy(ret_endpoint->addr, flow->tuple.addr[place], sizeof(ret_endpoint->addr));
	ret_endpoint->port = flow->tuple.port[place];
	ret_endpoint->bytes = state->bytes;
	ret_endpoint->packets = state->packets;
	ret_endpoint->data_packets = state->data_packets;
}

void report_flow(const struct track_flow *flow, struct record_flow *ret_record)
{
	*ret_record = (struct record_flow){
		.start_ns = flow->start_ns,
		.end_ns = flow->last_ns,
		.cookie = flow->start_ns,
		.index = (uint32_t)flow->number,
		.final = true,
		.direction = DIRECTION_UNKNOWN,
		.state = state_of(flow),
		.ending = flow->ending,
		.protocol = flow->tuple.protocol,
		.icmp_type = flow->icmp_type,
		.icmp_code = flow->icmp_code,
		.is_ipv6 = flow->is_ipv6,
		.error = flow->refused ? ECONNREFUSED : 0,
		.retransmits = flow->retransmits,
		.handshake_us = flow->handshake_us,
		.count = 1,
		.uid = UINT32_MAX,
		.owner_quality = QUALITY_UNKNOWN,
		.process = { .uid = UINT32_MAX, .gid = UINT32_MAX },
		.listener = { .uid = UINT32_MAX, .gid = UINT32_MAX },
		.splt = flow->splt,
	};
	fill_end(flow, TRACK_SOURCE, &ret_record->source);
	fill_end(flow, TRACK_DESTINATION, &ret_record->destination);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/decode/decode.h"

#include "bpf/lib/shape.h"

#include <errno.h>

#define FLOW_FLAGS_ALL                                                                             \
	(FLOW_FINAL | FLOW_COUNTERS_RESET | FLOW_IPV6 | FLOW_SHARED | FLOW_PREEXISTING |           \
	 FLOW_FOLDED | FLOW_UNSEEN)

static bool fields_in_range(const struct event_flow *flow)
{
	return flow->direction <= FLOW_INGRESS && flow->state >= FLOW_STATE_OPEN &&
	       flow->state <= FLOW_STATE_REFUSED && flow->ending <= ENDING_CLOSED &&
	       flow->owner_quality <= OWNER_CALLER && (flow->flags & ~FLOW_FLAGS_ALL) == 0 &&
	       flow->count > 0 && flow->reserved == 0;
}

static bool syn_is_in_range(const struct flow_syn *syn)
{
	return (syn->ip_version == 0 || syn->ip_version == 4 || syn->ip_version == 6) &&
	       syn->options_bytes <= SYN_OPTIONS_BYTES_MAX && syn->ip_options_bytes <= 40 &&
	       syn->flags <= 0x0fff;
}

static bool first_packets_are_in_range(const struct event_flow *flow)
{
	return syn_is_in_range(&flow->syn) && syn_is_in_range(&flow->synack) &&
	       flow->splt.count <= FLOW_SPLT_MAX && flow->first_bytes < SHAPE_COUNT;
}

/* The last part of a flow says how it ended, not that it goes on. */
static bool end_is_consistent(const struct event_flow *flow)
{
	return !(flow->flags & FLOW_FINAL) || flow->state >= FLOW_STATE_CLOSED;
}

int decode_flow(struct cursor record, struct decoded_event *ret_event)
{
	struct event_flow flow;

	if (!cursor_copy(&record, &flow, sizeof(flow)) || !cursor_done(&record))
		return -EBADMSG;
	if (!fields_in_range(&flow) || !first_packets_are_in_range(&flow) ||
	    !end_is_consistent(&flow))
		return -EBADMSG;
	ret_event->flow = flow;
	return 0;
}

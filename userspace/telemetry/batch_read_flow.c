/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/batch_read.h"

#include "common/clock.h"

#include <string.h>

/* Values that a later version may have added to an enum become its 0, "unknown". */
static unsigned int known(uint64_t value, unsigned int last)
{
	return value <= last ? (unsigned int)value : 0;
}

static uint16_t read_port(struct reading *reading, uint64_t port)
{
	return (uint16_t)reading_max(reading, port, UINT16_MAX, "port out of range");
}

static void read_addr(struct reading *reading, uint64_t reference, uint8_t ret_addr[16])
{
	struct text addr = reading_blob(reading, reference);

	memset(ret_addr, 0, 16);
	if (addr.length == 16) {
		memcpy(ret_addr, addr.at, 16);
	} else if (addr.length == 4) {
		ret_addr[10] = ret_addr[11] = 0xff; /* IPv4-mapped */
		memcpy(ret_addr + 12, addr.at, 4);
	} else {
		reading_refuse(reading, "address of neither 4 nor 16 bytes");
	}
}

static void read_socket(struct reading *reading, uint64_t reference, struct record_flow *flow)
{
	const uint64_t *row =
		reading_row(reading, TABLE_SOCKETS, reference, "socket reference out of range");

	flow->uid = (uint32_t)row[SOCKET_ROW_UID] - 1u;
	flow->netns = (uint32_t)row[SOCKET_ROW_NETNS];
	flow->cgroup_id = row[SOCKET_ROW_CGROUP_ID];
	flow->cgroup = reading_path(reading, row[SOCKET_ROW_CGROUP]);
}

static void read_flags(uint64_t flags, struct record_flow *flow)
{
	flow->final = flags & FLOW_FLAG_FINAL;
	flow->counters_reset = flags & FLOW_FLAG_COUNTERS_RESET;
	flow->shared = flags & FLOW_FLAG_SHARED;
	flow->preexisting = flags & FLOW_FLAG_PREEXISTING;
	flow->folded = flags & FLOW_FLAG_FOLDED;
	flow->is_ipv6 = flags & FLOW_FLAG_IPV6;
}

static void read_class(struct reading *reading, const uint64_t *row, struct record_flow *flow)
{
	uint16_t icmp = (uint16_t)reading_max(reading, row[FLOW_CLASS_ROW_ICMP], UINT16_MAX,
					      "ICMP type out of range");

	read_flags(row[FLOW_CLASS_ROW_FLAGS], flow);
	flow->direction = known(row[FLOW_CLASS_ROW_DIRECTION], DIRECTION_INGRESS);
	flow->state = known(row[FLOW_CLASS_ROW_STATE], FLOW_REFUSED);
	flow->protocol = (uint8_t)reading_max(reading, row[FLOW_CLASS_ROW_PROTOCOL], UINT8_MAX,
					      "protocol out of range");
	flow->error = (uint32_t)row[FLOW_CLASS_ROW_ERROR];
	flow->ending = known(row[FLOW_CLASS_ROW_ENDING], FLOW_ENDING_CLOSED);
	flow->owner_quality = known(row[FLOW_CLASS_ROW_OWNER_QUALITY], QUALITY_CALLER);
	reading_process(reading, row[FLOW_CLASS_ROW_PROCESS], &flow->process);
	reading_process(reading, row[FLOW_CLASS_ROW_LISTENER], &flow->listener);
	flow->icmp_type = (uint8_t)(icmp >> 8);
	flow->icmp_code = (uint8_t)icmp;
	read_socket(reading, row[FLOW_CLASS_ROW_SOCKET], flow);
}

/* The local end is the source, unless the flow came in. */
static void read_ends(struct reading *reading, const uint64_t *class, const uint64_t *peer,
		      struct record_flow *flow)
{
	bool is_ingress = class[FLOW_CLASS_ROW_DIRECTION] == DIRECTION_INGRESS;
	uint8_t *local = is_ingress ? flow->destination.addr : flow->source.addr;
	uint8_t *far = is_ingress ? flow->source.addr : flow->destination.addr;

	read_addr(reading, class[FLOW_CLASS_ROW_LOCAL_ADDR], local);
	read_addr(reading, peer[PEER_ROW_ADDR], far);
	flow->destination.port = read_port(reading, class[FLOW_CLASS_ROW_DESTINATION_PORT]);
	flow->destination_name = reading_path(reading, peer[PEER_ROW_NAME]);
	reading_marks(reading, class[FLOW_CLASS_ROW_FINGERPRINT], peer[PEER_ROW_FINGERPRINT], flow);
}

static void read_counts(const uint64_t *row, struct record_flow *flow)
{
	flow->source.bytes = row[FLOW_ROW_SOURCE_BYTES];
	flow->source.packets = row[FLOW_ROW_SOURCE_PACKETS];
	flow->source.data_packets =
		(uint32_t)(row[FLOW_ROW_SOURCE_PACKETS] - row[FLOW_ROW_SOURCE_EMPTY_PACKETS]);
	flow->destination.bytes = row[FLOW_ROW_DESTINATION_BYTES];
	flow->destination.packets = row[FLOW_ROW_DESTINATION_PACKETS];
	flow->destination.data_packets = (uint32_t)(row[FLOW_ROW_DESTINATION_PACKETS] -
						    row[FLOW_ROW_DESTINATION_EMPTY_PACKETS]);
}

static void read_times(struct reading *reading, const uint64_t *row, struct record_flow *flow)
{
	uint64_t end_ms = reading->base_ms + row[FLOW_ROW_END_MS];
	uint64_t duration_ms =
		reading_max(reading, row[FLOW_ROW_DURATION_MS], end_ms, "duration out of range");

	flow->end_ns = reading_time_ns(reading, end_ms);
	flow->start_ns = reading_time_ns(reading, end_ms - duration_ms);
}

void reading_flow(struct reading *reading, const uint64_t *row, struct record *ret)
{
	const uint64_t *class = reading_row(reading, TABLE_FLOW_CLASSES, row[FLOW_ROW_CLASS],
					    "flow class reference out of range");
	const uint64_t *peer = reading_row(reading, TABLE_PEERS, row[FLOW_ROW_PEER],
					   "peer reference out of range");
	struct record_flow *flow = &ret->flow;

	*ret = (struct record){
		.class = RECORD_FLOW,
		.flow = { .cookie = row[FLOW_ROW_COOKIE],
			  .index = (uint32_t)row[FLOW_ROW_INDEX],
			  .part = (uint32_t)row[FLOW_ROW_PART],
			  .source = { .port = read_port(reading, row[FLOW_ROW_SOURCE_PORT]) },
			  .retransmits = (uint32_t)row[FLOW_ROW_RETRANSMITS],
			  .srtt_us = (uint32_t)row[FLOW_ROW_SRTT_US],
			  .min_rtt_us = (uint32_t)row[FLOW_ROW_MIN_RTT_US],
			  .handshake_us = (uint32_t)row[FLOW_ROW_HANDSHAKE_US],
			  .count = (uint32_t)row[FLOW_ROW_REPEATS] + 1u,
			  .ports = (uint32_t)row[FLOW_ROW_PORTS] },
	};
	read_times(reading, row, flow);
	read_class(reading, class, flow);
	read_ends(reading, class, peer, flow);
	read_counts(row, flow);
	reading_splt(reading, row[FLOW_ROW_SPLT], &flow->splt);
}

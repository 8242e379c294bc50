/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/render_json_flow.h"

#include "telemetry/render.h"

#include <limits.h>
#include <netinet/in.h>
#include <string.h>

static const struct render_process_paths listener_paths = { "yagura.listener",
							    "yagura.listener.user",
							    "yagura.listener.group" };

static struct text number_text(char digits[4], uint8_t value)
{
	size_t first = 3;

	digits[3] = '\0';
	for (; value >= 10; value /= 10)
		digits[--first] = (char)('0' + value % 10);
	digits[--first] = (char)('0' + value);
	return (struct text){ digits + first, 3 - first };
}

static void write_network(struct ndjson *json, const struct record_flow *flow)
{
	const char *name = record_protocol_name(flow->protocol);
	char digits[4];

	ndjson_within(json, "network");
	if (name)
		ndjson_string(json, "transport", name);
	else
		ndjson_text(json, "transport", number_text(digits, flow->protocol));
	ndjson_number(json, "iana_number", flow->protocol);
	ndjson_string(json, "type", flow->is_ipv6 ? "ipv6" : "ipv4");
	ndjson_string(json, "direction", record_direction_name(flow->direction));
}

static void write_event(struct ndjson *json, const struct record_flow *flow)
{
	ndjson_within(json, "event");
	render_json_time(json, "start", flow->start_ns);
	render_json_time(json, "end", flow->end_ns);
	if (flow->start_ns != 0 && flow->end_ns >= flow->start_ns)
		ndjson_number(json, "duration", flow->end_ns - flow->start_ns);
}

/* The counters of a socket that was reused before they could be read are nobody's. */
static void write_endpoint(struct ndjson *json, const struct record_endpoint *end,
			   bool has_counters)
{
	char addr[RENDER_ADDR_BYTES];

	if (!record_addr_is_unspecified(end->addr)) {
		render_addr(addr, end->addr);
		ndjson_string(json, "ip", addr);
	}
	ndjson_known(json, "port", end->port);
	if (!has_counters)
		return;
	ndjson_number(json, "bytes", end->bytes);
	ndjson_number(json, "packets", end->packets);
	ndjson_number(json, "data_packets", end->data_packets);
}

static void write_ends(struct ndjson *json, const struct record_flow *flow)
{
	ndjson_within(json, "source");
	write_endpoint(json, &flow->source, !flow->counters_reset);
	ndjson_within(json, "destination");
	write_endpoint(json, &flow->destination, !flow->counters_reset);
	ndjson_text(json, "domain", flow->destination_name);
}

static void write_outcome(struct ndjson *json, const struct record_flow *flow)
{
	const char *error = flow->error <= INT_MAX ? strerrorname_np((int)flow->error) : NULL;

	ndjson_string(json, "state", record_flow_state_name(flow->state));
	if (flow->error != 0 && error)
		ndjson_string(json, "error", error);
	else
		ndjson_known(json, "error", flow->error);
	if (flow->ending != FLOW_ENDING_UNKNOWN)
		ndjson_string(json, "ending", record_flow_ending_name(flow->ending));
	ndjson_flag(json, "shared", flow->shared);
	ndjson_flag(json, "preexisting", flow->preexisting);
	ndjson_flag(json, "folded", flow->folded);
	if (flow->count != 1)
		ndjson_number(json, "count", flow->count);
	ndjson_known(json, "ports", flow->ports);
	if (flow->protocol != IPPROTO_ICMP && flow->protocol != IPPROTO_ICMPV6)
		return;
	ndjson_number(json, "icmp_type", flow->icmp_type);
	ndjson_number(json, "icmp_code", flow->icmp_code);
}

static void write_tcp(struct ndjson *json, const struct record_flow *flow)
{
	char splt[RENDER_SPLT_BYTES];

	render_splt(splt, &flow->splt);
	ndjson_string(json, "splt", splt);
	ndjson_flag(json, "counters_reset", flow->counters_reset);
	if (flow->counters_reset)
		return;
	ndjson_known(json, "retransmits", flow->retransmits);
	ndjson_known(json, "srtt_us", flow->srtt_us);
	ndjson_known(json, "min_rtt_us", flow->min_rtt_us);
	ndjson_known(json, "handshake_us", flow->handshake_us);
}

static void write_socket(struct ndjson *json, const struct record_flow *flow)
{
	ndjson_string(json, "owner_quality", record_owner_quality_name(flow->owner_quality));
	ndjson_id(json, "socket_user_id", flow->uid);
	ndjson_known(json, "netns", flow->netns);
	ndjson_known(json, "cgroup_id", flow->cgroup_id);
	ndjson_text(json, "cgroup", flow->cgroup);
}

void render_json_flow(struct ndjson *json, const struct render_source *source,
		      const struct record_flow *flow)
{
	char id[RENDER_ID_BYTES];

	render_flow_id(id, source->header, flow);
	write_event(json, flow);
	write_network(json, flow);
	write_ends(json, flow);
	render_json_process(json, source, &render_process_itself, &flow->process);
	render_json_container(json, flow->cgroup);
	render_json_marks(json, flow); /* sorted: those of yagura. come last */
	ndjson_within(json, "yagura");
	ndjson_string(json, "flow_id", id);
	ndjson_number(json, "part", flow->part);
	ndjson_key(json, (struct text){ "final", 5 });
	ndjson_put_bool(json, flow->final);
	write_outcome(json, flow);
	write_tcp(json, flow);
	write_socket(json, flow);
	render_json_process(json, source, &listener_paths, &flow->listener);
}

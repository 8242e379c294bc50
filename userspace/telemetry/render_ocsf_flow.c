/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/render_ocsf_private.h"

#include "common/clock.h"
#include "telemetry/render.h"

#include <stdio.h>
#include <string.h>

enum {
	NETWORK_CLOSE = 2,
	NETWORK_RESET = 3,
	NETWORK_FAIL = 4,
	NETWORK_REFUSE = 5,
	NETWORK_TRAFFIC = 6
};
enum { STATUS_SUCCESS = 1, STATUS_FAILURE = 2 };
enum { JA4_CLIENT = 1 };

static uint64_t network_activity(const struct record_flow *flow)
{
	if (flow->state == FLOW_REFUSED)
		return NETWORK_REFUSE;
	if (flow->state == FLOW_FAILED)
		return NETWORK_FAIL;
	if (!flow->final)
		return NETWORK_TRAFFIC;
	if (flow->ending == FLOW_ENDING_RESET_LOCAL || flow->ending == FLOW_ENDING_RESET_REMOTE)
		return NETWORK_RESET;
	return NETWORK_CLOSE;
}

/* 1 inbound, 2 outbound, 0 unknown. */
static uint64_t direction_id(enum record_direction direction)
{
	if (direction == DIRECTION_INGRESS)
		return 1;
	return direction == DIRECTION_EGRESS ? 2 : 0;
}

static void write_endpoint(struct ndjson *json, const char *path, const struct record_endpoint *end)
{
	char addr[RENDER_ADDR_BYTES];

	ndjson_within(json, path);
	if (!record_addr_is_unspecified(end->addr)) {
		render_addr(addr, end->addr);
		ndjson_string(json, "ip", addr);
	}
	ndjson_known(json, "port", end->port);
}

static void write_connection(struct ndjson *json, const struct render_source *source,
			     const struct record_flow *flow)
{
	const char *name = record_protocol_name(flow->protocol);
	char id[RENDER_ID_BYTES];

	render_flow_id(id, source->header, flow);
	ndjson_within(json, "connection_info");
	ndjson_number(json, "direction_id", direction_id(flow->direction));
	ndjson_number(json, "protocol_num", flow->protocol);
	ndjson_string(json, "protocol_name", name ? name : "");
	ndjson_number(json, "protocol_ver_id", flow->is_ipv6 ? 6 : 4);
	ndjson_string(json, "uid", id);
}

/* In and out are as the observer sees them: at the acceptor's end what the source sends comes in.
 */
static void write_traffic(struct ndjson *json, const struct record_flow *flow)
{
	bool is_inbound = flow->direction == DIRECTION_INGRESS;
	const struct record_endpoint *out = is_inbound ? &flow->destination : &flow->source;
	const struct record_endpoint *in = is_inbound ? &flow->source : &flow->destination;

	if (flow->counters_reset)
		return;
	ndjson_within(json, "traffic");
	ndjson_number(json, "bytes", in->bytes + out->bytes);
	ndjson_number(json, "bytes_in", in->bytes);
	ndjson_number(json, "bytes_out", out->bytes);
	ndjson_number(json, "packets", in->packets + out->packets);
	ndjson_number(json, "packets_in", in->packets);
	ndjson_number(json, "packets_out", out->packets);
}

static const struct mark *first_mark(const struct record_flow *flow, enum mark_kind kind)
{
	for (size_t i = 0; i < flow->mark_count; i++)
		if (flow->marks[i].kind == kind)
			return &flow->marks[i];
	return NULL;
}

static void write_mark(struct ndjson *json, const char *key, const struct record_flow *flow,
		       enum mark_kind kind)
{
	const struct mark *mark = first_mark(flow, kind);

	if (mark)
		ndjson_text(json, key, mark->value);
}

static void write_fingerprint(struct ndjson *json, const char *path, const struct mark *mark)
{
	if (!mark)
		return;
	ndjson_within(json, path);
	ndjson_number(json, "algorithm_id", OCSF_HASH_MD5);
	ndjson_text(json, "value", mark->value);
}

/* `version` is required there: without one there is no object. */
static void write_tls(struct ndjson *json, const struct record_flow *flow)
{
	if (!first_mark(flow, MARK_TLS_VERSION))
		return;
	ndjson_within(json, "tls");
	write_mark(json, "version", flow, MARK_TLS_VERSION);
	write_mark(json, "cipher", flow, MARK_TLS_CIPHER);
	write_mark(json, "sni", flow, MARK_SERVER_NAME);
	write_fingerprint(json, "tls.ja3_hash", first_mark(flow, MARK_JA3));
	write_fingerprint(json, "tls.ja3s_hash", first_mark(flow, MARK_JA3S));
}

/* JA4 has letters, digits and '_' only; anything else is none. */
static void write_ja4(struct ndjson *json, const struct record_flow *flow)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
	bool has_any = false;
	char object[160];

	for (size_t i = 0; i < flow->mark_count; i++) {
		char value[64] = "";
		struct text ja4 = flow->marks[i].value;

		if (flow->marks[i].kind != MARK_JA4 || ja4.length >= sizeof(value))
			continue;
		memcpy(value, ja4.at, ja4.length);
		if (strspn(value, allowed) != ja4.length)
			continue;
		if (!has_any) {
			ndjson_within(json, "");
			ndjson_key(json, (struct text){ "ja4_fingerprint_list",
							strlen("ja4_fingerprint_list") });
			ndjson_open_array(json);
			has_any = true;
		}
		snprintf(object, sizeof(object), "{\"type_id\":%d,\"value\":\"%s\"}", JA4_CLIENT,
			 value);
		ndjson_put_plain(json, (struct text){ object, strlen(object) });
	}
	if (has_any)
		ndjson_close_array(json);
}

static void write_unmapped_marks(struct ndjson *json, const struct record_flow *flow)
{
	static const enum mark_kind mapped[] = { MARK_TLS_VERSION, MARK_TLS_CIPHER,
						 MARK_SERVER_NAME, MARK_JA3,
						 MARK_JA3S,	   MARK_JA4 };

	for (enum mark_kind kind = MARK_NONE + 1; kind < MARK_KIND_COUNT; kind++) {
		bool is_mapped = false;

		for (size_t i = 0; i < sizeof(mapped) / sizeof(mapped[0]); i++)
			is_mapped |= mapped[i] == kind;
		if (!is_mapped || !first_mark(flow, MARK_TLS_VERSION))
			write_mark(json, mark_kind_row(kind)->key, flow, kind);
	}
}

void ocsf_write_flow(struct ndjson *json, const struct render_source *source,
		     const struct record_flow *flow)
{
	uint64_t activity = network_activity(flow);
	const struct ocsf_occurrence what = { OCSF_CATEGORY_NETWORK, OCSF_CLASS_NETWORK, activity,
					      OCSF_SEVERITY_INFORMATIONAL, flow->end_ns };
	bool has_failed = activity == NETWORK_FAIL || activity == NETWORK_REFUSE;

	ocsf_write_occurrence(json, &what);
	ndjson_known(json, "start_time", flow->start_ns / NS_PER_MS);
	ndjson_known(json, "end_time", flow->end_ns / NS_PER_MS);
	ndjson_number(json, "status_id", has_failed ? STATUS_FAILURE : STATUS_SUCCESS);
	write_ja4(json, flow);
	ocsf_write_metadata(json);
	ocsf_write_device(json, source);
	ocsf_write_process(json, source, &ocsf_actor, &flow->process, NULL);
	write_endpoint(json, "src_endpoint", &flow->source);
	write_endpoint(json, "dst_endpoint", &flow->destination);
	ndjson_text(json, "hostname", flow->destination_name);
	write_connection(json, source, flow);
	write_traffic(json, flow);
	write_tls(json, flow);
	ndjson_within(json, "unmapped");
	write_unmapped_marks(json, flow);
	ndjson_string(json, "yagura.owner_quality", record_owner_quality_name(flow->owner_quality));
	ndjson_number(json, "yagura.part", flow->part);
	ndjson_text(json, "yagura.cgroup", flow->cgroup);
}

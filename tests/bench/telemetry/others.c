/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/telemetry/others.h"

#include "common/clock.h"
#include "telemetry/render.h"
#include "telemetry/render_json.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void append(struct ndjson *buffer, const void *bytes, size_t length)
{
	if (buffer->length + length > buffer->capacity) {
		buffer->capacity = 2 * (buffer->length + length);
		buffer->at = realloc(buffer->at, buffer->capacity);
		if (!buffer->at)
			abort();
	}
	if (length > 0)
		memcpy(buffer->at + buffer->length, bytes, length);
	buffer->length += length;
}

/* --- row protobuf --- */

static void varint(struct ndjson *buffer, uint64_t value)
{
	uint8_t byte;

	for (; value >= 0x80; value >>= 7) {
		byte = (uint8_t)(value | 0x80);
		append(buffer, &byte, 1);
	}
	byte = (uint8_t)value;
	append(buffer, &byte, 1);
}

static void number(struct ndjson *message, uint32_t field, uint64_t value)
{
	if (value == 0)
		return;
	varint(message, field << 3);
	varint(message, value);
}

static void bytes(struct ndjson *message, uint32_t field, const void *at, size_t length)
{
	if (length == 0)
		return;
	varint(message, field << 3 | 2);
	varint(message, length);
	append(message, at, length);
}

static void address(struct ndjson *message, uint32_t field, const uint8_t addr[16], bool is_ipv6)
{
	bytes(message, field, is_ipv6 ? addr : addr + 12, is_ipv6 ? 16 : 4);
}

static void row_process(struct ndjson *message, uint32_t field,
			const struct record_process *process)
{
	number(message, field, process->key.pid);
	number(message, field + 1, process->key.start_ns);
	number(message, field + 2, process->key.exec_count);
	bytes(message, field + 3, process->executable.at, process->executable.length);
}

static void row_flow(struct ndjson *message, const struct record_flow *flow)
{
	number(message, 1, flow->start_ns / NS_PER_MS);
	number(message, 2, (flow->end_ns - flow->start_ns) / NS_PER_MS);
	number(message, 3, flow->cookie);
	number(message, 4, flow->protocol);
	number(message, 5, flow->direction);
	number(message, 6, flow->state);
	number(message, 7, flow->ending);
	address(message, 8, flow->source.addr, flow->is_ipv6);
	address(message, 9, flow->destination.addr, flow->is_ipv6);
	number(message, 10, flow->source.port);
	number(message, 11, flow->destination.port);
	number(message, 12, flow->source.bytes);
	number(message, 13, flow->destination.bytes);
	number(message, 14, flow->source.packets);
	number(message, 15, flow->destination.packets);
	number(message, 16, flow->srtt_us);
	number(message, 17, flow->final);
	row_process(message, 20, &flow->process);
	for (size_t i = 0; i < flow->mark_count; i++)
		bytes(message, 30 + flow->marks[i].kind, flow->marks[i].value.at,
		      flow->marks[i].value.length);
}

static void row_exec(struct ndjson *message, const struct record_exec *exec)
{
	number(message, 1, exec->time_ns / NS_PER_MS);
	row_process(message, 2, &exec->process);
	bytes(message, 6, exec->process.args.at, exec->process.args.length);
	row_process(message, 7, &exec->parent);
	number(message, 11, exec->euid);
	number(message, 12, exec->egid);
	number(message, 13, exec->file.inode);
	number(message, 14, exec->file.bytes);
	number(message, 15, exec->file.mtime_ns);
	bytes(message, 16, exec->file.hash.sha256, HASH_SHA256_BYTES);
	bytes(message, 17, exec->cwd.at, exec->cwd.length);
	bytes(message, 18, exec->cgroup.at, exec->cgroup.length);
	bytes(message, 19, exec->px1.at, exec->px1.length);
	number(message, 20, exec->cgroup_id);
	number(message, 21, exec->session_pid);
	for (size_t i = 0; i < exec->ancestor_count; i++)
		row_process(message, 30, &exec->ancestors[i]);
}

void others_row_protobuf(struct ndjson *buffer, const struct record *record)
{
	struct ndjson message = { 0 };

	if (record->class == RECORD_FLOW)
		row_flow(&message, &record->flow);
	else
		row_exec(&message, &record->exec);
	varint(buffer, message.length);
	append(buffer, message.at, message.length);
	free(message.at);
}

void others_ndjson(struct ndjson *buffer, const struct record *record)
{
	static const uint8_t sensor[16] = {
		0x5a, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	};
	static const struct batch_header header = { .boot_id = { 1, 2, 3, 4, 5, 6, 7, 8 } };
	struct render_source source = { .header = &header, .sensor = sensor };

	if (render_json(buffer, &source, record) < 0)
		abort();
}

/* --- Suricata's EVE, by the fields of its documentation (output/eve/eve-json-format) --- */

__attribute__((format(printf, 2, 3))) static void print(struct ndjson *buffer, const char *format,
							...)
{
	char line[2048];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= sizeof(line))
		abort();
	append(buffer, line, (size_t)length);
}

static void eve_head(struct ndjson *buffer, const struct record_flow *flow, const char *type)
{
	char source[RENDER_ADDR_BYTES], destination[RENDER_ADDR_BYTES];
	char time[32];

	render_addr(source, flow->source.addr);
	render_addr(destination, flow->destination.addr);
	render_time(time, flow->end_ns);
	print(buffer,
	      "{\"timestamp\":\"%s\",\"flow_id\":%" PRIu64 ",\"in_iface\":\"eth0\","
	      "\"event_type\":\"%s\",\"src_ip\":\"%s\",\"src_port\":%u,\"dest_ip\":\"%s\","
	      "\"dest_port\":%u,\"proto\":\"%s\",",
	      time, flow->cookie * 2654435761u, type, source, flow->source.port, destination,
	      flow->destination.port, flow->protocol == IPPROTO_TCP ? "TCP" : "UDP");
}

static struct text mark_of(const struct record_flow *flow, enum mark_kind kind)
{
	for (size_t i = 0; i < flow->mark_count; i++)
		if (flow->marks[i].kind == kind)
			return flow->marks[i].value;
	return (struct text){ .at = "", .length = 0 };
}

static void eve_tls(struct ndjson *buffer, const struct record_flow *flow)
{
	struct text name = mark_of(flow, MARK_SERVER_NAME), ja4 = mark_of(flow, MARK_JA4);
	struct text ja3s = mark_of(flow, MARK_JA3S);

	eve_head(buffer, flow, "tls");
	print(buffer,
	      "\"tls\":{\"sni\":\"%.*s\",\"version\":\"TLS 1.3\",\"ja4\":\"%.*s\","
	      "\"ja3s\":{\"hash\":\"%.*s\"}}}\n",
	      (int)name.length, name.at, (int)ja4.length, ja4.at, (int)ja3s.length, ja3s.at);
}

void others_eve(struct ndjson *buffer, const struct record *record)
{
	const struct record_flow *flow = &record->flow;
	bool is_tls = mark_of(flow, MARK_SERVER_NAME).length > 0;
	char start[32], end[32];

	if (is_tls)
		eve_tls(buffer, flow);
	render_time(start, flow->start_ns);
	render_time(end, flow->end_ns);
	eve_head(buffer, flow, "flow");
	print(buffer,
	      "\"app_proto\":\"%s\",\"flow\":{\"pkts_toserver\":%" PRIu64
	      ",\"pkts_toclient\":%" PRIu64 ",\"bytes_toserver\":%" PRIu64
	      ",\"bytes_toclient\":%" PRIu64 ",\"start\":\"%s\",\"end\":\"%s\",\"age\":%" PRIu64
	      ",\"state\":\"closed\",\"reason\":\"timeout\",\"alerted\":false}}\n",
	      is_tls ? "tls" : "dns", flow->source.packets, flow->destination.packets,
	      flow->source.bytes, flow->destination.bytes, start, end,
	      (uint64_t)((flow->end_ns - flow->start_ns) / NS_PER_S));
}

/* --- IPFIX --- */

/* Both addresses, ports, protocol, flags and type of service; start and end in milliseconds; bytes
 * and packets of 4 bytes each, both ways. */
#define IPFIX_REST_BYTES (2 + 2 + 1 + 1 + 1 + 8 + 8 + 4 * 4)

void others_ipfix(struct ndjson *buffer, const struct record *record)
{
	static const uint8_t zeros[2 * 16 + IPFIX_REST_BYTES];

	append(buffer, zeros, IPFIX_REST_BYTES + (record->flow.is_ipv6 ? 2 * 16 : 2 * 4));
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/batch_read.h"

#include "common/clock.h"
#include "telemetry/batch_rows.h"

#include <string.h>

void reading_refuse(struct reading *reading, const char *why)
{
	if (!reading->why)
		reading->why = why;
}

static uint64_t read_max(struct reading *reading, uint64_t value, uint64_t max, const char *why)
{
	if (value <= max)
		return value;
	reading_refuse(reading, why);
	return 0;
}

static uint64_t read_time_ms(struct reading *reading, uint64_t time_ms)
{
	return read_max(reading, time_ms, UINT64_MAX / NS_PER_MS, "time out of range");
}

static uint64_t read_time_ns(struct reading *reading, uint64_t since_base_ms)
{
	return read_time_ms(reading, reading->batch->base_ms + since_base_ms) * NS_PER_MS;
}

static struct text read_text(struct reading *reading, uint64_t reference)
{
	const ProtobufCBinaryData *text;

	if (reference > reading->batch->n_texts) {
		reading_refuse(reading, "text reference out of range");
		return (struct text){ 0 };
	}
	if (reference == 0)
		return (struct text){ 0 };
	text = &reading->batch->texts[reference - 1];
	if (text->len > BATCH_TEXT_BYTES_MAX)
		reading_refuse(reading, "text too long");
	return (struct text){ .at = (const char *)text->data, .length = text->len };
}

static void read_addr(struct reading *reading, uint64_t reference, uint8_t ret_addr[16])
{
	struct text text = read_text(reading, reference);

	memset(ret_addr, 0, 16);
	if (text.length == 16) {
		memcpy(ret_addr, text.at, 16);
	} else if (text.length == 4) {
		ret_addr[10] = ret_addr[11] = 0xff; /* IPv4-mapped */
		memcpy(ret_addr + 12, text.at, 4);
	} else {
		reading_refuse(reading, "address of neither 4 nor 16 bytes");
	}
}

static struct record_process read_process(struct reading *reading, uint64_t reference)
{
	const struct record_process *process;

	if (reference == 0 || reference > reading->process_count) {
		if (reference > 0)
			reading_refuse(reading, "process reference out of range");
		return (struct record_process){ .uid = UINT32_MAX, .gid = UINT32_MAX };
	}
	process = &reading->processes[reference - 1];
	reading->written_bytes += process->executable.length + process->args.length;
	if (reading->written_bytes > BATCH_WRITTEN_BYTES_MAX)
		reading_refuse(reading, "texts referred to too often");
	return *process;
}

/* Collectors index these: long ones would slow down every later insert. */
static struct text read_path(struct reading *reading, uint64_t reference)
{
	struct text path = read_text(reading, reference);

	if (path.length > BATCH_PATH_BYTES_MAX)
		reading_refuse(reading, "path too long");
	return path;
}

struct record_process reading_process_row(struct reading *reading, const uint64_t *row)
{
	return (struct record_process){
		.key = { .start_ns = row[PROCESS_ROW_START_NS],
			 .pid = (uint32_t)row[PROCESS_ROW_PID],
			 .exec_count = (uint32_t)row[PROCESS_ROW_EXEC_COUNT] },
		.uid = (uint32_t)row[PROCESS_ROW_UID] - 1u, /* 0, unknown, becomes UINT32_MAX */
		.gid = (uint32_t)row[PROCESS_ROW_GID] - 1u,
		.executable = read_path(reading, row[PROCESS_ROW_EXECUTABLE]),
		.args = read_text(reading, row[PROCESS_ROW_ARGS]),
		.args_truncated = row[PROCESS_ROW_FLAGS] & PROCESS_FLAG_ARGS_TRUNCATED,
	};
}

void reading_exec(struct reading *reading, const uint64_t *row, struct record *ret)
{
	*ret = (struct record){
		.class = RECORD_EXEC,
		.exec = { .time_ns = read_time_ns(reading, row[EXEC_ROW_TIME_MS]),
			  .process = read_process(reading, row[EXEC_ROW_PROCESS]),
			  .parent = read_process(reading, row[EXEC_ROW_PARENT]),
			  .euid = (uint32_t)row[EXEC_ROW_EUID],
			  .egid = (uint32_t)row[EXEC_ROW_EGID],
			  .cgroup_id = row[EXEC_ROW_CGROUP_ID],
			  .args_total_bytes = (uint32_t)row[EXEC_ROW_ARGS_TOTAL_BYTES],
			  .file.deleted = row[EXEC_ROW_FLAGS] & EXEC_FLAG_DELETED },
	};
}

void reading_exit(struct reading *reading, const uint64_t *row, struct record *ret)
{
	*ret = (struct record){
		.class = RECORD_EXIT,
		.exit = { .time_ns = read_time_ns(reading, row[EXIT_ROW_TIME_MS]),
			  .process = read_process(reading, row[EXIT_ROW_PROCESS]),
			  .status = (int32_t)row[EXIT_ROW_STATUS] },
	};
}

/* Values that a later version may have added to an enum become its 0, "unknown". */
static unsigned int known(uint64_t value, unsigned int last)
{
	return value <= last ? (unsigned int)value : 0;
}

static uint16_t read_port(struct reading *reading, uint64_t port)
{
	return (uint16_t)read_max(reading, port, UINT16_MAX, "port out of range");
}

static uint64_t read_end_ns(struct reading *reading, uint64_t start_ns, uint64_t duration_ms)
{
	uint64_t longest_ms = UINT64_MAX / NS_PER_MS - start_ns / NS_PER_MS;

	return start_ns +
	       read_max(reading, duration_ms, longest_ms, "duration out of range") * NS_PER_MS;
}

static void read_ends(struct reading *reading, const uint64_t *row, struct record_flow *flow)
{
	read_addr(reading, row[FLOW_ROW_SOURCE_ADDR], flow->source.addr);
	flow->source.port = read_port(reading, row[FLOW_ROW_SOURCE_PORT]);
	flow->source.bytes = row[FLOW_ROW_SOURCE_BYTES];
	flow->source.packets = row[FLOW_ROW_SOURCE_PACKETS];
	read_addr(reading, row[FLOW_ROW_DESTINATION_ADDR], flow->destination.addr);
	flow->destination.port = read_port(reading, row[FLOW_ROW_DESTINATION_PORT]);
	flow->destination.bytes = row[FLOW_ROW_DESTINATION_BYTES];
	flow->destination.packets = row[FLOW_ROW_DESTINATION_PACKETS];
}

void reading_flow(struct reading *reading, const uint64_t *row, struct record *ret)
{
	uint64_t start_ns = read_time_ns(reading, row[FLOW_ROW_START_MS]);

	*ret = (struct record){
		.class = RECORD_FLOW,
		.flow = { .start_ns = start_ns,
			  .end_ns = read_end_ns(reading, start_ns, row[FLOW_ROW_DURATION_MS]),
			  .cookie = row[FLOW_ROW_COOKIE],
			  .index = (uint32_t)row[FLOW_ROW_INDEX],
			  .part = (uint32_t)row[FLOW_ROW_PART],
			  .final = row[FLOW_ROW_FLAGS] & FLOW_FLAG_FINAL,
			  .counters_reset = row[FLOW_ROW_FLAGS] & FLOW_FLAG_COUNTERS_RESET,
			  .direction = known(row[FLOW_ROW_DIRECTION], DIRECTION_INGRESS),
			  .state = known(row[FLOW_ROW_STATE], FLOW_FAILED),
			  .protocol = (uint8_t)read_max(reading, row[FLOW_ROW_PROTOCOL], UINT8_MAX,
							"protocol out of range"),
			  .error = (uint32_t)row[FLOW_ROW_ERROR],
			  .retransmits = (uint32_t)row[FLOW_ROW_RETRANSMITS],
			  .srtt_us = (uint32_t)row[FLOW_ROW_SRTT_US],
			  .handshake_us = (uint32_t)row[FLOW_ROW_HANDSHAKE_US],
			  .owner_quality = known(row[FLOW_ROW_OWNER_QUALITY], QUALITY_CALLER),
			  .process = read_process(reading, row[FLOW_ROW_PROCESS]),
			  .listener = read_process(reading, row[FLOW_ROW_LISTENER]) },
	};
	read_ends(reading, row, &ret->flow);
}

void reading_gap(struct reading *reading, const Yagura__Telemetry__Gap *gap, struct record *ret)
{
	*ret = (struct record){
		.class = RECORD_GAP,
		.gap = { .time_ns = read_time_ms(reading, gap->time_ms) * NS_PER_MS,
			 .class = (enum record_class)read_max(reading, gap->record_class,
							      RECORD_CLASS_COUNT - 1,
							      "gap of an unknown record class"),
			 .reason = known(gap->reason, GAP_REASON_COUNT - 1),
			 .count = gap->count },
	};
}

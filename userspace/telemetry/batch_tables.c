/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/batch_tables.h"

#include "common/clock.h"
#include "telemetry/batch_codec.h"
#include "telemetry/batch_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GAPS_FIRST 16
#define GAP_BYTES_MAX 32u

_Static_assert(FLOW_ROW_COUNT <= COLUMNS_MAX, "the widest table must fit");

void batch_tables_init(struct batch_tables *tables)
{
	*tables = (struct batch_tables){ 0 };
	columns_init(&tables->processes, &yagura__telemetry__processes__descriptor);
	columns_init(&tables->execs, &yagura__telemetry__execs__descriptor);
	columns_init(&tables->exits, &yagura__telemetry__exits__descriptor);
	columns_init(&tables->flows, &yagura__telemetry__flows__descriptor);
}

void batch_tables_done(struct batch_tables *tables)
{
	intern_clear(&tables->texts);
	intern_clear(&tables->process_rows);
	columns_done(&tables->processes);
	columns_done(&tables->execs);
	columns_done(&tables->exits);
	columns_done(&tables->flows);
	free(tables->gaps);
}

void batch_tables_clear(struct batch_tables *tables)
{
	intern_clear(&tables->texts);
	intern_clear(&tables->process_rows);
	columns_clear(&tables->processes);
	columns_clear(&tables->execs);
	columns_clear(&tables->exits);
	columns_clear(&tables->flows);
	tables->gap_count = 0;
	tables->bytes = 0;
	tables->written_bytes = 0;
}

static size_t varint_bytes(size_t value)
{
	size_t bytes = 1;

	while (value >>= 7)
		bytes++;
	return bytes;
}

/* 0 in *ret_reference stands for the empty text. */
static int refer_text(struct batch_tables *tables, const void *bytes, size_t length,
		      uint64_t *ret_reference)
{
	uint32_t reference = 0;
	int r = 0;

	if (length > 0)
		r = intern_add(&tables->texts, bytes, length, &reference);
	if (r < 0)
		return r;
	if (r > 0)
		tables->bytes += 1 + varint_bytes(length) + length;
	*ret_reference = reference;
	return 0;
}

static size_t kept_path(struct text path)
{
	return path.length < BATCH_PATH_BYTES_MAX ? path.length : BATCH_PATH_BYTES_MAX;
}

static size_t kept_args(struct text args)
{
	return args.length < BATCH_TEXT_BYTES_MAX ? args.length : BATCH_TEXT_BYTES_MAX;
}

static size_t process_text_bytes(const struct record_process *process)
{
	return kept_path(process->executable) + kept_args(process->args);
}

static int fill_process_row(struct batch_tables *tables, const struct record_process *process,
			    uint64_t row[PROCESS_ROW_COUNT])
{
	bool is_cut = process->args.length > BATCH_TEXT_BYTES_MAX;
	int r;

	row[PROCESS_ROW_PID] = process->key.pid;
	row[PROCESS_ROW_START_NS] = process->key.start_ns;
	row[PROCESS_ROW_EXEC_COUNT] = process->key.exec_count;
	row[PROCESS_ROW_UID] = process->uid + 1u; /* UINT32_MAX, unknown, becomes 0 */
	row[PROCESS_ROW_GID] = process->gid + 1u;
	row[PROCESS_ROW_FLAGS] =
		process->args_truncated || is_cut ? PROCESS_FLAG_ARGS_TRUNCATED : 0;
	r = refer_text(tables, process->executable.at, kept_path(process->executable),
		       &row[PROCESS_ROW_EXECUTABLE]);
	if (r < 0)
		return r;
	return refer_text(tables, process->args.at, kept_args(process->args),
			  &row[PROCESS_ROW_ARGS]);
}

/* A row is interned by its whole content: records that know different things of one identity keep
 * what each of them knew. */
static int refer_process(struct batch_tables *tables, const struct record_process *process,
			 uint64_t *ret_reference)
{
	uint64_t row[PROCESS_ROW_COUNT];
	uint32_t reference = 0;
	int r;

	*ret_reference = 0;
	if (record_process_key_is_none(&process->key))
		return 0;
	r = fill_process_row(tables, process, row);
	if (r < 0)
		return r;
	r = columns_reserve(&tables->processes);
	if (r < 0)
		return r;
	r = intern_add(&tables->process_rows, row, sizeof(row), &reference);
	if (r < 0)
		return r;
	if (r > 0)
		tables->bytes += columns_push(&tables->processes, row);
	tables->written_bytes += process_text_bytes(process);
	*ret_reference = reference;
	return 0;
}

static int refer_addr(struct batch_tables *tables, const uint8_t addr[16], uint64_t *ret_reference)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (memcmp(addr, mapped, sizeof(mapped)) == 0)
		return refer_text(tables, addr + sizeof(mapped), 4, ret_reference);
	return refer_text(tables, addr, 16, ret_reference);
}

static int push(struct batch_tables *tables, struct columns *columns, const uint64_t *row)
{
	int r = columns_reserve(columns);

	if (r < 0)
		return r;
	tables->bytes += columns_push(columns, row);
	return 0;
}

static uint64_t since_base_ms(const struct batch_tables *tables, uint64_t time_ns)
{
	return time_ns / NS_PER_MS - tables->base_ms;
}

static int add_exec(struct batch_tables *tables, const struct record_exec *exec)
{
	uint64_t row[EXEC_ROW_COUNT] = {
		[EXEC_ROW_TIME_MS] = since_base_ms(tables, exec->time_ns),
		[EXEC_ROW_EUID] = exec->euid,
		[EXEC_ROW_EGID] = exec->egid,
		[EXEC_ROW_CGROUP_ID] = exec->cgroup_id,
		[EXEC_ROW_ARGS_TOTAL_BYTES] = exec->args_total_bytes,
		[EXEC_ROW_FLAGS] = exec->file.deleted ? EXEC_FLAG_DELETED : 0,
	};
	int r = refer_process(tables, &exec->process, &row[EXEC_ROW_PROCESS]);

	if (r < 0)
		return r;
	r = refer_process(tables, &exec->parent, &row[EXEC_ROW_PARENT]);
	if (r < 0)
		return r;
	return push(tables, &tables->execs, row);
}

static int add_exit(struct batch_tables *tables, const struct record_exit *ended)
{
	uint64_t row[EXIT_ROW_COUNT] = {
		[EXIT_ROW_TIME_MS] = since_base_ms(tables, ended->time_ns),
		[EXIT_ROW_STATUS] = (uint64_t)(int64_t)ended->status,
	};
	int r = refer_process(tables, &ended->process, &row[EXIT_ROW_PROCESS]);

	if (r < 0)
		return r;
	return push(tables, &tables->exits, row);
}

static int refer_flow(struct batch_tables *tables, const struct record_flow *flow,
		      uint64_t row[FLOW_ROW_COUNT])
{
	int r = refer_addr(tables, flow->source.addr, &row[FLOW_ROW_SOURCE_ADDR]);

	if (r < 0)
		return r;
	r = refer_addr(tables, flow->destination.addr, &row[FLOW_ROW_DESTINATION_ADDR]);
	if (r < 0)
		return r;
	r = refer_process(tables, &flow->process, &row[FLOW_ROW_PROCESS]);
	if (r < 0)
		return r;
	return refer_process(tables, &flow->listener, &row[FLOW_ROW_LISTENER]);
}

static int add_flow(struct batch_tables *tables, const struct record_flow *flow)
{
	uint64_t start_ms = flow->start_ns / NS_PER_MS;
	uint64_t end_ms = flow->end_ns / NS_PER_MS;
	uint64_t row[FLOW_ROW_COUNT] = {
		[FLOW_ROW_START_MS] = since_base_ms(tables, flow->start_ns),
		[FLOW_ROW_DURATION_MS] = end_ms > start_ms ? end_ms - start_ms : 0,
		[FLOW_ROW_COOKIE] = flow->cookie,
		[FLOW_ROW_INDEX] = flow->index,
		[FLOW_ROW_PART] = flow->part,
		[FLOW_ROW_FLAGS] = (flow->final ? FLOW_FLAG_FINAL : 0) |
				   (flow->counters_reset ? FLOW_FLAG_COUNTERS_RESET : 0),
		[FLOW_ROW_DIRECTION] = flow->direction,
		[FLOW_ROW_STATE] = flow->state,
		[FLOW_ROW_PROTOCOL] = flow->protocol,
		[FLOW_ROW_ERROR] = flow->error,
		[FLOW_ROW_SOURCE_PORT] = flow->source.port,
		[FLOW_ROW_DESTINATION_PORT] = flow->destination.port,
		[FLOW_ROW_SOURCE_BYTES] = flow->source.bytes,
		[FLOW_ROW_DESTINATION_BYTES] = flow->destination.bytes,
		[FLOW_ROW_SOURCE_PACKETS] = flow->source.packets,
		[FLOW_ROW_DESTINATION_PACKETS] = flow->destination.packets,
		[FLOW_ROW_RETRANSMITS] = flow->retransmits,
		[FLOW_ROW_SRTT_US] = flow->srtt_us,
		[FLOW_ROW_HANDSHAKE_US] = flow->handshake_us,
		[FLOW_ROW_OWNER_QUALITY] = flow->owner_quality,
	};
	int r = refer_flow(tables, flow, row);

	if (r < 0)
		return r;
	return push(tables, &tables->flows, row);
}

static int reserve_gap(struct batch_tables *tables)
{
	size_t capacity = tables->gap_capacity ? 2 * tables->gap_capacity : GAPS_FIRST;
	Yagura__Telemetry__Gap *grown;

	if (tables->gap_count < tables->gap_capacity)
		return 0;
	grown = realloc(tables->gaps, capacity * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	tables->gaps = grown;
	tables->gap_capacity = capacity;
	return 0;
}

static int add_gap(struct batch_tables *tables, const struct record_gap *gap)
{
	Yagura__Telemetry__Gap row = YAGURA__TELEMETRY__GAP__INIT;
	int r = reserve_gap(tables);

	if (r < 0)
		return r;
	row.time_ms = gap->time_ns / NS_PER_MS;
	row.record_class = gap->class;
	row.reason = gap->reason;
	row.count = gap->count;
	tables->gaps[tables->gap_count++] = row;
	tables->bytes += GAP_BYTES_MAX;
	return 0;
}

int batch_tables_add(struct batch_tables *tables, const struct record *record)
{
	switch (record->class) {
	case RECORD_EXEC:
		return add_exec(tables, &record->exec);
	case RECORD_EXIT:
		return add_exit(tables, &record->exit);
	case RECORD_FLOW:
		return add_flow(tables, &record->flow);
	case RECORD_GAP:
		return add_gap(tables, &record->gap);
	case RECORD_CLASS_COUNT:
	default:
		return -EINVAL;
	}
}

size_t batch_tables_written_bytes(const struct record *record)
{
	if (record->class == RECORD_EXEC)
		return process_text_bytes(&record->exec.process) +
		       process_text_bytes(&record->exec.parent);
	if (record->class == RECORD_EXIT)
		return process_text_bytes(&record->exit.process);
	if (record->class == RECORD_FLOW)
		return process_text_bytes(&record->flow.process) +
		       process_text_bytes(&record->flow.listener);
	return 0;
}

size_t batch_tables_bytes_max(const struct record *record)
{
	size_t addresses = record->class == RECORD_FLOW ? 2 * sizeof(record->flow.source.addr) : 0;

	return BATCH_RECORD_FIXED_BYTES_MAX + addresses + batch_tables_written_bytes(record);
}

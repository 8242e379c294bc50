/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/batch_tables.h"

#include "common/clock.h"
#include "telemetry/batch_codec.h"
#include "telemetry/batch_refer.h"
#include "telemetry/batch_rows.h"

#include <errno.h>
#include <stdlib.h>

#define GAPS_FIRST 16
#define GAP_BYTES_MAX 40u

_Static_assert(FLOW_ROW_COUNT <= COLUMNS_MAX, "the widest table must fit");
_Static_assert(MARK_VALUE_BYTES_MAX <= BATCH_TEXT_BYTES_MAX, "a mark is a text");
_Static_assert(RECORD_ANCESTORS_MAX <= MARKS_MAX, "room for the texts of the one or the other");

void batch_tables_init(struct batch_tables *tables)
{
	*tables = (struct batch_tables){ 0 };
	columns_init(&tables->processes.columns, &yagura__telemetry__processes__descriptor);
	columns_init(&tables->contexts.columns, &yagura__telemetry__contexts__descriptor);
	columns_init(&tables->files.columns, &yagura__telemetry__files__descriptor);
	columns_init(&tables->sockets.columns, &yagura__telemetry__sockets__descriptor);
	columns_init(&tables->hashes.columns, &yagura__telemetry__hashes__descriptor);
	columns_init(&tables->marks.columns, &yagura__telemetry__marks__descriptor);
	columns_init(&tables->fingerprints.columns, &yagura__telemetry__fingerprints__descriptor);
	columns_init(&tables->ancestries.columns, &yagura__telemetry__ancestries__descriptor);
	columns_init(&tables->execs, &yagura__telemetry__execs__descriptor);
	columns_init(&tables->exits, &yagura__telemetry__exits__descriptor);
	columns_init(&tables->flows, &yagura__telemetry__flows__descriptor);
	columns_init(&tables->exec_updates, &yagura__telemetry__exec_updates__descriptor);
}

static void shared_done(struct shared_rows *shared)
{
	intern_clear(&shared->rows);
	columns_done(&shared->columns);
}

void batch_tables_done(struct batch_tables *tables)
{
	intern_clear(&tables->texts);
	shared_done(&tables->processes);
	shared_done(&tables->contexts);
	shared_done(&tables->files);
	shared_done(&tables->sockets);
	shared_done(&tables->hashes);
	shared_done(&tables->marks);
	shared_done(&tables->fingerprints);
	shared_done(&tables->ancestries);
	columns_done(&tables->execs);
	columns_done(&tables->exits);
	columns_done(&tables->flows);
	columns_done(&tables->exec_updates);
	free(tables->gaps);
}

static void shared_clear(struct shared_rows *shared)
{
	intern_clear(&shared->rows);
	columns_clear(&shared->columns);
}

void batch_tables_clear(struct batch_tables *tables)
{
	intern_clear(&tables->texts);
	shared_clear(&tables->processes);
	shared_clear(&tables->contexts);
	shared_clear(&tables->files);
	shared_clear(&tables->sockets);
	shared_clear(&tables->hashes);
	shared_clear(&tables->marks);
	shared_clear(&tables->fingerprints);
	shared_clear(&tables->ancestries);
	columns_clear(&tables->execs);
	columns_clear(&tables->exits);
	columns_clear(&tables->flows);
	columns_clear(&tables->exec_updates);
	tables->gap_count = 0;
	tables->bytes = 0;
	tables->written_bytes = 0;
}

/* Nothing once a part of the record could not be referred to. */
static void push(struct batch_tables *tables, struct columns *columns, const uint64_t *row)
{
	if (tables->error == 0)
		tables->error = columns_reserve(columns);
	if (tables->error == 0)
		tables->bytes += columns_push(columns, row);
}

static uint64_t since_base_ms(const struct batch_tables *tables, uint64_t time_ns)
{
	return time_ns / NS_PER_MS - tables->base_ms;
}

static unsigned int flag(bool is_set, unsigned int bit)
{
	return is_set ? bit : 0;
}

static unsigned int exec_flags(const struct record_exec *exec)
{
	return flag(exec->file.deleted, EXEC_FLAG_DELETED) |
	       flag(exec->file.memfd, EXEC_FLAG_MEMFD) |
	       flag(exec->file.upper_layer, EXEC_FLAG_UPPER_LAYER) |
	       flag(exec->privileged, EXEC_FLAG_PRIVILEGED) |
	       flag(exec->no_new_privs, EXEC_FLAG_NO_NEW_PRIVS) |
	       flag(exec->from_thread, EXEC_FLAG_FROM_THREAD) |
	       flag(exec->first_seen, EXEC_FLAG_FIRST_SEEN) |
	       flag(exec->args_shape, EXEC_FLAG_ARGS_SHAPE) |
	       flag(exec->args_gave_up, EXEC_FLAG_ARGS_GAVE_UP);
}

static void add_exec(struct batch_tables *tables, const struct record_exec *exec)
{
	bool is_same_pid = exec->namespace_pid == exec->process.key.pid;
	const uint64_t row[EXEC_ROW_COUNT] = {
		[EXEC_ROW_TIME_MS] = since_base_ms(tables, exec->time_ns),
		[EXEC_ROW_PROCESS] = batch_refer_process(tables, &exec->process),
		[EXEC_ROW_PARENT] = batch_refer_process(tables, &exec->parent),
		[EXEC_ROW_EUID] = exec->euid,
		[EXEC_ROW_EGID] = exec->egid,
		[EXEC_ROW_CGROUP_ID] = exec->cgroup_id,
		[EXEC_ROW_ARGS_TOTAL_BYTES] = exec->args_total_bytes,
		[EXEC_ROW_FLAGS] = exec_flags(exec),
		[EXEC_ROW_CONTEXT] = batch_refer_context(tables, exec),
		[EXEC_ROW_FILE] = batch_refer_file(tables, &exec->file),
		[EXEC_ROW_CWD] = batch_refer_path(tables, exec->cwd),
		[EXEC_ROW_SCRIPT] = batch_refer_path(tables, exec->script),
		[EXEC_ROW_SESSION_PID] = exec->session_pid,
		[EXEC_ROW_NAMESPACE_PID] = is_same_pid ? 0 : exec->namespace_pid + 1u,
		[EXEC_ROW_HASH] = batch_refer_hash(tables, &exec->file.hash),
		[EXEC_ROW_SCRIPT_HASH] = batch_refer_hash(tables, &exec->script_hash),
		[EXEC_ROW_ANCESTRY] = batch_refer_ancestors(tables, exec),
		[EXEC_ROW_CREATOR] = batch_refer_relative(tables, &exec->creator),
		[EXEC_ROW_FORMER_EUID] = exec->former_euid + 1u,
		[EXEC_ROW_FACTS] = exec->facts,
		[EXEC_ROW_PX1] = batch_refer_px1(tables, exec->px1),
		[EXEC_ROW_ARGS_REDACTED] = exec->args_redacted,
	};

	push(tables, &tables->execs, row);
}

static void add_exec_update(struct batch_tables *tables, const struct record_exec_update *update)
{
	const uint64_t row[UPDATE_ROW_COUNT] = {
		[UPDATE_ROW_TIME_MS] = since_base_ms(tables, update->time_ns),
		[UPDATE_ROW_PROCESS] = batch_refer_process(tables, &update->process),
		[UPDATE_ROW_HASH] = batch_refer_hash(tables, &update->hash),
		[UPDATE_ROW_SCRIPT_HASH] = batch_refer_hash(tables, &update->script_hash),
		[UPDATE_ROW_FLAGS] = flag(update->first_seen, EXEC_FLAG_FIRST_SEEN),
		[UPDATE_ROW_PX1] = batch_refer_px1(tables, update->px1),
	};

	push(tables, &tables->exec_updates, row);
}

static void add_exit(struct batch_tables *tables, const struct record_exit *ended)
{
	const uint64_t row[EXIT_ROW_COUNT] = {
		[EXIT_ROW_TIME_MS] = since_base_ms(tables, ended->time_ns),
		[EXIT_ROW_PROCESS] = batch_refer_process(tables, &ended->process),
		[EXIT_ROW_STATUS] = (uint64_t)(int64_t)ended->status,
		[EXIT_ROW_RUN_US] = ended->run_ns / NS_PER_US,
	};

	push(tables, &tables->exits, row);
}

static unsigned int flow_flags(const struct record_flow *flow)
{
	return flag(flow->final, FLOW_FLAG_FINAL) |
	       flag(flow->counters_reset, FLOW_FLAG_COUNTERS_RESET) |
	       flag(flow->shared, FLOW_FLAG_SHARED) |
	       flag(flow->preexisting, FLOW_FLAG_PREEXISTING) |
	       flag(flow->folded, FLOW_FLAG_FOLDED) | flag(flow->is_ipv6, FLOW_FLAG_IPV6);
}

static void fill_ends(struct batch_tables *tables, const struct record_flow *flow, uint64_t *row)
{
	const struct record_endpoint *source = &flow->source;
	const struct record_endpoint *destination = &flow->destination;

	row[FLOW_ROW_SOURCE_ADDR] = batch_refer_addr(tables, source->addr);
	row[FLOW_ROW_SOURCE_PORT] = source->port;
	row[FLOW_ROW_SOURCE_BYTES] = source->bytes;
	row[FLOW_ROW_SOURCE_PACKETS] = source->packets;
	row[FLOW_ROW_SOURCE_DATA_PACKETS] = source->data_packets;
	row[FLOW_ROW_DESTINATION_ADDR] = batch_refer_addr(tables, destination->addr);
	row[FLOW_ROW_DESTINATION_PORT] = destination->port;
	row[FLOW_ROW_DESTINATION_BYTES] = destination->bytes;
	row[FLOW_ROW_DESTINATION_PACKETS] = destination->packets;
	row[FLOW_ROW_DESTINATION_DATA_PACKETS] = destination->data_packets;
}

static void add_flow(struct batch_tables *tables, const struct record_flow *flow)
{
	uint64_t start_ms = flow->start_ns / NS_PER_MS;
	uint64_t end_ms = flow->end_ns / NS_PER_MS;
	uint64_t row[FLOW_ROW_COUNT] = {
		[FLOW_ROW_START_MS] = since_base_ms(tables, flow->start_ns),
		[FLOW_ROW_DURATION_MS] = end_ms > start_ms ? end_ms - start_ms : 0,
		[FLOW_ROW_COOKIE] = flow->cookie,
		[FLOW_ROW_INDEX] = flow->index,
		[FLOW_ROW_PART] = flow->part,
		[FLOW_ROW_FLAGS] = flow_flags(flow),
		[FLOW_ROW_DIRECTION] = flow->direction,
		[FLOW_ROW_STATE] = flow->state,
		[FLOW_ROW_PROTOCOL] = flow->protocol,
		[FLOW_ROW_ERROR] = flow->error,
		[FLOW_ROW_RETRANSMITS] = flow->retransmits,
		[FLOW_ROW_SRTT_US] = flow->srtt_us,
		[FLOW_ROW_HANDSHAKE_US] = flow->handshake_us,
		[FLOW_ROW_OWNER_QUALITY] = flow->owner_quality,
		[FLOW_ROW_PROCESS] = batch_refer_process(tables, &flow->process),
		[FLOW_ROW_LISTENER] = batch_refer_process(tables, &flow->listener),
		[FLOW_ROW_ENDING] = flow->ending,
		[FLOW_ROW_ICMP] = (unsigned int)flow->icmp_type << 8 | flow->icmp_code,
		[FLOW_ROW_MIN_RTT_US] = flow->min_rtt_us,
		[FLOW_ROW_REPEATS] = flow->count - 1u,
		[FLOW_ROW_PORTS] = flow->ports,
		[FLOW_ROW_SOCKET] = batch_refer_socket(tables, flow),
		[FLOW_ROW_FINGERPRINT] = batch_refer_marks(tables, flow),
		[FLOW_ROW_DESTINATION_NAME] = batch_refer_path(tables, flow->destination_name),
		[FLOW_ROW_SPLT] = batch_refer_splt(tables, &flow->splt),
	};

	fill_ends(tables, flow, row);
	push(tables, &tables->flows, row);
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

static void add_gap(struct batch_tables *tables, const struct record_gap *gap)
{
	Yagura__Telemetry__Gap row = YAGURA__TELEMETRY__GAP__INIT;

	row.time_ms = gap->time_ns / NS_PER_MS;
	row.record_class = gap->class;
	row.reason = gap->reason;
	row.count = gap->count;
	row.cgroup = (uint32_t)batch_refer_path(tables, gap->cgroup);
	if (tables->error == 0)
		tables->error = reserve_gap(tables);
	if (tables->error < 0)
		return;
	tables->gaps[tables->gap_count++] = row;
	tables->bytes += GAP_BYTES_MAX;
}

int batch_tables_add(struct batch_tables *tables, const struct record *record)
{
	tables->error = 0;
	switch (record->class) {
	case RECORD_EXEC:
		add_exec(tables, &record->exec);
		break;
	case RECORD_EXIT:
		add_exit(tables, &record->exit);
		break;
	case RECORD_FLOW:
		add_flow(tables, &record->flow);
		break;
	case RECORD_GAP:
		add_gap(tables, &record->gap);
		break;
	case RECORD_EXEC_UPDATE:
		add_exec_update(tables, &record->exec_update);
		break;
	case RECORD_CLASS_COUNT:
	default:
		return -EINVAL;
	}
	if (tables->error == 0)
		tables->written_bytes += batch_tables_written_bytes(record);
	return tables->error;
}

static bool has_rows(const struct shared_rows *shared, uint32_t count)
{
	return shared->rows.count + count <= BATCH_ROWS_MAX;
}

bool batch_tables_have_rows(const struct batch_tables *tables)
{
	return tables->texts.count + BATCH_RECORD_TEXTS_MAX + MARKS_MAX <= BATCH_TEXTS_MAX &&
	       has_rows(&tables->processes, 3 + RECORD_ANCESTORS_MAX) &&
	       has_rows(&tables->ancestries, RECORD_ANCESTORS_MAX) &&
	       has_rows(&tables->contexts, 1) && has_rows(&tables->files, 1) &&
	       has_rows(&tables->sockets, 1) && has_rows(&tables->hashes, 2) &&
	       has_rows(&tables->marks, MARKS_MAX) && has_rows(&tables->fingerprints, MARKS_MAX);
}

static size_t flow_written_bytes(const struct record_flow *flow)
{
	return batch_process_bytes(&flow->process) + batch_process_bytes(&flow->listener) +
	       batch_kept_path(flow->cgroup).length +
	       batch_kept_path(flow->destination_name).length + batch_marks_bytes(flow) +
	       batch_kept_marks(flow) * MARK_WRITTEN_BYTES;
}

static size_t exec_written_bytes(const struct record_exec *exec)
{
	size_t bytes = batch_process_bytes(&exec->process) + batch_process_bytes(&exec->parent) +
		       batch_kept_path(exec->creator.executable).length +
		       batch_kept_path(exec->cwd).length + batch_kept_path(exec->script).length +
		       batch_kept_path(exec->cgroup).length;

	for (size_t i = 0; i < batch_kept_ancestors(exec); i++)
		bytes += batch_kept_path(exec->ancestors[i].executable).length +
			 ANCESTOR_WRITTEN_BYTES;
	return bytes;
}

size_t batch_tables_written_bytes(const struct record *record)
{
	switch (record->class) {
	case RECORD_EXEC:
		return exec_written_bytes(&record->exec);
	case RECORD_EXIT:
		return batch_process_bytes(&record->exit.process);
	case RECORD_FLOW:
		return flow_written_bytes(&record->flow);
	case RECORD_GAP:
		return batch_kept_path(record->gap.cgroup).length;
	case RECORD_EXEC_UPDATE:
		return batch_process_bytes(&record->exec_update.process);
	case RECORD_CLASS_COUNT:
	default:
		return 0;
	}
}

size_t batch_tables_bytes_max(const struct record *record)
{
	size_t bytes = BATCH_RECORD_FIXED_BYTES_MAX + batch_tables_written_bytes(record);

	if (record->class == RECORD_EXEC || record->class == RECORD_EXEC_UPDATE)
		bytes += BATCH_EXEC_UNWRITTEN_BYTES_MAX;
	if (record->class == RECORD_FLOW)
		bytes += BATCH_FLOW_UNWRITTEN_BYTES_MAX +
			 batch_kept_marks(&record->flow) * BATCH_MARK_FIXED_BYTES_MAX;
	if (record->class == RECORD_EXEC)
		bytes += batch_kept_ancestors(&record->exec) * BATCH_ANCESTOR_FIXED_BYTES_MAX;
	return bytes;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/batch_tables.h"

#include "common/clock.h"
#include "proto/telemetry.pb-c.h"
#include "telemetry/batch_refer.h"

#include <errno.h>
#include <string.h>

/* Times of executions are told as what they come after the process's start: a little above 0. */
#define BOOT_MARGIN_MS 16u

#define FITS(TABLE, NAME, name)                                                                    \
	_Static_assert(TABLE##_ROW_COUNT <= COLUMNS_MAX, "the widest table must fit");
BATCH_SHARED_TABLES(FITS)
BATCH_RECORD_TABLES(FITS)
_Static_assert(MARK_VALUE_BYTES_MAX <= BATCH_TEXT_BYTES_MAX, "a mark is a text");
_Static_assert(RECORD_ANCESTORS_MAX <= MARKS_MAX, "room for the texts of the one or the other");

const ProtobufCMessageDescriptor *batch_table_descriptor(enum batch_table table)
{
	static const ProtobufCMessageDescriptor *const descriptors[TABLE_COUNT] = {
#define DESCRIPTOR(TABLE, NAME, name) [TABLE_##NAME] = &yagura__telemetry__##name##__descriptor,
		BATCH_SHARED_TABLES(DESCRIPTOR) BATCH_RECORD_TABLES(DESCRIPTOR)
#undef DESCRIPTOR
	};

	return descriptors[table];
}

void batch_tables_init(struct batch_tables *tables)
{
	*tables = (struct batch_tables){ 0 };
	for (int i = 0; i < TABLE_SHARED_COUNT; i++)
		columns_init(&tables->shared[i].columns,
			     batch_table_descriptor((enum batch_table)i));
	for (int i = TABLE_SHARED_COUNT; i < TABLE_COUNT; i++)
		columns_init(batch_tables_records(tables, (enum batch_table)i),
			     batch_table_descriptor((enum batch_table)i));
}

void batch_tables_done(struct batch_tables *tables)
{
	intern_done(&tables->texts);
	intern_done(&tables->blobs);
	for (int i = 0; i < TABLE_SHARED_COUNT; i++)
		intern_rows_done(&tables->shared[i]);
	for (int i = TABLE_SHARED_COUNT; i < TABLE_COUNT; i++)
		columns_done(batch_tables_records(tables, (enum batch_table)i));
}

void batch_tables_clear(struct batch_tables *tables)
{
	for (int i = TABLE_SHARED_COUNT; i < TABLE_COUNT; i++)
		batch_tables_records(tables, (enum batch_table)i)->count = 0;
	tables->has_boot = false;
	tables->bytes = 0;
	tables->written_bytes = 0;
}

void batch_tables_begin_epoch(struct batch_tables *tables)
{
	batch_tables_clear(tables);
	intern_clear(&tables->texts);
	intern_clear(&tables->blobs);
	for (int i = 0; i < TABLE_SHARED_COUNT; i++)
		intern_rows_clear(&tables->shared[i]);
	memset(&tables->processes, 0, sizeof(tables->processes));
	memset(&tables->fingerprints, 0, sizeof(tables->fingerprints));
	tables->epoch_bytes = 0;
}

/* Nothing once a part of the record could not be referred to. */
static void push(struct batch_tables *tables, enum batch_table table, const uint64_t *row)
{
	struct columns *columns = batch_tables_records(tables, table);

	if (tables->error == 0)
		tables->error = columns_reserve(columns, 1);
	if (tables->error < 0)
		return;
	columns_push(columns, row);
	tables->bytes += columns->row_bytes_max;
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

static uint64_t after_start_ms(struct batch_tables *tables, const struct record_exec *exec)
{
	uint64_t start_ms = exec->process.key.start_ns / NS_PER_MS;
	uint64_t time_ms = exec->time_ns / NS_PER_MS;

	if (!tables->has_boot)
		tables->boot_ms = time_ms - start_ms - BOOT_MARGIN_MS;
	tables->has_boot = true;
	return time_ms - start_ms - tables->boot_ms;
}

static void add_exec(struct batch_tables *tables, const struct record_exec *exec)
{
	bool is_same_pid = exec->namespace_pid == exec->process.key.pid;
	const uint64_t row[EXEC_ROW_COUNT] = {
		[EXEC_ROW_PROCESS] = batch_refer_executed(tables, exec),
		[EXEC_ROW_AFTER_START_MS] = after_start_ms(tables, exec),
		[EXEC_ROW_SITUATION] = batch_refer_situation(tables, exec),
		[EXEC_ROW_FLAGS] = exec_flags(exec),
		[EXEC_ROW_FACTS] = exec->facts,
		[EXEC_ROW_FORMER_EUID] = exec->former_euid + 1u,
		[EXEC_ROW_ARGS_CUT_BYTES] =
			exec->args_total_bytes - batch_kept_args(exec->process.args).length,
		[EXEC_ROW_ARGS_REDACTED] = exec->args_redacted,
		[EXEC_ROW_NAMESPACE_PID] = is_same_pid ? 0 : exec->namespace_pid + 1u,
	};

	push(tables, TABLE_EXECS, row);
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
		[UPDATE_ROW_PX1_END] = batch_refer_px1_end(tables, update->px1),
	};

	push(tables, TABLE_EXEC_UPDATES, row);
}

static void add_exit(struct batch_tables *tables, const struct record_exit *ended)
{
	const uint64_t row[EXIT_ROW_COUNT] = {
		[EXIT_ROW_TIME_MS] = since_base_ms(tables, ended->time_ns),
		[EXIT_ROW_PROCESS] = batch_refer_process(tables, &ended->process),
		[EXIT_ROW_STATUS] = (uint64_t)(int64_t)ended->status,
		[EXIT_ROW_RUN_US] = ended->run_ns / NS_PER_US,
	};

	push(tables, TABLE_EXITS, row);
}

static void add_flow(struct batch_tables *tables, const struct record_flow *flow)
{
	const struct record_endpoint *source = &flow->source;
	const struct record_endpoint *destination = &flow->destination;
	uint64_t start_ms = flow->start_ns / NS_PER_MS;
	uint64_t end_ms = flow->end_ns / NS_PER_MS;
	const uint64_t row[FLOW_ROW_COUNT] = {
		[FLOW_ROW_END_MS] = (end_ms > start_ms ? end_ms : start_ms) - tables->base_ms,
		[FLOW_ROW_DURATION_MS] = end_ms > start_ms ? end_ms - start_ms : 0,
		[FLOW_ROW_COOKIE] = flow->cookie,
		[FLOW_ROW_INDEX] = flow->index,
		[FLOW_ROW_PART] = flow->part,
		[FLOW_ROW_CLASS] = batch_refer_flow_class(tables, flow),
		[FLOW_ROW_PEER] = batch_refer_peer(tables, flow),
		[FLOW_ROW_SOURCE_PORT] = source->port,
		[FLOW_ROW_SOURCE_BYTES] = source->bytes,
		[FLOW_ROW_DESTINATION_BYTES] = destination->bytes,
		[FLOW_ROW_SOURCE_PACKETS] = source->packets,
		[FLOW_ROW_DESTINATION_PACKETS] = destination->packets,
		[FLOW_ROW_SOURCE_EMPTY_PACKETS] = source->packets - source->data_packets,
		[FLOW_ROW_DESTINATION_EMPTY_PACKETS] =
			destination->packets - destination->data_packets,
		[FLOW_ROW_RETRANSMITS] = flow->retransmits,
		[FLOW_ROW_SRTT_US] = flow->srtt_us,
		[FLOW_ROW_MIN_RTT_US] = flow->min_rtt_us,
		[FLOW_ROW_HANDSHAKE_US] = flow->handshake_us,
		[FLOW_ROW_REPEATS] = flow->count - 1u,
		[FLOW_ROW_PORTS] = flow->ports,
		[FLOW_ROW_SPLT] = batch_refer_splt(tables, &flow->splt),
	};

	push(tables, TABLE_FLOWS, row);
}

static void add_gap(struct batch_tables *tables, const struct record_gap *gap)
{
	const uint64_t row[GAP_ROW_COUNT] = {
		[GAP_ROW_TIME_MS] = since_base_ms(tables, gap->time_ns),
		[GAP_ROW_RECORD_CLASS] = gap->class,
		[GAP_ROW_REASON] = gap->reason,
		[GAP_ROW_RECORDS] = gap->count,
		[GAP_ROW_CGROUP] = batch_refer_path(tables, gap->cgroup),
	};

	push(tables, TABLE_GAPS, row);
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

/* The most rows of each table that a record adds: marks and ancestors come one by one. */
#define RECORD_ROWS_MAX (3u + RECORD_ANCESTORS_MAX + MARKS_MAX)

bool batch_tables_have_rows(const struct batch_tables *tables)
{
	for (int i = 0; i < TABLE_SHARED_COUNT; i++)
		if (tables->shared[i].columns.count + RECORD_ROWS_MAX > BATCH_ROWS_MAX)
			return false;
	return tables->texts.count + BATCH_RECORD_TEXTS_MAX + MARKS_MAX <= BATCH_TEXTS_MAX &&
	       tables->blobs.count + BATCH_RECORD_TEXTS_MAX <= BATCH_TEXTS_MAX;
}

static size_t flow_written_bytes(const struct record_flow *flow)
{
	size_t marks_bytes;
	size_t marks = batch_kept_marks(flow, &marks_bytes);

	return batch_process_bytes(&flow->process) + batch_process_bytes(&flow->listener) +
	       batch_kept_path(flow->cgroup).length +
	       batch_kept_path(flow->destination_name).length + marks_bytes +
	       marks * MARK_WRITTEN_BYTES;
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
	size_t marks_bytes;

	if (record->class == RECORD_EXEC || record->class == RECORD_EXEC_UPDATE)
		bytes += BATCH_EXEC_UNWRITTEN_BYTES_MAX;
	if (record->class == RECORD_FLOW)
		bytes += BATCH_FLOW_UNWRITTEN_BYTES_MAX +
			 batch_kept_marks(&record->flow, &marks_bytes) * BATCH_MARK_FIXED_BYTES_MAX;
	if (record->class == RECORD_EXEC)
		bytes += batch_kept_ancestors(&record->exec) * BATCH_ANCESTOR_FIXED_BYTES_MAX;
	return bytes;
}

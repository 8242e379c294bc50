/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/batch_read.h"

#include "common/clock.h"
#include "telemetry/batch_rows.h"
#include "telemetry/columns.h"

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

uint64_t reading_time_ns(struct reading *reading, uint64_t since_base_ms)
{
	return read_time_ms(reading, reading->batch->base_ms + since_base_ms) * NS_PER_MS;
}

struct text reading_text(struct reading *reading, uint64_t reference)
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
	struct text text = reading_text(reading, reference);

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

void reading_count(struct reading *reading, size_t bytes)
{
	reading->written_bytes += bytes;
	if (reading->written_bytes > BATCH_WRITTEN_BYTES_MAX)
		reading_refuse(reading, "texts referred to too often");
}

/* Counted each time: collectors write it out each time. */
struct text reading_written(struct reading *reading, uint64_t reference)
{
	struct text text = reading_text(reading, reference);

	reading_count(reading, text.length);
	return text;
}

/* Collectors index these: long ones would slow down every later insert. */
struct text reading_path(struct reading *reading, uint64_t reference)
{
	struct text path = reading_written(reading, reference);

	if (path.length > BATCH_PATH_BYTES_MAX)
		reading_refuse(reading, "path too long");
	return path;
}

struct text reading_px1(struct reading *reading, uint64_t reference)
{
	struct text px1 = reading_text(reading, reference);

	if (px1.length > RECORD_PX1_BYTES)
		reading_refuse(reading, "px1 too long");
	return px1;
}

const uint64_t *reading_row(struct reading *reading, const struct shared_table *table,
			    uint64_t reference, const char *why)
{
	static const uint64_t none[COLUMNS_MAX];

	if (reference > 0 && reference <= table->count)
		return table->values + (reference - 1) * table->width;
	if (reference > 0)
		reading_refuse(reading, why);
	return none;
}

struct record_process reading_process(struct reading *reading, uint64_t reference)
{
	const uint64_t *row = reading_row(reading, &reading->processes, reference,
					  "process reference out of range");

	return (struct record_process){
		.key = { .start_ns = row[PROCESS_ROW_START_NS],
			 .pid = (uint32_t)row[PROCESS_ROW_PID],
			 .exec_count = (uint32_t)row[PROCESS_ROW_EXEC_COUNT] },
		.uid = (uint32_t)row[PROCESS_ROW_UID] - 1u, /* 0, unknown, becomes UINT32_MAX */
		.gid = (uint32_t)row[PROCESS_ROW_GID] - 1u,
		.executable = reading_path(reading, row[PROCESS_ROW_EXECUTABLE]),
		.args = reading_written(reading, row[PROCESS_ROW_ARGS]),
		.args_truncated = row[PROCESS_ROW_FLAGS] & PROCESS_FLAG_ARGS_TRUNCATED,
	};
}

static struct record_file read_file(struct reading *reading, const uint64_t *exec_row)
{
	const uint64_t *row = reading_row(reading, &reading->files, exec_row[EXEC_ROW_FILE],
					  "file reference out of range");
	uint64_t flags = exec_row[EXEC_ROW_FLAGS];

	return (struct record_file){
		.inode = row[FILE_ROW_INODE],
		.bytes = row[FILE_ROW_BYTES],
		.ctime_ns = row[FILE_ROW_CTIME_NS],
		.mtime_ns = row[FILE_ROW_MTIME_NS],
		.device_major = (uint32_t)row[FILE_ROW_DEVICE_MAJOR],
		.device_minor = (uint32_t)row[FILE_ROW_DEVICE_MINOR],
		.nlink = (uint32_t)row[FILE_ROW_NLINK],
		.mode = (uint32_t)row[FILE_ROW_MODE],
		.deleted = flags & EXEC_FLAG_DELETED,
		.memfd = flags & EXEC_FLAG_MEMFD,
		.upper_layer = flags & EXEC_FLAG_UPPER_LAYER,
	};
}

static void read_context(struct reading *reading, uint64_t reference, struct record_exec *exec)
{
	const uint64_t *row = reading_row(reading, &reading->contexts, reference,
					  "context reference out of range");

	exec->namespaces = (struct record_namespaces){
		.cgroup = (uint32_t)row[CONTEXT_ROW_CGROUP_NS],
		.ipc = (uint32_t)row[CONTEXT_ROW_IPC_NS],
		.mnt = (uint32_t)row[CONTEXT_ROW_MNT_NS],
		.net = (uint32_t)row[CONTEXT_ROW_NET_NS],
		.pid = (uint32_t)row[CONTEXT_ROW_PID_NS],
		.user = (uint32_t)row[CONTEXT_ROW_USER_NS],
		.uts = (uint32_t)row[CONTEXT_ROW_UTS_NS],
	};
	exec->cgroup = reading_path(reading, row[CONTEXT_ROW_CGROUP]);
	exec->loginuid = (uint32_t)row[CONTEXT_ROW_LOGINUID] - 1u;
	exec->audit_session = (uint32_t)row[CONTEXT_ROW_AUDIT_SESSION] - 1u;
	exec->tty_major = (uint32_t)row[CONTEXT_ROW_TTY_MAJOR];
	exec->tty_minor = (uint32_t)row[CONTEXT_ROW_TTY_MINOR];
	exec->suid = (uint32_t)row[CONTEXT_ROW_SUID];
	exec->cap_effective = row[CONTEXT_ROW_CAP_EFFECTIVE];
	exec->cap_permitted = row[CONTEXT_ROW_CAP_PERMITTED];
	exec->cap_ambient = row[CONTEXT_ROW_CAP_AMBIENT];
}

void reading_exec(struct reading *reading, const uint64_t *row, struct record *ret)
{
	uint32_t namespace_pid = (uint32_t)row[EXEC_ROW_NAMESPACE_PID];
	uint64_t flags = row[EXEC_ROW_FLAGS];
	struct record_exec *exec = &ret->exec;

	*ret = (struct record){
		.class = RECORD_EXEC,
		.exec = { .time_ns = reading_time_ns(reading, row[EXEC_ROW_TIME_MS]),
			  .process = reading_process(reading, row[EXEC_ROW_PROCESS]),
			  .parent = reading_process(reading, row[EXEC_ROW_PARENT]),
			  .creator = reading_relative(reading, row[EXEC_ROW_CREATOR]),
			  .file = read_file(reading, row),
			  .cwd = reading_path(reading, row[EXEC_ROW_CWD]),
			  .script = reading_path(reading, row[EXEC_ROW_SCRIPT]),
			  .euid = (uint32_t)row[EXEC_ROW_EUID],
			  .former_euid = (uint32_t)row[EXEC_ROW_FORMER_EUID] - 1u,
			  .facts = (uint32_t)row[EXEC_ROW_FACTS],
			  .egid = (uint32_t)row[EXEC_ROW_EGID],
			  .cgroup_id = row[EXEC_ROW_CGROUP_ID],
			  .args_total_bytes = (uint32_t)row[EXEC_ROW_ARGS_TOTAL_BYTES],
			  .args_redacted = (uint32_t)row[EXEC_ROW_ARGS_REDACTED],
			  .args_shape = flags & EXEC_FLAG_ARGS_SHAPE,
			  .args_gave_up = flags & EXEC_FLAG_ARGS_GAVE_UP,
			  .px1 = reading_px1(reading, row[EXEC_ROW_PX1]),
			  .session_pid = (uint32_t)row[EXEC_ROW_SESSION_PID],
			  .privileged = flags & EXEC_FLAG_PRIVILEGED,
			  .no_new_privs = flags & EXEC_FLAG_NO_NEW_PRIVS,
			  .from_thread = flags & EXEC_FLAG_FROM_THREAD,
			  .first_seen = flags & EXEC_FLAG_FIRST_SEEN },
	};
	read_context(reading, row[EXEC_ROW_CONTEXT], exec);
	reading_hash(reading, row[EXEC_ROW_HASH], &exec->file.hash);
	reading_hash(reading, row[EXEC_ROW_SCRIPT_HASH], &exec->script_hash);
	reading_ancestors(reading, row[EXEC_ROW_ANCESTRY], exec);
	exec->namespace_pid = namespace_pid > 0 ? namespace_pid - 1u : exec->process.key.pid;
	if (reading->batch->schema == BATCH_SCHEMA_OLDEST)
		exec->namespace_pid = 0; /* nobody asked then */
}

static uint64_t read_run_ns(struct reading *reading, uint64_t run_us)
{
	return read_max(reading, run_us, UINT64_MAX / NS_PER_US, "run time out of range") *
	       NS_PER_US;
}

void reading_exit(struct reading *reading, const uint64_t *row, struct record *ret)
{
	*ret = (struct record){
		.class = RECORD_EXIT,
		.exit = { .time_ns = reading_time_ns(reading, row[EXIT_ROW_TIME_MS]),
			  .process = reading_process(reading, row[EXIT_ROW_PROCESS]),
			  .run_ns = read_run_ns(reading, row[EXIT_ROW_RUN_US]),
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
	flow->source.data_packets = (uint32_t)row[FLOW_ROW_SOURCE_DATA_PACKETS];
	read_addr(reading, row[FLOW_ROW_DESTINATION_ADDR], flow->destination.addr);
	flow->destination.port = read_port(reading, row[FLOW_ROW_DESTINATION_PORT]);
	flow->destination.bytes = row[FLOW_ROW_DESTINATION_BYTES];
	flow->destination.packets = row[FLOW_ROW_DESTINATION_PACKETS];
	flow->destination.data_packets = (uint32_t)row[FLOW_ROW_DESTINATION_DATA_PACKETS];
}

static void read_socket(struct reading *reading, uint64_t reference, struct record_flow *flow)
{
	const uint64_t *row =
		reading_row(reading, &reading->sockets, reference, "socket reference out of range");

	flow->uid = (uint32_t)row[SOCKET_ROW_UID] - 1u;
	flow->netns = (uint32_t)row[SOCKET_ROW_NETNS];
	flow->cgroup_id = row[SOCKET_ROW_CGROUP_ID];
	flow->cgroup = reading_path(reading, row[SOCKET_ROW_CGROUP]);
}

static void read_flow_flags(const struct reading *reading, uint64_t flags, struct record_flow *flow)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	flow->final = flags & FLOW_FLAG_FINAL;
	flow->counters_reset = flags & FLOW_FLAG_COUNTERS_RESET;
	flow->shared = flags & FLOW_FLAG_SHARED;
	flow->preexisting = flags & FLOW_FLAG_PREEXISTING;
	flow->folded = flags & FLOW_FLAG_FOLDED;
	flow->is_ipv6 = flags & FLOW_FLAG_IPV6;
	if (reading->batch->schema == BATCH_SCHEMA_OLDEST)
		flow->is_ipv6 = memcmp(flow->destination.addr, mapped, sizeof(mapped)) != 0;
}

static uint16_t read_icmp(struct reading *reading, uint64_t icmp)
{
	return (uint16_t)read_max(reading, icmp, UINT16_MAX, "ICMP type out of range");
}

static uint8_t read_protocol(struct reading *reading, uint64_t protocol)
{
	return (uint8_t)read_max(reading, protocol, UINT8_MAX, "protocol out of range");
}

void reading_flow(struct reading *reading, const uint64_t *row, struct record *ret)
{
	uint64_t start_ns = reading_time_ns(reading, row[FLOW_ROW_START_MS]);
	uint16_t icmp = read_icmp(reading, row[FLOW_ROW_ICMP]);

	*ret = (struct record){
		.class = RECORD_FLOW,
		.flow = { .start_ns = start_ns,
			  .end_ns = read_end_ns(reading, start_ns, row[FLOW_ROW_DURATION_MS]),
			  .cookie = row[FLOW_ROW_COOKIE],
			  .index = (uint32_t)row[FLOW_ROW_INDEX],
			  .part = (uint32_t)row[FLOW_ROW_PART],
			  .direction = known(row[FLOW_ROW_DIRECTION], DIRECTION_INGRESS),
			  .state = known(row[FLOW_ROW_STATE], FLOW_REFUSED),
			  .ending = known(row[FLOW_ROW_ENDING], FLOW_ENDING_CLOSED),
			  .protocol = read_protocol(reading, row[FLOW_ROW_PROTOCOL]),
			  .icmp_type = (uint8_t)(icmp >> 8),
			  .icmp_code = (uint8_t)icmp,
			  .error = (uint32_t)row[FLOW_ROW_ERROR],
			  .retransmits = (uint32_t)row[FLOW_ROW_RETRANSMITS],
			  .srtt_us = (uint32_t)row[FLOW_ROW_SRTT_US],
			  .min_rtt_us = (uint32_t)row[FLOW_ROW_MIN_RTT_US],
			  .handshake_us = (uint32_t)row[FLOW_ROW_HANDSHAKE_US],
			  .count = (uint32_t)row[FLOW_ROW_REPEATS] + 1u,
			  .ports = (uint32_t)row[FLOW_ROW_PORTS],
			  .owner_quality = known(row[FLOW_ROW_OWNER_QUALITY], QUALITY_CALLER),
			  .process = reading_process(reading, row[FLOW_ROW_PROCESS]),
			  .listener = reading_process(reading, row[FLOW_ROW_LISTENER]),
			  .destination_name =
				  reading_path(reading, row[FLOW_ROW_DESTINATION_NAME]) },
	};
	read_ends(reading, row, &ret->flow);
	read_flow_flags(reading, row[FLOW_ROW_FLAGS], &ret->flow);
	read_socket(reading, row[FLOW_ROW_SOCKET], &ret->flow);
	reading_marks(reading, row[FLOW_ROW_FINGERPRINT], &ret->flow);
	reading_splt(reading, row[FLOW_ROW_SPLT], &ret->flow.splt);
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
			 .count = gap->count,
			 .cgroup = reading_path(reading, gap->cgroup) },
	};
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Processes and executions. */
#include "telemetry/batch_read.h"

#include "common/clock.h"

/* The three rows that say what a process is. */
struct process_rows {
	const uint64_t *process;
	const uint64_t *command;
	const uint64_t *image;
};

static struct process_rows find_process(struct reading *reading, uint64_t reference)
{
	struct process_rows rows;

	rows.process =
		reading_row(reading, TABLE_PROCESSES, reference, "process reference out of range");
	rows.command = reading_row(reading, TABLE_COMMANDS, rows.process[PROCESS_ROW_COMMAND],
				   "command reference out of range");
	rows.image = reading_row(reading, TABLE_IMAGES, rows.command[COMMAND_ROW_IMAGE],
				 "image reference out of range");
	return rows;
}

/* Named and no more: what it was given on its command line is its own record's to tell. */
static void read_named(struct reading *reading, const struct process_rows *rows,
		       struct record_process *ret)
{
	ret->key.start_ns = rows->process[PROCESS_ROW_START_MS] * NS_PER_MS +
			    rows->process[PROCESS_ROW_START_SUB_NS];
	ret->key.pid = (uint32_t)rows->process[PROCESS_ROW_PID];
	ret->key.exec_count = (uint32_t)rows->process[PROCESS_ROW_EXEC_COUNT];
	ret->uid = (uint32_t)rows->image[IMAGE_ROW_UID] - 1u; /* 0, unknown, becomes UINT32_MAX */
	ret->gid = (uint32_t)rows->image[IMAGE_ROW_GID] - 1u;
	ret->executable = reading_path(reading, rows->image[IMAGE_ROW_EXECUTABLE]);
	ret->args = (struct text){ 0 };
	ret->args_truncated = false;
}

static void read_whole(struct reading *reading, const struct process_rows *rows,
		       struct record_process *ret)
{
	read_named(reading, rows, ret);
	ret->args = reading_written(reading, rows->command[COMMAND_ROW_ARGS]);
	ret->args_truncated = rows->command[COMMAND_ROW_FLAGS] & COMMAND_FLAG_ARGS_TRUNCATED;
}

void reading_process(struct reading *reading, uint64_t reference, struct record_process *ret)
{
	struct process_rows rows = find_process(reading, reference);

	read_whole(reading, &rows, ret);
}

void reading_relative(struct reading *reading, uint64_t reference, struct record_process *ret)
{
	struct process_rows rows = find_process(reading, reference);

	read_named(reading, &rows, ret);
}

/* Each row leads to one before it, so this comes to an end. */
void reading_ancestors(struct reading *reading, uint64_t reference, struct record_exec *exec)
{
	size_t count = 0;

	while (reference > 0 && !reading->why) {
		const uint64_t *row = reading_row(reading, TABLE_ANCESTRIES, reference,
						  "ancestry reference out of range");

		if (row[ANCESTRY_ROW_PROCESS] == 0)
			reading_refuse(reading, "ancestor that is nobody");
		if (row[ANCESTRY_ROW_ABOVE] >= reference)
			reading_refuse(reading, "ancestor of itself");
		if (count == RECORD_ANCESTORS_MAX)
			reading_refuse(reading, "too many ancestors");
		if (reading->why)
			break;
		reading_count(reading, ANCESTOR_WRITTEN_BYTES);
		reading_relative(reading, row[ANCESTRY_ROW_PROCESS], &reading->ancestors[count++]);
		reference = row[ANCESTRY_ROW_ABOVE];
	}
	exec->ancestors = reading->ancestors;
	exec->ancestor_count = count;
}

static void read_file(struct reading *reading, const uint64_t *image, struct record_file *ret_file)
{
	const uint64_t *row = reading_row(reading, TABLE_FILES, image[IMAGE_ROW_FILE],
					  "file reference out of range");

	*ret_file = (struct record_file){
		.inode = row[FILE_ROW_INODE],
		.bytes = row[FILE_ROW_BYTES],
		.ctime_ns = row[FILE_ROW_CTIME_NS],
		.mtime_ns = row[FILE_ROW_MTIME_NS],
		.device_major = (uint32_t)row[FILE_ROW_DEVICE_MAJOR],
		.device_minor = (uint32_t)row[FILE_ROW_DEVICE_MINOR],
		.nlink = (uint32_t)row[FILE_ROW_NLINK],
		.mode = (uint32_t)row[FILE_ROW_MODE],
	};
	reading_hash(reading, image[IMAGE_ROW_HASH], &ret_file->hash);
}

static void read_context(struct reading *reading, uint64_t reference, struct record_exec *exec)
{
	const uint64_t *row =
		reading_row(reading, TABLE_CONTEXTS, reference, "context reference out of range");

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
	exec->cgroup_id = row[CONTEXT_ROW_CGROUP_ID];
	exec->loginuid = (uint32_t)row[CONTEXT_ROW_LOGINUID] - 1u;
	exec->audit_session = (uint32_t)row[CONTEXT_ROW_AUDIT_SESSION] - 1u;
	exec->tty_major = (uint32_t)row[CONTEXT_ROW_TTY_MAJOR];
	exec->tty_minor = (uint32_t)row[CONTEXT_ROW_TTY_MINOR];
	exec->suid = (uint32_t)row[CONTEXT_ROW_SUID];
	exec->cap_effective = row[CONTEXT_ROW_CAP_EFFECTIVE];
	exec->cap_permitted = row[CONTEXT_ROW_CAP_PERMITTED];
	exec->cap_ambient = row[CONTEXT_ROW_CAP_AMBIENT];
}

static void read_situation(struct reading *reading, uint64_t reference, uint64_t px1_head,
			   struct record_exec *exec)
{
	const uint64_t *row = reading_row(reading, TABLE_SITUATIONS, reference,
					  "situation reference out of range");
	uint32_t session_pid = (uint32_t)row[SITUATION_ROW_SESSION_PID];

	reading_process(reading, row[SITUATION_ROW_PARENT], &exec->parent);
	reading_relative(reading, row[SITUATION_ROW_CREATOR], &exec->creator);
	reading_ancestors(reading, row[SITUATION_ROW_ANCESTRY], exec);
	read_context(reading, row[SITUATION_ROW_CONTEXT], exec);
	exec->cwd = reading_path(reading, row[SITUATION_ROW_CWD]);
	exec->session_pid = session_pid > 0 ? session_pid - 1u : exec->process.key.pid;
	exec->px1 = reading_px1(reading, px1_head, row[SITUATION_ROW_PX1_END]);
}

static void read_image(struct reading *reading, const uint64_t *image, struct record_exec *exec)
{
	read_file(reading, image, &exec->file);
	exec->euid = (uint32_t)image[IMAGE_ROW_EUID];
	exec->egid = (uint32_t)image[IMAGE_ROW_EGID];
	exec->script = reading_path(reading, image[IMAGE_ROW_SCRIPT]);
	reading_hash(reading, image[IMAGE_ROW_SCRIPT_HASH], &exec->script_hash);
}

static void read_flags(uint64_t flags, struct record_exec *exec)
{
	exec->file.deleted = flags & EXEC_FLAG_DELETED;
	exec->file.memfd = flags & EXEC_FLAG_MEMFD;
	exec->file.upper_layer = flags & EXEC_FLAG_UPPER_LAYER;
	exec->args_shape = flags & EXEC_FLAG_ARGS_SHAPE;
	exec->args_gave_up = flags & EXEC_FLAG_ARGS_GAVE_UP;
	exec->privileged = flags & EXEC_FLAG_PRIVILEGED;
	exec->no_new_privs = flags & EXEC_FLAG_NO_NEW_PRIVS;
	exec->from_thread = flags & EXEC_FLAG_FROM_THREAD;
	exec->first_seen = flags & EXEC_FLAG_FIRST_SEEN;
}

void reading_exec(struct reading *reading, const uint64_t *row, struct record *ret)
{
	struct process_rows rows = find_process(reading, row[EXEC_ROW_PROCESS]);
	uint64_t time_ms = reading->boot_ms + rows.process[PROCESS_ROW_START_MS] +
			   row[EXEC_ROW_AFTER_START_MS];
	uint32_t namespace_pid = (uint32_t)row[EXEC_ROW_NAMESPACE_PID];
	struct record_exec *exec = &ret->exec;

	*ret = (struct record){
		.class = RECORD_EXEC,
		.exec = { .time_ns = reading_time_ns(reading, time_ms),
			  .former_euid = (uint32_t)row[EXEC_ROW_FORMER_EUID] - 1u,
			  .facts = (uint32_t)row[EXEC_ROW_FACTS],
			  .args_redacted = (uint32_t)row[EXEC_ROW_ARGS_REDACTED] },
	};
	read_whole(reading, &rows, &exec->process);
	read_image(reading, rows.image, exec);
	read_situation(reading, row[EXEC_ROW_SITUATION], rows.image[IMAGE_ROW_PX1], exec);
	read_flags(row[EXEC_ROW_FLAGS], exec);
	exec->namespace_pid = namespace_pid > 0 ? namespace_pid - 1u : exec->process.key.pid;
	exec->args_total_bytes =
		(uint32_t)(row[EXEC_ROW_ARGS_CUT_BYTES] + exec->process.args.length);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Processes: who they are, what they run, out of what they came. */
#include "common/clock.h"
#include "common/hash.h"
#include "telemetry/batch_refer.h"

#include <string.h>

size_t batch_process_bytes(const struct record_process *process)
{
	return batch_kept_path(process->executable).length + batch_kept_args(process->args).length;
}

size_t batch_kept_ancestors(const struct record_exec *exec)
{
	return exec->ancestor_count < RECORD_ANCESTORS_MAX ? exec->ancestor_count
							   : RECORD_ANCESTORS_MAX;
}

static uint64_t refer_file(struct batch_tables *tables, const struct record_file *file)
{
	const uint64_t row[FILE_ROW_COUNT] = {
		[FILE_ROW_INODE] = file->inode,
		[FILE_ROW_BYTES] = file->bytes,
		[FILE_ROW_CTIME_NS] = file->ctime_ns,
		[FILE_ROW_MTIME_NS] = file->mtime_ns,
		[FILE_ROW_DEVICE_MAJOR] = file->device_major,
		[FILE_ROW_DEVICE_MINOR] = file->device_minor,
		[FILE_ROW_NLINK] = file->nlink,
		[FILE_ROW_MODE] = file->mode,
	};

	return batch_refer_row(tables, TABLE_FILES, row);
}

/* `exec` is NULL of a process that is only spoken of. */
static uint64_t refer_image(struct batch_tables *tables, const struct record_process *process,
			    const struct record_exec *exec)
{
	uint64_t row[IMAGE_ROW_COUNT] = {
		[IMAGE_ROW_EXECUTABLE] = batch_refer_path(tables, process->executable),
		[IMAGE_ROW_UID] = process->uid + 1u, /* UINT32_MAX, unknown, becomes 0 */
		[IMAGE_ROW_GID] = process->gid + 1u,
	};

	if (exec) {
		row[IMAGE_ROW_EUID] = exec->euid;
		row[IMAGE_ROW_EGID] = exec->egid;
		row[IMAGE_ROW_FILE] = refer_file(tables, &exec->file);
		row[IMAGE_ROW_HASH] = batch_refer_hash(tables, &exec->file.hash);
		row[IMAGE_ROW_SCRIPT] = batch_refer_path(tables, exec->script);
		row[IMAGE_ROW_SCRIPT_HASH] = batch_refer_hash(tables, &exec->script_hash);
		row[IMAGE_ROW_PX1] = batch_refer_px1(tables, exec->px1);
	}
	return batch_refer_row(tables, TABLE_IMAGES, row);
}

static uint64_t command_flags(const struct record_process *process)
{
	bool is_cut = process->args_truncated ||
		      batch_kept_args(process->args).length < process->args.length;

	return is_cut ? COMMAND_FLAG_ARGS_TRUNCATED : 0;
}

static uint64_t refer_command(struct batch_tables *tables, const struct record_process *process,
			      const struct record_exec *exec)
{
	const uint64_t row[COMMAND_ROW_COUNT] = {
		[COMMAND_ROW_IMAGE] = refer_image(tables, process, exec),
		[COMMAND_ROW_ARGS] = batch_refer_text(tables, batch_kept_args(process->args)),
		[COMMAND_ROW_FLAGS] = command_flags(process),
	};

	return batch_refer_row(tables, TABLE_COMMANDS, row);
}

static uint32_t *guess_at(struct batch_tables *tables, const struct record_process_key *key)
{
	uint64_t hash = hash_step(hash_step(key->start_ns, key->pid), key->exec_count);

	return &tables->processes.at[hash % BATCH_GUESSES];
}

static bool has_text(const struct batch_tables *tables, uint64_t reference, struct text text)
{
	struct text known = { .length = 0 };

	if (reference > 0)
		known = intern_text(&tables->texts, (uint32_t)reference);
	return known.length == text.length &&
	       (text.length == 0 || memcmp(known.at, text.at, text.length) == 0);
}

static const uint64_t *row_of(const struct batch_tables *tables, enum batch_table table,
			      uint64_t reference)
{
	return columns_row(&tables->shared[table].columns, reference - 1);
}

/* Whether a row says of the process just what is to be said; what it says as an execution beside
 * that, nobody reads who speaks of a process. */
static bool is_said(const struct batch_tables *tables, uint32_t reference,
		    const struct record_process *process, bool with_args)
{
	const uint64_t *row, *command, *image;

	if (reference == 0 || reference > tables->shared[TABLE_PROCESSES].columns.count)
		return false;
	row = row_of(tables, TABLE_PROCESSES, reference);
	if (row[PROCESS_ROW_START_MS] * NS_PER_MS + row[PROCESS_ROW_START_SUB_NS] !=
		    process->key.start_ns ||
	    row[PROCESS_ROW_PID] != process->key.pid ||
	    row[PROCESS_ROW_EXEC_COUNT] != process->key.exec_count)
		return false;
	command = row_of(tables, TABLE_COMMANDS, row[PROCESS_ROW_COMMAND]);
	image = row_of(tables, TABLE_IMAGES, command[COMMAND_ROW_IMAGE]);
	if (image[IMAGE_ROW_UID] != process->uid + 1u ||
	    image[IMAGE_ROW_GID] != process->gid + 1u ||
	    !has_text(tables, image[IMAGE_ROW_EXECUTABLE], batch_kept_path(process->executable)))
		return false;
	return !with_args ||
	       (command[COMMAND_ROW_FLAGS] == command_flags(process) &&
		has_text(tables, command[COMMAND_ROW_ARGS], batch_kept_args(process->args)));
}

static uint64_t refer_new(struct batch_tables *tables, const struct record_process *process,
			  const struct record_exec *exec)
{
	const uint64_t row[PROCESS_ROW_COUNT] = {
		[PROCESS_ROW_PID] = process->key.pid,
		[PROCESS_ROW_START_MS] = process->key.start_ns / NS_PER_MS,
		[PROCESS_ROW_START_SUB_NS] = process->key.start_ns % NS_PER_MS,
		[PROCESS_ROW_EXEC_COUNT] = process->key.exec_count,
		[PROCESS_ROW_COMMAND] = refer_command(tables, process, exec),
	};
	uint64_t reference = 0;

	if (tables->error == 0)
		reference = batch_refer_row(tables, TABLE_PROCESSES, row);
	*guess_at(tables, &process->key) = (uint32_t)reference;
	return reference;
}

uint64_t batch_refer_process(struct batch_tables *tables, const struct record_process *process)
{
	uint32_t guess;

	if (record_process_key_is_none(&process->key))
		return 0;
	guess = *guess_at(tables, &process->key);
	return is_said(tables, guess, process, true) ? guess : refer_new(tables, process, NULL);
}

uint64_t batch_refer_relative(struct batch_tables *tables, const struct record_process *process)
{
	struct record_process relative = *process;
	uint32_t guess;

	if (record_process_key_is_none(&process->key))
		return 0;
	guess = *guess_at(tables, &process->key);
	if (is_said(tables, guess, process, false))
		return guess;
	relative.args = (struct text){ 0 };
	relative.args_truncated = false;
	return refer_new(tables, &relative, NULL);
}

uint64_t batch_refer_executed(struct batch_tables *tables, const struct record_exec *exec)
{
	return refer_new(tables, &exec->process, exec);
}

static uint64_t refer_context(struct batch_tables *tables, const struct record_exec *exec)
{
	const uint64_t row[CONTEXT_ROW_COUNT] = {
		[CONTEXT_ROW_CGROUP_NS] = exec->namespaces.cgroup,
		[CONTEXT_ROW_IPC_NS] = exec->namespaces.ipc,
		[CONTEXT_ROW_MNT_NS] = exec->namespaces.mnt,
		[CONTEXT_ROW_NET_NS] = exec->namespaces.net,
		[CONTEXT_ROW_PID_NS] = exec->namespaces.pid,
		[CONTEXT_ROW_USER_NS] = exec->namespaces.user,
		[CONTEXT_ROW_UTS_NS] = exec->namespaces.uts,
		[CONTEXT_ROW_CGROUP] = batch_refer_path(tables, exec->cgroup),
		[CONTEXT_ROW_CGROUP_ID] = exec->cgroup_id,
		[CONTEXT_ROW_LOGINUID] = exec->loginuid + 1u,
		[CONTEXT_ROW_AUDIT_SESSION] = exec->audit_session + 1u,
		[CONTEXT_ROW_TTY_MAJOR] = exec->tty_major,
		[CONTEXT_ROW_TTY_MINOR] = exec->tty_minor,
		[CONTEXT_ROW_SUID] = exec->suid,
		[CONTEXT_ROW_CAP_EFFECTIVE] = exec->cap_effective,
		[CONTEXT_ROW_CAP_PERMITTED] = exec->cap_permitted,
		[CONTEXT_ROW_CAP_AMBIENT] = exec->cap_ambient,
	};

	return batch_refer_row(tables, TABLE_CONTEXTS, row);
}

/* From the top down: what stands above a row is there before it. */
static uint64_t refer_ancestors(struct batch_tables *tables, const struct record_exec *exec)
{
	uint64_t list = 0;

	for (size_t i = batch_kept_ancestors(exec); i > 0 && tables->error == 0; i--) {
		const uint64_t row[ANCESTRY_ROW_COUNT] = {
			[ANCESTRY_ROW_PROCESS] =
				batch_refer_relative(tables, &exec->ancestors[i - 1]),
			[ANCESTRY_ROW_ABOVE] = list,
		};

		list = batch_refer_row(tables, TABLE_ANCESTRIES, row);
	}
	return list;
}

uint64_t batch_refer_situation(struct batch_tables *tables, const struct record_exec *exec)
{
	bool leads = exec->session_pid == exec->process.key.pid;
	const uint64_t row[SITUATION_ROW_COUNT] = {
		[SITUATION_ROW_PARENT] = batch_refer_process(tables, &exec->parent),
		[SITUATION_ROW_CREATOR] = batch_refer_relative(tables, &exec->creator),
		[SITUATION_ROW_ANCESTRY] = refer_ancestors(tables, exec),
		[SITUATION_ROW_CONTEXT] = refer_context(tables, exec),
		[SITUATION_ROW_CWD] = batch_refer_path(tables, exec->cwd),
		[SITUATION_ROW_SESSION_PID] = leads ? 0 : exec->session_pid + 1u,
		[SITUATION_ROW_PX1_END] = batch_refer_px1_end(tables, exec->px1),
	};

	return batch_refer_row(tables, TABLE_SITUATIONS, row);
}

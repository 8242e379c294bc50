/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/render_json.h"

#include "common/clock.h"
#include "common/uuid.h"
#include "telemetry/args.h"
#include "telemetry/container.h"
#include "telemetry/render.h"
#include "telemetry/render_json_exec.h"
#include "telemetry/render_json_flow.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

const struct render_process_paths render_process_itself = { "process", "process.user",
							    "process.group" };
static const struct render_process_paths parent_paths = { "process.parent", "process.parent.user",
							  "process.parent.group" };

void render_json_time(struct ndjson *json, const char *key, uint64_t time_ns)
{
	char text[32];

	if (time_ns == 0)
		return;
	render_time(text, time_ns);
	ndjson_string(json, key, text);
}

static void write_args(struct ndjson *json, const struct record_process *process)
{
	struct text rest = process->args;

	if (rest.length > 0) {
		ndjson_key(json, (struct text){ "args", 4 });
		ndjson_open_array(json);
		while (rest.length > 0)
			ndjson_put_text(json, args_take(&rest));
		ndjson_close_array(json);
	}
	ndjson_flag(json, "args_truncated", process->args_truncated);
}

void render_json_process(struct ndjson *json, const struct render_source *source,
			 const struct render_process_paths *paths,
			 const struct record_process *process)
{
	char id[RENDER_ID_BYTES];

	if (record_process_key_is_none(&process->key))
		return;
	render_entity_id(id, source->header, &process->key);
	ndjson_within(json, paths->process);
	ndjson_known(json, "pid", process->key.pid);
	ndjson_string(json, "entity_id", id);
	ndjson_text(json, "executable", process->executable);
	write_args(json, process);
	ndjson_within(json, paths->user);
	ndjson_id(json, "id", process->uid);
	ndjson_within(json, paths->group);
	ndjson_id(json, "id", process->gid);
}

void render_json_container(struct ndjson *json, struct text cgroup)
{
	struct container container;

	if (!container_of(cgroup, &container))
		return;
	ndjson_within(json, "container");
	ndjson_text(json, "id", container.id);
	ndjson_string(json, "runtime", container.runtime ? container.runtime : "");
	ndjson_within(json, "kubernetes.pod");
	ndjson_string(json, "uid", container.pod_uid);
}

/* --- exec --- */

static void write_digest(struct ndjson *json, const char *key, const struct record_hash *hash)
{
	char digest[2 * HASH_SHA256_BYTES + 1];

	if (!hash_has_digest(hash))
		return;
	render_hex(digest, hash->sha256, HASH_SHA256_BYTES);
	ndjson_string(json, key, digest);
}

static void write_exec_process(struct ndjson *json, const struct render_source *source,
			       const struct record_exec *exec)
{
	render_json_process(json, source, &render_process_itself, &exec->process);
	ndjson_within(json, "process");
	ndjson_text(json, "working_directory", exec->cwd);
	ndjson_known(json, "vpid", exec->namespace_pid);
	ndjson_within(json, "process.effective_user");
	ndjson_id(json, "id", exec->euid);
	ndjson_within(json, "process.effective_group");
	ndjson_id(json, "id", exec->egid);
	ndjson_within(json, "process.saved_user");
	if (exec->namespaces.user != 0) /* else the sensor never looked */
		ndjson_id(json, "id", exec->suid);
	ndjson_within(json, "process.session_leader");
	ndjson_known(json, "pid", exec->session_pid);
	ndjson_within(json, "process.tty.char_device");
	ndjson_known(json, "major", exec->tty_major);
	if (exec->tty_major != 0)
		ndjson_number(json, "minor", exec->tty_minor);
	ndjson_within(json, "process.hash");
	write_digest(json, "sha256", &exec->file.hash);
	render_json_process(json, source, &parent_paths, &exec->parent);
}

/* An inode of 0: the sensor never looked. */
static void write_file(struct ndjson *json, const struct record_file *file)
{
	char device[24], mode[8];

	if (file->inode == 0)
		return;
	snprintf(device, sizeof(device), "%" PRIu32 ":%" PRIu32, file->device_major,
		 file->device_minor);
	snprintf(mode, sizeof(mode), "%04o", file->mode & 07777u);
	ndjson_within(json, "file");
	ndjson_number(json, "inode", file->inode);
	ndjson_string(json, "device", device);
	ndjson_number(json, "size", file->bytes);
	ndjson_string(json, "mode", mode);
	render_json_time(json, "ctime", file->ctime_ns);
	render_json_time(json, "mtime", file->mtime_ns);
}

static void write_capabilities(struct ndjson *json, const char *key, uint64_t capabilities)
{
	char digits[17];

	snprintf(digits, sizeof(digits), "%016" PRIx64, capabilities);
	ndjson_string(json, key, digits);
}

static void write_credentials(struct ndjson *json, const struct record_exec *exec)
{
	ndjson_id(json, "loginuid", exec->loginuid);
	ndjson_id(json, "audit_session", exec->audit_session);
	ndjson_flag(json, "privileged", exec->privileged);
	ndjson_flag(json, "no_new_privs", exec->no_new_privs);
	if (exec->namespaces.user == 0)
		return;
	write_capabilities(json, "cap_effective", exec->cap_effective);
	write_capabilities(json, "cap_permitted", exec->cap_permitted);
	write_capabilities(json, "cap_ambient", exec->cap_ambient);
}

static void write_namespaces(struct ndjson *json, const struct record_namespaces *namespaces)
{
	ndjson_known(json, "cgroupns", namespaces->cgroup);
	ndjson_known(json, "ipcns", namespaces->ipc);
	ndjson_known(json, "mntns", namespaces->mnt);
	ndjson_known(json, "netns", namespaces->net);
	ndjson_known(json, "pidns", namespaces->pid);
	ndjson_known(json, "userns", namespaces->user);
	ndjson_known(json, "utsns", namespaces->uts);
}

/* What stands under yagura. of an executable's content and its script's. */
static void write_hashes(struct ndjson *json, const struct record_hash *hash,
			 const struct record_hash *script, bool first_seen)
{
	char verity[RENDER_VERITY_BYTES], ima[RENDER_VERITY_BYTES];

	if (hash->status != HASH_NONE) {
		ndjson_string(json, "hash_status", hash_status_name(hash->status));
		ndjson_string(json, "package", package_state_name(hash->package));
	}
	render_verity(verity, &hash->verity);
	ndjson_string(json, "verity", verity);
	render_ima(ima, &hash->ima);
	ndjson_string(json, "ima", ima);
	if (script->status != HASH_NONE)
		ndjson_string(json, "script_hash_status", hash_status_name(script->status));
	write_digest(json, "script_sha256", script);
	ndjson_flag(json, "first_seen", first_seen);
}

static void write_exec_update(struct ndjson *json, const struct render_source *source,
			      const struct record_exec_update *update)
{
	render_json_process(json, source, &render_process_itself, &update->process);
	ndjson_within(json, "process.hash");
	write_digest(json, "sha256", &update->hash);
	ndjson_within(json, "yagura");
	ndjson_text(json, "px1", update->px1);
	write_hashes(json, &update->hash, &update->script_hash, update->first_seen);
}

static void write_exec(struct ndjson *json, const struct render_source *source,
		       const struct record_exec *exec)
{
	write_exec_process(json, source, exec);
	write_file(json, &exec->file);
	render_json_container(json, exec->cgroup);
	ndjson_within(json, "yagura");
	ndjson_text(json, "px1", exec->px1);
	ndjson_text(json, "script", exec->script);
	ndjson_known(json, "args_total_bytes", exec->args_total_bytes);
	ndjson_known(json, "args_redacted", exec->args_redacted);
	ndjson_flag(json, "args_shape", exec->args_shape);
	ndjson_flag(json, "args_gave_up", exec->args_gave_up);
	if (exec->file.inode != 0)
		ndjson_number(json, "file_nlink", exec->file.nlink);
	ndjson_flag(json, "deleted", exec->file.deleted);
	ndjson_flag(json, "memfd", exec->file.memfd);
	ndjson_flag(json, "upper_layer", exec->file.upper_layer);
	ndjson_flag(json, "from_thread", exec->from_thread);
	write_hashes(json, &exec->file.hash, &exec->script_hash, exec->first_seen);
	write_credentials(json, exec);
	write_namespaces(json, &exec->namespaces);
	render_json_exec(json, source->header, exec);
	ndjson_known(json, "cgroup_id", exec->cgroup_id);
	ndjson_text(json, "cgroup", exec->cgroup);
}

/* --- exit, gap --- */

static void write_exit(struct ndjson *json, const struct render_source *source,
		       const struct record_exit *ended)
{
	render_json_process(json, source, &render_process_itself, &ended->process);
	ndjson_within(json, "process");
	if (WIFEXITED(ended->status))
		ndjson_number(json, "exit_code", (uint64_t)WEXITSTATUS(ended->status));
	ndjson_within(json, "yagura");
	if (!WIFEXITED(ended->status))
		ndjson_number(json, "exit_signal", (uint64_t)WTERMSIG(ended->status));
	ndjson_known(json, "run_us", ended->run_ns / NS_PER_US);
}

static void write_gap(struct ndjson *json, const struct record_gap *gap)
{
	ndjson_within(json, "yagura");
	ndjson_string(json, "record_class", record_class_name(gap->class));
	ndjson_string(json, "reason", gap_reason_name(gap->reason));
	ndjson_number(json, "count", gap->count);
	ndjson_text(json, "cgroup", gap->cgroup);
}

/* --- any --- */

static void write_start(struct ndjson *json, uint64_t time_ns, enum record_class class)
{
	ndjson_within(json, "");
	render_json_time(json, "@timestamp", time_ns);
	ndjson_within(json, "event");
	ndjson_string(json, "action", record_class_name(class));
}

static void write_record(struct ndjson *json, const struct render_source *source,
			 const struct record *record)
{
	switch (record->class) {
	case RECORD_EXEC:
		write_start(json, record->exec.time_ns, RECORD_EXEC);
		write_exec(json, source, &record->exec);
		break;
	case RECORD_EXIT:
		write_start(json, record->exit.time_ns, RECORD_EXIT);
		write_exit(json, source, &record->exit);
		break;
	case RECORD_FLOW:
		write_start(json, record->flow.end_ns, RECORD_FLOW);
		render_json_flow(json, source, &record->flow);
		break;
	case RECORD_EXEC_UPDATE:
		write_start(json, record->exec_update.time_ns, RECORD_EXEC_UPDATE);
		write_exec_update(json, source, &record->exec_update);
		break;
	case RECORD_GAP:
		write_start(json, record->gap.time_ns, RECORD_GAP);
		write_gap(json, &record->gap);
		break;
	case RECORD_CLASS_COUNT:
	default:
		break;
	}
}

int render_json(struct ndjson *json, const struct render_source *source,
		const struct record *record)
{
	char sensor[UUID_TEXT_BYTES] = "";

	if (source->sensor)
		uuid_format(source->sensor, sensor);
	ndjson_begin(json);
	write_record(json, source, record);
	ndjson_within(json, "yagura");
	ndjson_string(json, "sensor", sensor);
	return ndjson_end(json);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/render_ocsf.h"

#include "common/clock.h"
#include "common/uuid.h"
#include "telemetry/render.h"
#include "telemetry/render_ocsf_private.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

enum { PROCESS_LAUNCH = 1, PROCESS_TERMINATE = 2 };
enum { FILE_REGULAR = 1 };
enum { DEVICE_UNKNOWN = 0 };
#define COMMAND_LINE_BYTES 8192

void ocsf_write_occurrence(struct ndjson *json, const struct ocsf_occurrence *what)
{
	ndjson_within(json, "");
	ndjson_number(json, "category_uid", what->category);
	ndjson_number(json, "class_uid", what->class);
	ndjson_number(json, "activity_id", what->activity);
	ndjson_number(json, "type_uid", what->class * 100 + what->activity);
	ndjson_number(json, "severity_id", what->severity);
	ndjson_number(json, "time", what->time_ns / NS_PER_MS);
}

void ocsf_write_metadata(struct ndjson *json)
{
	ndjson_within(json, "metadata");
	ndjson_string(json, "version", RENDER_OCSF_VERSION);
	ndjson_within(json, "metadata.product");
	ndjson_string(json, "name", "Yagura");
	ndjson_string(json, "vendor_name", "Yagura");
	ndjson_string(json, "version", YAGURA_VERSION);
}

void ocsf_write_device(struct ndjson *json, const struct render_source *source)
{
	char sensor[UUID_TEXT_BYTES] = "";

	if (source->sensor)
		uuid_format(source->sensor, sensor);
	ndjson_within(json, "device");
	ndjson_number(json, "type_id", DEVICE_UNKNOWN);
	ndjson_string(json, "uid", sensor);
}

/* --- processes --- */

static const struct ocsf_process_paths target = { "process", "process.file", "process.user" };
static const struct ocsf_process_paths parent = { "process.parent_process",
						  "process.parent_process.file",
						  "process.parent_process.user" };
const struct ocsf_process_paths ocsf_actor = { "actor.process", "actor.process.file",
					       "actor.process.user" };

static struct text name_of(struct text path)
{
	const char *slash = path.length > 0 ? memrchr(path.at, '/', path.length) : NULL;
	size_t before = slash ? (size_t)(slash - path.at) + 1 : 0;

	return (struct text){ path.at + before, path.length - before };
}

/* Arguments with a space between: OCSF has one text for all of them. */
static void write_command_line(struct ndjson *json, struct text args)
{
	char line[COMMAND_LINE_BYTES];
	size_t length = args.length < sizeof(line) ? args.length : sizeof(line);

	if (length == 0)
		return;
	memcpy(line, args.at, length);
	for (size_t i = 0; i < length; i++)
		line[i] = line[i] == '\0' ? ' ' : line[i];
	while (length > 0 && line[length - 1] == ' ')
		length--;
	ndjson_text(json, "cmd_line", (struct text){ line, length });
}

static void write_sha256(struct ndjson *json, const struct record_hash *hash)
{
	char digest[2 * HASH_SHA256_BYTES + 1];
	char object[sizeof(digest) + 64];
	int length;

	if (!hash || !hash_has_digest(hash))
		return;
	render_hex(digest, hash->sha256, HASH_SHA256_BYTES);
	length = snprintf(object, sizeof(object), "{\"algorithm_id\":%d,\"value\":\"%s\"}",
			  OCSF_HASH_SHA256, digest);
	ndjson_key(json, (struct text){ "hashes", strlen("hashes") });
	ndjson_open_array(json);
	ndjson_put_plain(json, (struct text){ object, (size_t)length });
	ndjson_close_array(json);
}

static void write_file(struct ndjson *json, const char *path, struct text executable,
		       const struct record_hash *hash)
{
	if (executable.length == 0)
		return;
	ndjson_within(json, path);
	ndjson_text(json, "name", name_of(executable));
	ndjson_text(json, "path", executable);
	ndjson_number(json, "type_id", FILE_REGULAR);
	write_sha256(json, hash);
}

void ocsf_write_process(struct ndjson *json, const struct render_source *source,
			const struct ocsf_process_paths *paths,
			const struct record_process *process, const struct record_hash *hash)
{
	char id[RENDER_ID_BYTES];
	char uid[16];

	if (record_process_key_is_none(&process->key))
		return;
	render_entity_id(id, source->header, &process->key);
	snprintf(uid, sizeof(uid), "%u", process->uid);
	ndjson_within(json, paths->process);
	ndjson_known(json, "pid", process->key.pid);
	ndjson_string(json, "uid", id);
	ndjson_text(json, "name", name_of(process->executable));
	write_command_line(json, process->args);
	write_file(json, paths->file, process->executable, hash);
	ndjson_within(json, paths->user);
	ndjson_string(json, "uid", process->uid == UINT32_MAX ? "" : uid);
}

/* `actor` is required; who started a process is its parent, and who ends is itself. */
static void write_actor(struct ndjson *json, const struct render_source *source,
			const struct record_process *process)
{
	ocsf_write_process(json, source, &ocsf_actor, process, NULL);
	if (!record_process_key_is_none(&process->key))
		return;
	ndjson_within(json, "actor");
	ndjson_string(json, "app_name", "unknown");
}

static void write_exec(struct ndjson *json, const struct render_source *source,
		       const struct record_exec *exec)
{
	const struct ocsf_occurrence what = { OCSF_CATEGORY_SYSTEM, OCSF_CLASS_PROCESS,
					      PROCESS_LAUNCH, OCSF_SEVERITY_INFORMATIONAL,
					      exec->time_ns };

	ocsf_write_occurrence(json, &what);
	ocsf_write_metadata(json);
	ocsf_write_device(json, source);
	write_actor(json, source, &exec->parent);
	ocsf_write_process(json, source, &target, &exec->process, &exec->file.hash);
	ocsf_write_process(json, source, &parent, &exec->parent, NULL);
	ndjson_within(json, "unmapped");
	ndjson_text(json, "yagura.px1", exec->px1);
	ndjson_text(json, "yagura.script", exec->script);
	ndjson_text(json, "process.working_directory", exec->cwd);
	ndjson_text(json, "yagura.cgroup", exec->cgroup);
	ndjson_flag(json, "yagura.first_seen", exec->first_seen);
	ndjson_flag(json, "yagura.privileged", exec->privileged);
}

static void write_exec_update(struct ndjson *json, const struct render_source *source,
			      const struct record_exec_update *update)
{
	const struct ocsf_occurrence what = { OCSF_CATEGORY_SYSTEM, OCSF_CLASS_PROCESS,
					      OCSF_ACTIVITY_OTHER, OCSF_SEVERITY_INFORMATIONAL,
					      update->time_ns };

	ocsf_write_occurrence(json, &what);
	ndjson_string(json, "activity_name", "Hash Known");
	ocsf_write_metadata(json);
	ocsf_write_device(json, source);
	write_actor(json, source, &update->process);
	ocsf_write_process(json, source, &target, &update->process, &update->hash);
	ndjson_within(json, "unmapped");
	ndjson_text(json, "yagura.px1", update->px1);
	ndjson_flag(json, "yagura.first_seen", update->first_seen);
}

static void write_exit(struct ndjson *json, const struct render_source *source,
		       const struct record_exit *ended)
{
	const struct ocsf_occurrence what = { OCSF_CATEGORY_SYSTEM, OCSF_CLASS_PROCESS,
					      PROCESS_TERMINATE, OCSF_SEVERITY_INFORMATIONAL,
					      ended->time_ns };

	ocsf_write_occurrence(json, &what);
	if (WIFEXITED(ended->status))
		ndjson_number(json, "exit_code", (uint64_t)WEXITSTATUS(ended->status));
	ocsf_write_metadata(json);
	ocsf_write_device(json, source);
	write_actor(json, source, &ended->process);
	ocsf_write_process(json, source, &target, &ended->process, NULL);
	ndjson_within(json, "unmapped");
	if (!WIFEXITED(ended->status))
		ndjson_number(json, "yagura.exit_signal", (uint64_t)WTERMSIG(ended->status));
	ndjson_known(json, "yagura.run_us", ended->run_ns / NS_PER_US);
}

static void write_gap(struct ndjson *json, const struct render_source *source,
		      const struct record_gap *gap)
{
	const struct ocsf_occurrence what = { OCSF_CATEGORY_OTHER, OCSF_CLASS_BASE,
					      OCSF_ACTIVITY_OTHER, OCSF_SEVERITY_MEDIUM,
					      gap->time_ns };

	ocsf_write_occurrence(json, &what);
	ndjson_string(json, "activity_name", "Gap");
	ndjson_string(json, "message", "records are missing");
	ndjson_known(json, "count", gap->count);
	ocsf_write_metadata(json);
	ocsf_write_device(json, source);
	ndjson_within(json, "unmapped");
	ndjson_string(json, "yagura.record_class",
		      gap->class < RECORD_CLASS_COUNT ? record_class_name(gap->class) : "");
	ndjson_string(json, "yagura.reason", gap_reason_name(gap->reason));
	ndjson_text(json, "yagura.cgroup", gap->cgroup);
}

static void write_record(struct ndjson *json, const struct render_source *source,
			 const struct record *record)
{
	switch (record->class) {
	case RECORD_EXEC:
		write_exec(json, source, &record->exec);
		break;
	case RECORD_EXIT:
		write_exit(json, source, &record->exit);
		break;
	case RECORD_FLOW:
		ocsf_write_flow(json, source, &record->flow);
		break;
	case RECORD_EXEC_UPDATE:
		write_exec_update(json, source, &record->exec_update);
		break;
	case RECORD_GAP:
		write_gap(json, source, &record->gap);
		break;
	case RECORD_CLASS_COUNT:
	default:
		break;
	}
}

int render_ocsf(struct ndjson *json, const struct render_source *source,
		const struct record *record)
{
	ndjson_begin(json);
	write_record(json, source, record);
	return ndjson_end(json);
}

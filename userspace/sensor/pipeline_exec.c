/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/pipeline_exec.h"

#include "sensor/pipeline_journal.h"
#include "sensor/process/ancestry.h"
#include "sensor/process/procfs.h"
#include "telemetry/render.h"

#include <string.h>

/* More than 16 names of which no two neighbours are equal are seldom spread over more processes. */
#define CHAIN_MAX 256
/* The inode number of the host's first pid namespace: PROC_PID_INIT_INO, include/linux/proc_ns.h.
 */
#define FIRST_PID_NS 0xEFFFFFFCu

static struct text executable_of(const struct decoded_exec *exec)
{
	return (struct text){ exec->path, exec->path_length };
}

static bool are_args_cut(const struct decoded_exec *exec)
{
	return exec->fixed.flags & (EXEC_ARGS_TRUNCATED | EXEC_ARGS_UNREADABLE);
}

int pipeline_take_exec(struct pipeline *p, struct decoded_exec *exec)
{
	p->raw_args = exec->args;
	p->left = pipeline_was_noted(p, &exec->fixed)
			  ? (struct redacted){ .args = exec->args }
			  : argv_leave(p->argv, exec->args, are_args_cut(exec));
	exec->args = p->left.args;
	return process_table_exec(p->processes, &exec->fixed, exec->ancestors, executable_of(exec),
				  exec->args);
}

int pipeline_take_snapshot(struct pipeline *p, const struct decoded_exec *exec)
{
	char *scratch = (char *)p->scratch;
	long size = procfs_args("/proc", &exec->fixed.process, scratch, sizeof(p->scratch));
	struct text args = { scratch, size > 0 ? (size_t)size : 0 };
	struct redacted left = argv_leave(p->argv, args, args.length == sizeof(p->scratch));
	int r = process_table_snapshot(p->processes, &exec->fixed, exec->ancestors,
				       executable_of(exec), left.args);

	explicit_bzero(p->scratch, args.length);
	return r;
}

/* --- px1 --- */

/* The chain's end is marked where it is not the ancestors' end. */
static size_t ancestors_of(const struct process_table *processes, const struct process_key *key,
			   struct px1_ancestor ret_ancestors[CHAIN_MAX])
{
	struct process_ancestor chain[CHAIN_MAX];
	size_t count = process_chain(processes, key, chain, CHAIN_MAX);

	for (size_t i = 0; i < count; i++)
		ret_ancestors[i] = (struct px1_ancestor){ chain[i].executable, chain[i].is_known };
	if (count == CHAIN_MAX)
		ret_ancestors[count - 1].is_known = false;
	if (count > 0 || process_table_find(processes, key))
		return count;
	ret_ancestors[0] = (struct px1_ancestor){ .is_known = false };
	return 1;
}

static enum px1_kind kind_of(const struct decoded_exec *exec)
{
	if (exec->fixed.flags & EXEC_MEMFD)
		return PX1_MEMFD;
	if (exec->fixed.flags & EXEC_DELETED)
		return PX1_DELETED;
	return exec->script.length > 0 ? PX1_SCRIPT : PX1_ELF;
}

static enum px1_answer is_in_container(uint32_t pid_ns)
{
	if (pid_ns == 0)
		return PX1_NOT_KNOWN;
	return pid_ns == FIRST_PID_NS ? PX1_NO : PX1_YES;
}

static struct text digits_of(const struct record_hash *hash, char digits[2 * HASH_SHA256_BYTES + 1])
{
	if (!hash_has_digest(hash))
		return (struct text){ 0 };
	render_hex(digits, hash->sha256, HASH_SHA256_BYTES);
	return (struct text){ digits, 2 * (size_t)HASH_SHA256_BYTES };
}

static void write_px1(struct pipeline *p, const struct decoded_exec *exec)
{
	struct px1_ancestor ancestors[CHAIN_MAX];
	char digits[2 * HASH_SHA256_BYTES + 1];
	const struct px1_input input = {
		.kind = kind_of(exec),
		.euid = exec->fixed.euid,
		.terminal = exec->fixed.tty != 0 ? PX1_YES : PX1_NO,
		.container = is_in_container(exec->fixed.namespaces.pid),
		.args = p->raw_args,
		.args_cut = are_args_cut(exec),
		.sha256 = digits_of(&p->facts.hash, digits),
		.ancestors = ancestors,
		.ancestor_count = ancestors_of(p->processes, &exec->fixed.process, ancestors),
	};

	px1_write(&input, p->digester, p->px1);
}

void pipeline_fill_exec(struct pipeline *p, const struct decoded_exec *exec,
			struct record_exec *record)
{
	write_px1(p, exec);
	record->px1 = (struct text){ p->px1, PX1_LENGTH };
	record->args_redacted = p->left.count;
	record->args_shape = argv_policy_mode(p->argv) == ARGV_SHAPE;
	record->args_gave_up = p->left.gave_up;
	record->file.hash = p->facts.hash;
	record->script_hash = p->facts.script_hash;
	record->first_seen = p->facts.first_seen;
	if (p->answer == CONTENT_PROMISED)
		content_promise_px1(p->content, &exec->fixed.process, record->px1);
}

void pipeline_complete_px1(struct pipeline *p, struct record_exec_update *update)
{
	char digits[2 * HASH_SHA256_BYTES + 1];

	if (update->px1.length != PX1_LENGTH)
		return;
	memcpy(p->px1, update->px1.at, PX1_LENGTH);
	px1_complete(p->px1, digits_of(&update->hash, digits));
	update->px1.at = p->px1;
}

_Static_assert(PX1_LENGTH == RECORD_PX1_BYTES, "telemetry knows no fingerprints");

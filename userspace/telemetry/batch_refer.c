/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/batch_refer.h"

#include "telemetry/batch_codec.h"
#include "telemetry/batch_rows.h"

#include <string.h>

static void note(struct batch_tables *tables, int r)
{
	if (tables->error == 0 && r < 0)
		tables->error = r;
}

static size_t varint_bytes(size_t value)
{
	size_t bytes = 1;

	while (value >>= 7)
		bytes++;
	return bytes;
}

static uint64_t refer_text(struct batch_tables *tables, const void *bytes, size_t length)
{
	uint32_t reference = 0;
	int r = 0;

	if (length > 0)
		r = intern_add(&tables->texts, bytes, length, &reference);
	if (r > 0)
		tables->bytes += 1 + varint_bytes(length) + length;
	note(tables, r);
	return reference;
}

/* A row is interned by its whole content: records that know different things of one identity keep
 * what each of them knew. */
static uint64_t refer_row(struct batch_tables *tables, struct shared_rows *shared,
			  const uint64_t *row)
{
	size_t row_bytes = shared->columns.descriptor->n_fields * sizeof(*row);
	uint32_t reference = 0;
	int r = columns_reserve(&shared->columns);

	if (r == 0)
		r = intern_add(&shared->rows, row, row_bytes, &reference);
	if (r > 0)
		tables->bytes += columns_push(&shared->columns, row);
	note(tables, r);
	return reference;
}

static struct text cut(struct text text, size_t length_max)
{
	if (text.length > length_max)
		text.length = length_max;
	return text;
}

struct text batch_kept_path(struct text path)
{
	return cut(path, BATCH_PATH_BYTES_MAX);
}

struct text batch_kept_args(struct text args)
{
	return cut(args, BATCH_TEXT_BYTES_MAX);
}

size_t batch_process_bytes(const struct record_process *process)
{
	return batch_kept_path(process->executable).length + batch_kept_args(process->args).length;
}

uint64_t batch_refer_path(struct batch_tables *tables, struct text path)
{
	struct text kept = batch_kept_path(path);

	return refer_text(tables, kept.at, kept.length);
}

uint64_t batch_refer_px1(struct batch_tables *tables, struct text px1)
{
	return refer_text(tables, px1.at, cut(px1, RECORD_PX1_BYTES).length);
}

uint64_t batch_refer_addr(struct batch_tables *tables, const uint8_t addr[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (memcmp(addr, mapped, sizeof(mapped)) == 0)
		return refer_text(tables, addr + sizeof(mapped), 4);
	return refer_text(tables, addr, 16);
}

uint64_t batch_refer_process(struct batch_tables *tables, const struct record_process *process)
{
	struct text args = batch_kept_args(process->args);
	bool is_cut = process->args_truncated || args.length < process->args.length;
	uint64_t row[PROCESS_ROW_COUNT] = {
		[PROCESS_ROW_PID] = process->key.pid,
		[PROCESS_ROW_START_NS] = process->key.start_ns,
		[PROCESS_ROW_EXEC_COUNT] = process->key.exec_count,
		[PROCESS_ROW_UID] = process->uid + 1u, /* UINT32_MAX, unknown, becomes 0 */
		[PROCESS_ROW_GID] = process->gid + 1u,
		[PROCESS_ROW_FLAGS] = is_cut ? PROCESS_FLAG_ARGS_TRUNCATED : 0,
	};

	if (record_process_key_is_none(&process->key))
		return 0;
	row[PROCESS_ROW_EXECUTABLE] = batch_refer_path(tables, process->executable);
	row[PROCESS_ROW_ARGS] = refer_text(tables, args.at, args.length);
	return refer_row(tables, &tables->processes, row);
}

uint64_t batch_refer_relative(struct batch_tables *tables, const struct record_process *process)
{
	struct record_process relative = *process;

	relative.args = (struct text){ 0 };
	relative.args_truncated = false;
	return batch_refer_process(tables, &relative);
}

size_t batch_kept_ancestors(const struct record_exec *exec)
{
	return exec->ancestor_count < RECORD_ANCESTORS_MAX ? exec->ancestor_count
							   : RECORD_ANCESTORS_MAX;
}

/* From the top down: what stands above a row is there before it. */
uint64_t batch_refer_ancestors(struct batch_tables *tables, const struct record_exec *exec)
{
	uint64_t list = 0;

	for (size_t i = batch_kept_ancestors(exec); i > 0 && tables->error == 0; i--) {
		const uint64_t row[ANCESTRY_ROW_COUNT] = {
			[ANCESTRY_ROW_PROCESS] =
				batch_refer_relative(tables, &exec->ancestors[i - 1]),
			[ANCESTRY_ROW_ABOVE] = list,
		};

		list = refer_row(tables, &tables->ancestries, row);
	}
	return list;
}

uint64_t batch_refer_context(struct batch_tables *tables, const struct record_exec *exec)
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
		[CONTEXT_ROW_LOGINUID] = exec->loginuid + 1u,
		[CONTEXT_ROW_AUDIT_SESSION] = exec->audit_session + 1u,
		[CONTEXT_ROW_TTY_MAJOR] = exec->tty_major,
		[CONTEXT_ROW_TTY_MINOR] = exec->tty_minor,
		[CONTEXT_ROW_SUID] = exec->suid,
		[CONTEXT_ROW_CAP_EFFECTIVE] = exec->cap_effective,
		[CONTEXT_ROW_CAP_PERMITTED] = exec->cap_permitted,
		[CONTEXT_ROW_CAP_AMBIENT] = exec->cap_ambient,
	};

	return refer_row(tables, &tables->contexts, row);
}

uint64_t batch_refer_file(struct batch_tables *tables, const struct record_file *file)
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

	return refer_row(tables, &tables->files, row);
}

static uint64_t refer_sha256(struct batch_tables *tables, const uint8_t digest[HASH_SHA256_BYTES])
{
	static const uint8_t none[HASH_SHA256_BYTES];
	bool is_none = memcmp(digest, none, sizeof(none)) == 0;

	return refer_text(tables, digest, is_none ? 0 : sizeof(none));
}

static uint64_t refer_digest(struct batch_tables *tables, const struct record_digest *digest)
{
	uint8_t bytes[1 + HASH_VERITY_BYTES_MAX] = { digest->algorithm };

	if (digest->algorithm == 0 || digest->bytes > HASH_VERITY_BYTES_MAX)
		return 0;
	memcpy(bytes + 1, digest->digest, digest->bytes);
	return refer_text(tables, bytes, 1u + digest->bytes);
}

uint64_t batch_refer_hash(struct batch_tables *tables, const struct record_hash *hash)
{
	const uint64_t row[HASH_ROW_COUNT] = {
		[HASH_ROW_STATUS] = hash->status,
		[HASH_ROW_SHA256] = refer_sha256(tables, hash->sha256),
		[HASH_ROW_PACKAGE] = hash->package,
		[HASH_ROW_VERITY] = refer_digest(tables, &hash->verity),
		[HASH_ROW_IMA] = refer_digest(tables, &hash->ima),
	};

	return hash->status == HASH_NONE ? 0 : refer_row(tables, &tables->hashes, row);
}

uint64_t batch_refer_socket(struct batch_tables *tables, const struct record_flow *flow)
{
	const uint64_t row[SOCKET_ROW_COUNT] = {
		[SOCKET_ROW_UID] = flow->uid + 1u,
		[SOCKET_ROW_NETNS] = flow->netns,
		[SOCKET_ROW_CGROUP_ID] = flow->cgroup_id,
		[SOCKET_ROW_CGROUP] = batch_refer_path(tables, flow->cgroup),
	};

	return refer_row(tables, &tables->sockets, row);
}

/* Values that fit; of the whole list, `ret_bytes`. */
static size_t measure_marks(const struct record_flow *flow, size_t *ret_bytes)
{
	size_t count = 0;
	size_t bytes = 0;

	for (; count < flow->mark_count && count < MARKS_MAX; count++) {
		size_t length = flow->marks[count].value.length;

		if (length > MARK_VALUE_BYTES_MAX || bytes + length > MARKS_BYTES_MAX)
			break;
		bytes += length;
	}
	*ret_bytes = bytes;
	return count;
}

size_t batch_kept_marks(const struct record_flow *flow)
{
	size_t bytes;

	return measure_marks(flow, &bytes);
}

size_t batch_marks_bytes(const struct record_flow *flow)
{
	size_t bytes;

	measure_marks(flow, &bytes);
	return bytes;
}

static uint64_t refer_mark(struct batch_tables *tables, const struct mark *mark)
{
	const uint64_t row[MARK_ROW_COUNT] = {
		[MARK_ROW_KIND] = mark->kind,
		[MARK_ROW_VALUE] = refer_text(tables, mark->value.at, mark->value.length),
	};

	return refer_row(tables, &tables->marks, row);
}

uint64_t batch_refer_marks(struct batch_tables *tables, const struct record_flow *flow)
{
	size_t count = batch_kept_marks(flow);
	uint64_t list = 0;

	for (size_t i = 0; i < count && tables->error == 0; i++) {
		const uint64_t row[FINGERPRINT_ROW_COUNT] = {
			[FINGERPRINT_ROW_MARK] = refer_mark(tables, &flow->marks[i]),
			[FINGERPRINT_ROW_BEFORE] = list,
		};

		list = refer_row(tables, &tables->fingerprints, row);
	}
	return list;
}

uint64_t batch_refer_splt(struct batch_tables *tables, const struct record_splt *splt)
{
	uint8_t bytes[SPLT_MAX * SPLT_ENTRY_BYTES];
	size_t size = 0;

	for (size_t i = 0; i < splt->count && i < SPLT_MAX; i++) {
		uint16_t length = (uint16_t)splt->length[i];

		bytes[size++] = (uint8_t)(length >> 8);
		bytes[size++] = (uint8_t)length;
		bytes[size++] = splt->gap[i];
	}
	return refer_text(tables, bytes, size);
}

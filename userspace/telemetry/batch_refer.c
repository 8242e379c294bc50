/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/batch_refer.h"

#include "telemetry/varint.h"

#include <string.h>

static void note(struct batch_tables *tables, int r)
{
	if (tables->error == 0 && r < 0)
		tables->error = r;
}

static uint64_t refer_bytes(struct batch_tables *tables, struct intern *intern, const void *bytes,
			    size_t length)
{
	uint32_t reference = 0;
	int r = 0;

	if (length > 0)
		r = intern_add(intern, bytes, length, &reference);
	if (r > 0) {
		tables->bytes += 1 + varint_bytes(length) + length;
		tables->epoch_bytes += sizeof(size_t) + length;
	}
	note(tables, r);
	return reference;
}

uint64_t batch_refer_text(struct batch_tables *tables, struct text text)
{
	return refer_bytes(tables, &tables->texts, text.at, text.length);
}

uint64_t batch_refer_blob(struct batch_tables *tables, const void *bytes, size_t length)
{
	return refer_bytes(tables, &tables->blobs, bytes, length);
}

/* A row is interned by its whole content: records that know different things of one identity keep
 * what each of them knew. */
uint64_t batch_refer_row(struct batch_tables *tables, enum batch_table table, const uint64_t *row)
{
	struct intern_rows *rows = &tables->shared[table];
	uint32_t reference = 0;
	int r = intern_row(rows, row, &reference);

	if (r > 0) {
		tables->bytes += rows->columns.row_bytes_max;
		tables->epoch_bytes += rows->columns.width * sizeof(*row);
	}
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

uint64_t batch_refer_path(struct batch_tables *tables, struct text path)
{
	return batch_refer_text(tables, batch_kept_path(path));
}

uint64_t batch_refer_px1(struct batch_tables *tables, struct text px1)
{
	return batch_refer_text(tables, cut(px1, BATCH_PX1_HEAD_BYTES));
}

uint64_t batch_refer_px1_end(struct batch_tables *tables, struct text px1)
{
	px1 = cut(px1, RECORD_PX1_BYTES);
	if (px1.length <= BATCH_PX1_HEAD_BYTES)
		return 0;
	return batch_refer_text(tables,
				(struct text){ .at = px1.at + BATCH_PX1_HEAD_BYTES,
					       .length = px1.length - BATCH_PX1_HEAD_BYTES });
}

uint64_t batch_refer_addr(struct batch_tables *tables, const uint8_t addr[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (memcmp(addr, mapped, sizeof(mapped)) == 0)
		return batch_refer_blob(tables, addr + sizeof(mapped), 4);
	return batch_refer_blob(tables, addr, 16);
}

static uint64_t refer_sha256(struct batch_tables *tables, const uint8_t digest[HASH_SHA256_BYTES])
{
	static const uint8_t none[HASH_SHA256_BYTES];
	bool is_none = memcmp(digest, none, sizeof(none)) == 0;

	return batch_refer_blob(tables, digest, is_none ? 0 : sizeof(none));
}

static uint64_t refer_digest(struct batch_tables *tables, const struct record_digest *digest)
{
	uint8_t bytes[1 + HASH_VERITY_BYTES_MAX] = { digest->algorithm };

	if (digest->algorithm == 0 || digest->bytes > HASH_VERITY_BYTES_MAX)
		return 0;
	memcpy(bytes + 1, digest->digest, digest->bytes);
	return batch_refer_blob(tables, bytes, 1u + digest->bytes);
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

	return hash->status == HASH_NONE ? 0 : batch_refer_row(tables, TABLE_HASHES, row);
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
	return batch_refer_blob(tables, bytes, size);
}

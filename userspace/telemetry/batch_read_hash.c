/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of the content of files. */
#include "telemetry/batch_read.h"

#include <string.h>

static void read_sha256(struct reading *reading, uint64_t reference, uint8_t *ret_digest)
{
	struct text text = reading_blob(reading, reference);

	if (text.length == HASH_SHA256_BYTES)
		memcpy(ret_digest, text.at, HASH_SHA256_BYTES);
	else if (text.length > 0)
		reading_refuse(reading, "SHA-256 of other than 32 bytes");
}

/* Algorithms that a later kernel may add are taken as they come. */
static void read_kernel_digest(struct reading *reading, uint64_t reference,
			       struct record_digest *ret_digest)
{
	struct text text = reading_blob(reading, reference);

	if (text.length == 0)
		return;
	if (text.length > 1 + HASH_VERITY_BYTES_MAX || text.at[0] == 0) {
		reading_refuse(reading, "no digest of the kernel's");
		return;
	}
	ret_digest->algorithm = (uint8_t)text.at[0];
	ret_digest->bytes = (uint8_t)(text.length - 1);
	memcpy(ret_digest->digest, text.at + 1, text.length - 1);
}

void reading_hash(struct reading *reading, uint64_t reference, struct record_hash *ret_hash)
{
	const uint64_t *row =
		reading_row(reading, TABLE_HASHES, reference, "hash reference out of range");
	uint64_t status = row[HASH_ROW_STATUS], package = row[HASH_ROW_PACKAGE];

	*ret_hash = (struct record_hash){
		/* One that a later version may have added says no more than that there is none. */
		.status = status < HASH_STATUS_COUNT ? (enum hash_status)status : HASH_UNREADABLE,
		.package = package < PACKAGE_STATE_COUNT ? (enum package_state)package
							 : PACKAGE_UNKNOWN,
	};
	read_sha256(reading, row[HASH_ROW_SHA256], ret_hash->sha256);
	read_kernel_digest(reading, row[HASH_ROW_VERITY], &ret_hash->verity);
	read_kernel_digest(reading, row[HASH_ROW_IMA], &ret_hash->ima);
}

void reading_exec_update(struct reading *reading, const uint64_t *row, struct record *ret)
{
	struct record_exec_update *update = &ret->exec_update;
	uint64_t time_ms = reading->base_ms + row[UPDATE_ROW_TIME_MS];

	*ret = (struct record){
		.class = RECORD_EXEC_UPDATE,
		.exec_update = { .time_ns = reading_time_ns(reading, time_ms),
				 .px1 = reading_px1(reading, row[UPDATE_ROW_PX1],
						    row[UPDATE_ROW_PX1_END]),
				 .first_seen = row[UPDATE_ROW_FLAGS] & EXEC_FLAG_FIRST_SEEN },
	};
	reading_process(reading, row[UPDATE_ROW_PROCESS], &update->process);
	reading_hash(reading, row[UPDATE_ROW_HASH], &update->hash);
	reading_hash(reading, row[UPDATE_ROW_SCRIPT_HASH], &update->script_hash);
}

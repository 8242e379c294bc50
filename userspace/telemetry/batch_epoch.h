/* SPDX-License-Identifier: Apache-2.0 */
/* A receiver's side of an epoch: its tables, their deltas added up. Private to telemetry/. */
#ifndef YAGURA_TELEMETRY_BATCH_EPOCH_H
#define YAGURA_TELEMETRY_BATCH_EPOCH_H

#include "telemetry/batch_codec.h"
#include "telemetry/batch_rows.h"
#include "telemetry/columns.h"

/* Byte strings by reference. */
struct epoch_texts {
	char *bytes;
	size_t size;
	size_t room;
	size_t *ends; /* of reference n at n - 1 */
	uint32_t count;
	uint32_t capacity;
};

struct batch_epoch {
	bool is_open;
	uint64_t first_seq;
	uint32_t next_index;
	size_t section_bytes;
	uint64_t command; /* the highest of a process */
	struct batch_header header;
	struct epoch_texts texts;
	struct epoch_texts blobs;
	struct columns shared[TABLE_SHARED_COUNT];
};

/* What a batch says beside tables. */
struct batch_message {
	uint64_t schema;
	uint64_t epoch_index;
	struct cursor boot_id;
	uint64_t base_ms;
	uint64_t boot_ms;
	uint64_t names;
	bool is_there[BATCH_FIELD_TABLES + TABLE_COUNT]; /* fields that come once */
	struct cursor tables[TABLE_COUNT];
};

/* Takes a section apart. Texts and blobs are passed over: they are added when the rest is known to
 * be sound. NULL, or a constant text that says what is wrong. */
const char *batch_message_read(struct batch_message *message, struct cursor section, bool is_first);

/* Begins an epoch, or goes on with it: 0, -ESTALE, -EBADMSG or -ENOMEM, with *ret_why. */
int batch_epoch_advance(struct batch_epoch *epoch, const struct batch_message *message,
			uint64_t seq, const char **ret_why);
/* Adds the tables of a batch. 0, -EBADMSG or -ENOMEM, with *ret_why. */
int batch_epoch_add(struct batch_epoch *epoch, const struct batch_message *message,
		    struct cursor section, const char **ret_why);
/* Forgets what it knows. */
void batch_epoch_close(struct batch_epoch *epoch);

#endif

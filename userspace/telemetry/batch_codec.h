/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records to columnar protobuf and back (proto/telemetry.proto). Pure: bytes in, values out, no
 * I/O, no clock. The encoder interns texts and processes once a batch; the decoder trusts nothing:
 * it caps counts, wants columns of equal length and checks every index before use.
 */
#ifndef YAGURA_TELEMETRY_BATCH_CODEC_H
#define YAGURA_TELEMETRY_BATCH_CODEC_H

#include "telemetry/record.h"

/* The largest batch, deflated or not, anybody encodes or accepts. */
#define BATCH_RAW_BYTES_MAX (4u << 20)
#define BATCH_SCHEMA 3u
#define BATCH_SCHEMA_OLDEST 1u /* a spool may hold what an earlier version wrote */
/* Of all classes together: a collector stores a whole batch at a time, and others wait. */
#define BATCH_RECORDS_MAX 32768u
/* The encoder cuts longer texts; a cut argv is marked args_truncated. */
#define BATCH_TEXT_BYTES_MAX (64u << 10)
/* Of an executable, directory, script or control group, as of any path in Linux; of a name. */
#define BATCH_PATH_BYTES_MAX 4096u

struct batch_encoder;

/* What is the same for all records of a batch. */
struct batch_header {
	uint8_t boot_id[16];
};

/* A new, empty encoder, or NULL without memory. Freed by batch_encoder_free (takes NULL). */
struct batch_encoder *batch_encoder_new(const struct batch_header *header);
void batch_encoder_free(struct batch_encoder *encoder);

/* Copies what it needs of *record. A process whose key is all zero is sent as "none" and comes back
 * with uid and gid unknown; times lose what is below a millisecond, run times below a microsecond.
 * 0, -ENOMEM, -EINVAL (no such class), or -E2BIG when the batch would pass one of its limits
 * (finish the batch first, then add again; a single record always fits).
 */
int batch_encoder_add(struct batch_encoder *encoder, const struct record *record);
/* Whether it takes one more record, however long its texts and whatever its class. */
bool batch_encoder_takes_any(const struct batch_encoder *encoder);

/* Records added since the last finish, in all and of one class; an estimate of the raw size. */
uint32_t batch_encoder_count(const struct batch_encoder *encoder);
uint32_t batch_encoder_count_class(const struct batch_encoder *encoder, enum record_class class);
size_t batch_encoder_bytes(const struct batch_encoder *encoder);

/* The batch as protobuf bytes, then deflated (RFC 1950): *ret_bytes is malloc'd and the caller's,
 * *ret_raw_size the length before deflating. Empties the encoder. 0, -ENODATA when it holds no
 * record, or -ENOMEM (nothing lost: the records stay). */
int batch_encoder_finish(struct batch_encoder *encoder, uint8_t **ret_bytes, size_t *ret_size,
			 size_t *ret_raw_size);

/* Called once a record, in the order they were added within a class: execs, their
 * updates, exits, flows, gaps.
 * Texts live until the callback returns. A negative answer ends the decoding with that value. */
typedef int (*batch_record_fn)(void *context, const struct batch_header *header,
			       const struct record *record);

/* Inflates `size` bytes that declare `raw_size` and hands each record to `each`. Before the first
 * call the whole batch has been checked. 0, -EBADMSG (not a valid batch; *ret_why, unless NULL,
 * points to a constant text that says what), -E2BIG (over BATCH_RAW_BYTES_MAX, or longer than
 * declared), -ENOMEM, or what `each` returned. */
int batch_decode(const uint8_t *bytes, size_t size, size_t raw_size, batch_record_fn each,
		 void *context, const char **ret_why);

#endif

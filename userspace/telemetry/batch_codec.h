/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records to columnar protobuf and back (proto/telemetry.proto). Pure: bytes in, values out, no
 * I/O, no clock. Tables of what records share grow over an epoch of several batches, on both
 * sides: the encoder keeps its own, a receiver a struct batch_epoch. The decoder trusts nothing: it
 * caps counts, wants columns of equal length and checks every index before use.
 */
#ifndef YAGURA_TELEMETRY_BATCH_CODEC_H
#define YAGURA_TELEMETRY_BATCH_CODEC_H

#include "telemetry/record.h"

/* The largest batch, deflated or not, anybody encodes or accepts. */
#define BATCH_RAW_BYTES_MAX (4u << 20)
#define BATCH_SCHEMA 4u
/* Of all classes together: a collector stores a whole batch at a time, and others wait. */
#define BATCH_RECORDS_MAX 32768u
/* Batches of an epoch. */
#define BATCH_EPOCH_BATCHES_MAX 8u
/* What the tables of an epoch may take in memory, as batch_epoch_bytes counts. */
#define BATCH_EPOCH_BYTES_MAX (16u << 20)
/* What the tables that its batches before the last brought may take, deflated. */
#define BATCH_HISTORY_BYTES_MAX (256u << 10)
/* The encoder cuts longer texts; a cut argv is marked args_truncated. */
#define BATCH_TEXT_BYTES_MAX (64u << 10)
/* Of an executable, directory, script or control group, as of any path in Linux; of a name. */
#define BATCH_PATH_BYTES_MAX 4096u

/* What became of names that were asked for (SNI, DNS) before they left the host. */
enum batch_names { BATCH_NAMES_PLAIN = 0, BATCH_NAMES_HASHED = 1, BATCH_NAMES_ABSENT = 2 };

/* What is the same for all records of a batch. */
struct batch_header {
	uint8_t boot_id[16];
	enum batch_names names;
};

/* --- making batches --- */

struct batch_encoder;

/* A new, empty encoder at the start of an epoch, or NULL without memory. Freed by
 * batch_encoder_free (takes NULL). */
struct batch_encoder *batch_encoder_new(const struct batch_header *header);
void batch_encoder_free(struct batch_encoder *encoder);

/* Copies what it needs of *record. A process whose key is all zero is sent as "none" and comes back
 * with uid and gid unknown; times lose what is below a millisecond, run times below a microsecond.
 * Of a flow's marks those that describe the client's software come back first, then the others,
 * each in their order.
 * 0, -ENOMEM, -EINVAL (no such class), or -E2BIG when the batch would pass one of its limits
 * (finish the batch first, then add again; a single record always fits). */
int batch_encoder_add(struct batch_encoder *encoder, const struct record *record);
/* Whether it takes one more record, however long its texts and whatever its class. */
bool batch_encoder_takes_any(const struct batch_encoder *encoder);

/* Records added since the last finish, in all and of one class; the most its raw size can be. */
uint32_t batch_encoder_count(const struct batch_encoder *encoder);
uint32_t batch_encoder_count_class(const struct batch_encoder *encoder, enum record_class class);
size_t batch_encoder_bytes(const struct batch_encoder *encoder);

struct batch_bytes {
	uint8_t *bytes; /* malloc'd, the receiver's: two deflated sections */
	size_t size;
	size_t raw_size; /* of both before deflating */
	uint32_t epoch_index; /* batches of its epoch before it */
};

/* The batch as protobuf bytes, deflated. Empties the encoder and goes on in the same epoch, unless
 * that is as long as it may be. 0, -ENODATA when it holds no record, or -ENOMEM (nothing lost: the
 * records stay). */
int batch_encoder_finish(struct batch_encoder *encoder, struct batch_bytes *ret_batch);
/* The index that the open batch will have. */
uint32_t batch_encoder_epoch_index(const struct batch_encoder *encoder);
/* The open batch begins an epoch; nothing happens once it has a record. */
void batch_encoder_begin_epoch(struct batch_encoder *encoder);

/* --- reading them --- */

/* The tables of one lane's epoch as a receiver knows them. */
struct batch_epoch;

/* Knows no epoch yet. NULL without memory; freed by batch_epoch_free (takes NULL). */
struct batch_epoch *batch_epoch_new(void);
void batch_epoch_free(struct batch_epoch *epoch);
/* What its tables take in memory. */
size_t batch_epoch_bytes(const struct batch_epoch *epoch);
/* How long the first section was, deflated, of the batch it took last. */
size_t batch_epoch_section_bytes(const struct batch_epoch *epoch);

struct batch_input {
	const uint8_t *bytes;
	size_t size;
	size_t raw_size; /* as declared */
	uint64_t seq; /* its number in its lane: those of an epoch follow each other */
	uint32_t epoch_index; /* as declared */
	/* The first sections of the batches of its epoch before it, one behind the other: then it
	 * is read by itself, whatever *epoch knew. NULL: *epoch knows them. */
	const uint8_t *history;
	size_t history_bytes;
};

/* Called once a record, in the order they were added within a class: execs, their updates, exits,
 * flows, gaps.
 * Texts live until the callback returns. A negative answer ends the decoding with that value. */
typedef int (*batch_record_fn)(void *context, const struct batch_header *header,
			       const struct record *record);

/* Inflates a batch, adds its tables to *epoch and hands each record to `each`. Before the first
 * call the whole batch has been checked. 0; -ESTALE: the batch builds on tables of its epoch that
 * *epoch has not seen, so send from the epoch's first batch on; -EBADMSG: not a valid batch;
 * -E2BIG: over BATCH_RAW_BYTES_MAX, or longer than declared; -ENOMEM; or what `each` returned. Of
 * -ESTALE and -EBADMSG *ret_why, unless NULL, points to a constant text that says what. After any
 * failure *epoch knows no epoch. */
int batch_decode(struct batch_epoch *epoch, const struct batch_input *input, batch_record_fn each,
		 void *context, const char **ret_why);
/* The same for a batch whose records are there already: takes the tables and reads no rows. */
int batch_take_tables(struct batch_epoch *epoch, const struct batch_input *input,
		      const char **ret_why);

/* Both sections inflated and joined: one yagura.telemetry.Batch, as any protobuf reader takes it.
 * *ret_raw is malloc'd. Checks nothing but that they inflate to no more than BATCH_RAW_BYTES_MAX.
 * 0, -EBADMSG, -E2BIG or -ENOMEM. */
int batch_inflate(const uint8_t *bytes, size_t size, uint8_t **ret_raw, size_t *ret_raw_size);

#endif

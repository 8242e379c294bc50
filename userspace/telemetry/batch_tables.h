/* SPDX-License-Identifier: Apache-2.0 */
/* What an encoder holds: the tables of its epoch, the rows of the open batch. Private to
 * telemetry/. */
#ifndef YAGURA_TELEMETRY_BATCH_TABLES_H
#define YAGURA_TELEMETRY_BATCH_TABLES_H

#include "telemetry/batch_codec.h"
#include "telemetry/batch_rows.h"
#include "telemetry/columns.h"
#include "telemetry/intern.h"

/* References found again without looking for all their parts: by a few of a record's values, and
 * what they lead to is compared with the whole. */
#define BATCH_GUESSES 1024u
struct batch_guesses {
	uint32_t at[BATCH_GUESSES];
};

struct batch_tables {
	uint64_t base_ms; /* set by the owner before the first record of a batch */
	uint64_t boot_ms; /* likewise, where it is an exec; else by the first exec */
	bool has_boot;
	struct intern texts;
	struct intern blobs;
	struct intern_rows shared[TABLE_SHARED_COUNT];
	struct columns records[TABLE_COUNT - TABLE_SHARED_COUNT];
	struct batch_guesses processes;
	struct batch_guesses fingerprints;
	size_t bytes; /* the most that the batch's rows and new texts take on the wire */
	size_t epoch_bytes; /* what the epoch's tables take in a receiver's memory */
	size_t written_bytes; /* texts but those of blobs and px1, each time they are said */
	int error; /* of the record being added; sticks until the next one */
};

/* The generated descriptor of a table's message. */
const ProtobufCMessageDescriptor *batch_table_descriptor(enum batch_table table);

static inline struct columns *batch_tables_records(struct batch_tables *tables,
						   enum batch_table table)
{
	return &tables->records[table - TABLE_SHARED_COUNT];
}

void batch_tables_init(struct batch_tables *tables);
void batch_tables_done(struct batch_tables *tables);
/* Forgets the records. */
void batch_tables_clear(struct batch_tables *tables);
/* Forgets everything, and keeps most of the memory. */
void batch_tables_begin_epoch(struct batch_tables *tables);

/* 0, -ENOMEM or -EINVAL (no such class). A failure leaves no part of the record behind but texts
 * and rows that nobody refers to. */
int batch_tables_add(struct batch_tables *tables, const struct record *record);
/* Whether a record's texts and the rows it refers to fit, however many of them are new. */
bool batch_tables_have_rows(const struct batch_tables *tables);
/* The most bytes that *record can add. */
size_t batch_tables_bytes_max(const struct record *record);
/* What it adds to written_bytes. */
size_t batch_tables_written_bytes(const struct record *record);

/* An exec: path and argv of two processes, path of its creator, directory, script, control group,
 * px1 in two parts, two hashes of three digests. Of a flow marks come on top, of an exec ancestors.
 */
#define BATCH_RECORD_TEXTS_MAX 16u
/* Of an exec: its own, three processes with command and image, situation, context, file, hashes. */
#define BATCH_RECORD_ROWS_MAX 15u
/* batch_tables_bytes_max without marks, ancestors and what the texts hold; tag and length take up
 * to 6 bytes of each. */
#define BATCH_RECORD_FIXED_BYTES_MAX                                                               \
	(BATCH_RECORD_ROWS_MAX * COLUMNS_ROW_BYTES_MAX + BATCH_RECORD_TEXTS_MAX * 6u)
/* Texts of an exec or its update that do not count as written: the digests of two hashes, px1. */
#define BATCH_EXEC_UNWRITTEN_BYTES_MAX                                                             \
	(2u * (HASH_SHA256_BYTES + 2u * (1u + HASH_VERITY_BYTES_MAX)) + RECORD_PX1_BYTES)
/* Texts of a flow that do not count as written: two addresses, the packet sequence. */
#define BATCH_FLOW_UNWRITTEN_BYTES_MAX (2u * 16u + SPLT_MAX * 3u)
/* The same of a mark: kind, value; mark, before, each a varint; and its text. */
#define BATCH_MARK_FIXED_BYTES_MAX (4u * 10u + 6u)
/* Of an ancestor: an image, a command, a process, two columns of an ancestry; and its path. */
#define BATCH_ANCESTOR_FIXED_BYTES_MAX ((10u + 3u + 5u + 2u) * 10u + 6u)

#endif

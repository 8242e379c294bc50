/* SPDX-License-Identifier: Apache-2.0 */
/* What a batch holds while records are added: the tables of telemetry.proto, and what was interned
 * for them. Private to telemetry/. */
#ifndef YAGURA_TELEMETRY_BATCH_TABLES_H
#define YAGURA_TELEMETRY_BATCH_TABLES_H

#include "proto/telemetry.pb-c.h"
#include "telemetry/columns.h"
#include "telemetry/intern.h"
#include "telemetry/record.h"

/* A table that records refer to: equal rows are kept once. */
struct shared_rows {
	struct columns columns;
	struct intern rows; /* entry n is row n - 1 */
};

struct batch_tables {
	uint64_t base_ms; /* set by the owner before the first record */
	struct intern texts;
	struct shared_rows processes;
	struct shared_rows contexts;
	struct shared_rows files;
	struct shared_rows sockets;
	struct shared_rows hashes;
	struct shared_rows marks;
	struct shared_rows fingerprints;
	struct shared_rows ancestries;
	struct columns execs;
	struct columns exits;
	struct columns flows;
	struct columns exec_updates;
	Yagura__Telemetry__Gap *gaps;
	size_t gap_count;
	size_t gap_capacity;
	size_t bytes; /* the most that rows and texts take on the wire */
	size_t written_bytes; /* texts but addresses and packet sequences, each time they are said
			       */
	int error; /* of the record being added; sticks until the next one */
};

void batch_tables_init(struct batch_tables *tables);
void batch_tables_done(struct batch_tables *tables);
/* Forgets the records and keeps most of the memory. */
void batch_tables_clear(struct batch_tables *tables);

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
 * two hashes of three digests, px1. Of a flow marks come on top, of an exec ancestors. */
#define BATCH_RECORD_TEXTS_MAX 15u
/* Of an exec: its own, those of three processes, context, file, two hashes. */
#define BATCH_RECORD_ROWS_MAX 8u
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
/* Of an ancestor: eight columns of a process, two of an ancestry; and its path. */
#define BATCH_ANCESTOR_FIXED_BYTES_MAX (10u * 10u + 6u)

#endif

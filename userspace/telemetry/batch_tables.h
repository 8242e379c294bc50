/* SPDX-License-Identifier: Apache-2.0 */
/* What a batch holds while records are added: the tables of telemetry.proto, and what was interned
 * for them. Private to telemetry/. */
#ifndef YAGURA_TELEMETRY_BATCH_TABLES_H
#define YAGURA_TELEMETRY_BATCH_TABLES_H

#include "proto/telemetry.pb-c.h"
#include "telemetry/columns.h"
#include "telemetry/intern.h"
#include "telemetry/record.h"

struct batch_tables {
	uint64_t base_ms; /* set by the owner before the first record */
	struct intern texts;
	struct intern process_rows; /* entry n is row n - 1 of `processes` */
	struct columns processes;
	struct columns execs;
	struct columns exits;
	struct columns flows;
	Yagura__Telemetry__Gap *gaps;
	size_t gap_count;
	size_t gap_capacity;
	size_t bytes; /* what the rows and texts take on the wire */
	size_t written_bytes; /* texts of processes, each time a record speaks of one */
};

void batch_tables_init(struct batch_tables *tables);
void batch_tables_done(struct batch_tables *tables);
/* Forgets the records and keeps most of the memory. */
void batch_tables_clear(struct batch_tables *tables);

/* 0, -ENOMEM or -EINVAL (no such class). A failure leaves no part of the record behind but texts
 * and processes that nobody refers to. */
int batch_tables_add(struct batch_tables *tables, const struct record *record);
/* The most bytes that *record can add, and the most texts and processes a record brings. */
size_t batch_tables_bytes_max(const struct record *record);
/* What it adds to written_bytes. */
size_t batch_tables_written_bytes(const struct record *record);
#define BATCH_RECORD_TEXTS_MAX 6u
#define BATCH_RECORD_PROCESSES_MAX 2u
/* batch_tables_bytes_max without the texts: the record's row and those of two processes. */
#define BATCH_RECORD_FIXED_BYTES_MAX                                                               \
	((1u + BATCH_RECORD_PROCESSES_MAX) * COLUMNS_ROW_BYTES_MAX + BATCH_RECORD_TEXTS_MAX * 6u)

#endif

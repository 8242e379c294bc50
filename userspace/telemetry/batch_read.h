/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of an unpacked batch as records, each value checked. Private to telemetry/. */
#ifndef YAGURA_TELEMETRY_BATCH_READ_H
#define YAGURA_TELEMETRY_BATCH_READ_H

#include "proto/telemetry.pb-c.h"
#include "telemetry/batch_codec.h"
#include "telemetry/record.h"

/* A table that records refer to, its deltas added up. */
struct shared_table {
	uint64_t *values; /* row after row */
	size_t width;
	size_t count;
};

/* One batch being read. The functions below give a harmless value for a bad one and note
 * the first `why`, so that a reader looks like the row it reads; whoever calls them asks once. */
struct reading {
	const Yagura__Telemetry__Batch *batch;
	struct batch_header header;
	struct shared_table processes;
	struct shared_table contexts;
	struct shared_table files;
	struct shared_table sockets;
	struct shared_table hashes;
	struct shared_table marks;
	struct shared_table fingerprints;
	struct shared_table ancestries;
	struct mark list[MARKS_MAX]; /* of the flow read last */
	struct record_process ancestors[RECORD_ANCESTORS_MAX]; /* of the exec read last */
	uint32_t records;
	uint64_t written_bytes; /* as the encoder counts them (batch_tables.h) */
	const char *why;
};

/* Notes why the batch is bad; the first reason stays. */
void reading_refuse(struct reading *reading, const char *why);

struct text reading_text(struct reading *reading, uint64_t reference);
/* Counted as written. */
struct text reading_written(struct reading *reading, uint64_t reference);
/* Likewise, and no longer than a path may be. */
struct text reading_path(struct reading *reading, uint64_t reference);
void reading_count(struct reading *reading, size_t bytes);
/* The row of that reference. None is a row of zeros, which everywhere says that nothing is known.
 */
const uint64_t *reading_row(struct reading *reading, const struct shared_table *table,
			    uint64_t reference, const char *why);

/* What the first bytes of a flow say, into reading->list: it lives until the next flow. */
void reading_marks(struct reading *reading, uint64_t reference, struct record_flow *flow);
void reading_splt(struct reading *reading, uint64_t reference, struct record_splt *ret_splt);

uint64_t reading_time_ns(struct reading *reading, uint64_t since_base_ms);
struct record_process reading_process(struct reading *reading, uint64_t reference);
void reading_hash(struct reading *reading, uint64_t reference, struct record_hash *ret_hash);
/* Not longer than RECORD_PX1_BYTES. */
struct text reading_px1(struct reading *reading, uint64_t reference);
/* A process without its args. */
struct record_process reading_relative(struct reading *reading, uint64_t reference);
/* Into reading->ancestors: they live until the next exec. */
void reading_ancestors(struct reading *reading, uint64_t reference, struct record_exec *exec);

/* Rows as columns.h reads them. */
void reading_exec(struct reading *reading, const uint64_t *row, struct record *ret);
void reading_exec_update(struct reading *reading, const uint64_t *row, struct record *ret);
void reading_exit(struct reading *reading, const uint64_t *row, struct record *ret);
void reading_flow(struct reading *reading, const uint64_t *row, struct record *ret);
void reading_gap(struct reading *reading, const Yagura__Telemetry__Gap *gap, struct record *ret);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of an unpacked batch as records, each value checked. Private to telemetry/. */
#ifndef YAGURA_TELEMETRY_BATCH_READ_H
#define YAGURA_TELEMETRY_BATCH_READ_H

#include "telemetry/batch_epoch.h"
#include "telemetry/record.h"

/* One batch being read. The functions below give a harmless value for a bad one and note
 * the first `why`, so that a reader looks like the row it reads; whoever calls them asks once. */
struct reading {
	const struct batch_epoch *epoch;
	uint64_t base_ms;
	uint64_t boot_ms;
	struct mark list[MARKS_MAX]; /* of the flow read last */
	struct record_process ancestors[RECORD_ANCESTORS_MAX]; /* of the exec read last */
	char px1[RECORD_PX1_BYTES]; /* likewise */
	uint64_t written_bytes; /* as the encoder counts them (batch_tables.h) */
	const char *why;
};

/* Notes why the batch is bad; the first reason stays. */
void reading_refuse(struct reading *reading, const char *why);

struct text reading_text(struct reading *reading, uint64_t reference);
struct text reading_blob(struct reading *reading, uint64_t reference);
/* Counted as written. */
struct text reading_written(struct reading *reading, uint64_t reference);
/* Likewise, and no longer than a path may be. */
struct text reading_path(struct reading *reading, uint64_t reference);
void reading_count(struct reading *reading, size_t bytes);
/* The row of that reference. None is a row of zeros, which everywhere says that nothing is known.
 */
const uint64_t *reading_row(struct reading *reading, enum batch_table table, uint64_t reference,
			    const char *why);

/* What the first bytes of a flow say, the client's first, into reading->list: it lives until the
 * next flow. */
void reading_marks(struct reading *reading, uint64_t client, uint64_t peer,
		   struct record_flow *flow);
void reading_splt(struct reading *reading, uint64_t reference, struct record_splt *ret_splt);

/* `value`, or 0 when it is beyond `max`. */
uint64_t reading_max(struct reading *reading, uint64_t value, uint64_t max, const char *why);
/* Milliseconds since 1970 as nanoseconds. */
uint64_t reading_time_ns(struct reading *reading, uint64_t time_ms);
void reading_process(struct reading *reading, uint64_t reference, struct record_process *ret);
void reading_hash(struct reading *reading, uint64_t reference, struct record_hash *ret_hash);
/* Of its two parts, into reading->px1: it lives until the next record. */
struct text reading_px1(struct reading *reading, uint64_t head, uint64_t end);
/* A process without its args. */
void reading_relative(struct reading *reading, uint64_t reference, struct record_process *ret);
/* Into reading->ancestors: they live until the next exec. */
void reading_ancestors(struct reading *reading, uint64_t reference, struct record_exec *exec);

/* Rows as columns.h reads them. */
void reading_exec(struct reading *reading, const uint64_t *row, struct record *ret);
void reading_exec_update(struct reading *reading, const uint64_t *row, struct record *ret);
void reading_exit(struct reading *reading, const uint64_t *row, struct record *ret);
void reading_flow(struct reading *reading, const uint64_t *row, struct record *ret);
void reading_gap(struct reading *reading, const uint64_t *row, struct record *ret);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The open batch of one lane: records go in, and by count, size or age a deflated batch goes to the
 * spool, together with how far the ring had been read. What could not be written stays and is tried
 * again; meanwhile the batch takes nothing more and the ring holds what comes.
 */
#ifndef YAGURA_BATCH_BATCH_H
#define YAGURA_BATCH_BATCH_H

#include "sensor/batch/names.h"
#include "sensor/spool/spool.h"
#include "telemetry/batch_codec.h"

#include <stdbool.h>
#include <stdint.h>

struct batch;

struct batch_options {
	enum spool_lane lane;
	uint64_t instance;
	uint8_t boot_id[16];
	struct names *names; /* how names leave; NULL: plain; outlives the batch */
	uint32_t records_max;
	uint64_t interval_ns;
	/* Told of each record that was added; NULL: nobody. */
	void (*on_added)(void *context, const struct batch_header *header,
			 const struct record *record);
	void *context;
};

struct batch *batch_new(const struct batch_options *options, struct spool *spool);
void batch_free(struct batch *batch);

/* Adds a record. 0; -EAGAIN when the batch is full and has to be written first; -ENOMEM. */
int batch_add(struct batch *batch, const struct record *record, uint64_t now_ns);
/* Everything before `position` in this lane's ring is in this batch or an earlier one. */
void batch_set_position(struct batch *batch, uint64_t position);
bool batch_is_empty(const struct batch *batch);
/* While it is not, any record can be added: who reads a ring asks before taking the next. */
bool batch_is_full(const struct batch *batch);
bool batch_is_due(const struct batch *batch, uint64_t now_ns);
/* Records waiting, of one class. */
uint32_t batch_count(const struct batch *batch, enum record_class class);

/* Deflates and appends to the spool. 1 when a batch was written, 0 when there was nothing, or
 * -errno: then everything stays and the next call tries again. */
int batch_write(struct batch *batch, uint64_t now_ms);
/* The position written with the last batch: the ring may be released up to here once it
 * is synced. */
uint64_t batch_written_position(const struct batch *batch);

#endif

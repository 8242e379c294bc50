/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches wait here, in two lanes of segment files, until the collector has them. A batch is
 * written together with its mark: how far the kernel ring had been read when it was closed. A new
 * worker goes on from the last mark, so a kill between writing and releasing the ring neither loses
 * nor repeats events.
 */
#ifndef YAGURA_SPOOL_SPOOL_H
#define YAGURA_SPOOL_SPOOL_H

#include "telemetry/record.h"

#include <stdbool.h>
#include <stdint.h>

enum spool_lane { SPOOL_LANE_A = 0, SPOOL_LANE_B = 1, SPOOL_LANE_COUNT };

struct spool;

typedef void (*spool_leaving_fn)(void *context, enum spool_lane lane, uint64_t seq,
				 const uint64_t counts[RECORD_CLASS_COUNT]);

struct spool_options {
	const char *directory; /* exists, writable */
	uint8_t sensor[16];
	uint64_t instance; /* batches of other instances are counted apart */
	uint64_t bytes_max; /* of both lanes; beyond it the oldest of lane B, then A, goes */
	uint64_t segment_bytes_max;
	uint64_t now_ms;
	/* Called before batches up to `seq` leave the disk, acknowledged or given up for want of
	 * room, with what is in them, of this instance; may be NULL. Whoever keeps that loses no
	 * count to a kill in between. */
	spool_leaving_fn acknowledging;
	spool_leaving_fn dropping;
	void *context;
};

/* Written with each batch, found again after a restart, never shipped. */
struct spool_mark {
	uint64_t instance;
	uint64_t ring_position; /* of the ring this lane is fed from */
	uint32_t counts[RECORD_CLASS_COUNT]; /* records in this batch */
	uint32_t raw_size; /* before deflating */
	uint8_t epoch_index; /* batches of its epoch right before it, without which nobody can read
				it */
};

struct spool_batch {
	uint64_t seq;
	struct spool_mark mark;
	const uint8_t *payload; /* valid until the next call on the spool */
	uint32_t size;
};

struct spool_stats {
	uint64_t bytes; /* on disk */
	uint64_t batches[SPOOL_LANE_COUNT]; /* not acknowledged */
	uint64_t records[RECORD_CLASS_COUNT]; /* not acknowledged, of this instance */
	uint64_t earlier_records; /* not acknowledged, of earlier instances */
	uint64_t dropped[RECORD_CLASS_COUNT]; /* given up for want of room since opening */
	uint64_t corrupt[RECORD_CLASS_COUNT]; /* in batches that could not be read back */
	uint64_t earlier_dropped; /* as `dropped` and `corrupt`, of earlier instances */
	uint64_t earlier_corrupt;
	uint64_t torn_bytes; /* cut off at recovery */
	uint64_t corrupt_stretches; /* skipped at recovery */
	uint64_t missing_batches; /* numbers nobody held at recovery; what was in them is unknown */
	uint64_t write_errors;
	int last_error; /* errno of the last failed write, 0 when the last one went well */
};

/* Opens or creates the spool. 0 or -errno; -EUCLEAN: the directory is another sensor's, or both
 * lanes hold batches but of different generations. */
int spool_open(const struct spool_options *options, struct spool **ret_spool);
/* Closes without syncing. Takes NULL. */
void spool_close(struct spool *spool);

/* The mark of the last batch of a lane; false when the lane is empty or its last batch is another
 * instance's. */
bool spool_last_mark(const struct spool *spool, enum spool_lane lane, struct spool_mark *ret_mark);

uint64_t spool_generation(const struct spool *spool);
/* The oldest batch not acknowledged; == next when there is none. */
uint64_t spool_first_seq(const struct spool *spool, enum spool_lane lane);
uint64_t spool_next_seq(const struct spool *spool, enum spool_lane lane);
/* Everything below this is on disk and may be shipped. */
uint64_t spool_synced_seq(const struct spool *spool, enum spool_lane lane);

/* Appends one batch. Those of an epoch stay in one segment, so that they leave the disk together.
 * 0 or -errno (nothing was appended; keep the records and try again). When room
 * had to be made, the counts that went are added to stats.dropped: tell them in a Gap. The last
 * segment of a lane never goes, so bytes_max should have room for several. */
int spool_append(struct spool *spool, enum spool_lane lane, const struct spool_mark *mark,
		 const uint8_t *payload, uint32_t size, uint64_t now_ms);
/* Brings what was appended to the disk and moves spool_synced_seq. 0 or -errno. */
int spool_sync(struct spool *spool);

/* Reads batch `seq`, which may be acknowledged already: later ones of its epoch need it. 0, -ENOENT
 * (gone or damaged; go on with the next), -errno. */
int spool_read(struct spool *spool, enum spool_lane lane, uint64_t seq,
	       struct spool_batch *ret_batch);

/* Batch `seq` is whole, but nobody can read it, as one before it in its epoch is lost: it counts as
 * damaged, too. */
void spool_write_off(struct spool *spool, enum spool_lane lane, uint64_t seq);

/* The collector has everything up to and including `seq` (what is not synced yet, it cannot have:
 * a larger number counts as that far). Adds what this newly acknowledges to ret_acked (of this
 * instance). */
void spool_acknowledge(struct spool *spool, enum spool_lane lane, uint64_t seq,
		       uint64_t ret_acked[RECORD_CLASS_COUNT]);

void spool_stats(const struct spool *spool, struct spool_stats *ret_stats);

#endif

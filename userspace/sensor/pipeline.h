/* SPDX-License-Identifier: Apache-2.0 */
/* The rooms as the worker holds them: shared by pipeline.c (how data moves) and worker.c (who opens
 * and closes what, and when a turn is due). */
#ifndef YAGURA_SENSOR_PIPELINE_H
#define YAGURA_SENSOR_PIPELINE_H

#include "sensor/argv.h"
#include "sensor/batch/batch.h"
#include "sensor/content/content.h"
#include "sensor/decode/decode.h"
#include "sensor/fingerprint/px1.h"
#include "sensor/kernel/arena.h"
#include "sensor/kernel/ring.h"
#include "sensor/kernel/sequence.h"
#include "sensor/losses.h"
#include "sensor/marking.h"
#include "sensor/process/cgroups.h"
#include "sensor/process/journal.h"
#include "sensor/process/table.h"
#include "sensor/spool/spool.h"

#include <stdbool.h>
#include <stdint.h>

/* Counted since this worker started. */
struct pipeline_counters {
	uint64_t events; /* decoded */
	uint64_t malformed; /* events that did not decode */
	uint64_t flows_without_process; /* the owner was named, but not in the table */
	uint64_t batches;
	uint64_t turns;
	uint64_t replayed_events; /* from the journal, at start */
	uint64_t throttles_stopped; /* control groups that came back into their budget */
};

struct pipeline {
	struct ring *ring[EVENT_RING_COUNT];
	struct batch *batch[SPOOL_LANE_COUNT]; /* A from the valuable ring, B from bulk */
	struct journal *journal;
	struct sequence *sequence;
	struct process_table *processes;
	struct cgroup_names *cgroups;
	struct argv_policy *argv;
	struct names *names; /* how names leave */
	struct digester *digester;
	struct content *content;
	struct spool *spool;
	struct arena *arena;
	struct marking *marking;
	struct losses losses;
	struct pipeline_counters counters;
	uint64_t boot_epoch_ns;
	uint64_t now_ns; /* CLOCK_BOOTTIME at the beginning of the turn */
	bool is_waiting_allowed; /* in this turn, for owners that may still be told of */
	uint64_t synced_ns; /* when the spool was brought to the disk last */
	int sync_error; /* 0 or -errno of that */
	uint64_t busy_since_ns; /* 0: the valuable ring could be read to its end */
	int read_error[SPOOL_LANE_COUNT]; /* why its ring could not be read last, 0 or -errno */
	int append_error[SPOOL_LANE_COUNT]; /* of each lane's last batch, 0 or -errno */
	int write_error[SPOOL_LANE_COUNT]; /* of that, or of the last sync, as it was told */
	struct content_facts facts; /* of the exec being taken */
	enum content_answer answer;
	struct decoded_event *event; /* the one being taken: large, so not on the stack */
	struct text raw_args; /* of the exec being taken, in the ring: as it was executed */
	struct redacted left; /* of these, what its record may say */
	char px1[PX1_LENGTH + 1];
	uint8_t scratch[EVENT_ARGS_BYTES_MAX]; /* arguments, an event: for a moment */
	struct record_process ancestors[RECORD_ANCESTORS_MAX]; /* of the exec being taken */
};

enum pipeline_turn {
	TURN_USUAL,
	TURN_NO_WAITING, /* for the books: flows do not wait for their owners */
	TURN_LAST, /* nor do batches until they are due */
};

/* One turn: reads what the rings hold, makes records, writes the batches that are due. Never blocks
 * but on the disk. */
void pipeline_turn(struct pipeline *pipeline, enum pipeline_turn turn);
/* Whether every event the rings hold has become a record that is on disk. */
bool pipeline_is_drained(const struct pipeline *pipeline);
/* Whether every event that tells of first bytes was read. */
bool pipeline_has_read_all(const struct pipeline *pipeline);
/* Feeds the tables from an event of an earlier worker's journal; makes no record. */
void pipeline_replay(void *pipeline, const uint8_t *bytes, size_t size);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The rooms a command may read or whose public verbs it may call. Filled by pipeline.c. */
#ifndef YAGURA_CONTROL_CONTROL_SENSOR_H
#define YAGURA_CONTROL_CONTROL_SENSOR_H

#include "sensor/keeper/requests.h"
#include "sensor/pipeline.h"
#include "sensor/process/journal.h"
#include "sensor/process/table.h"
#include "sensor/ship/ship.h"
#include "sensor/spool/spool.h"
#include "telemetry/batch_codec.h"

struct control_sensor {
	const char *version;
	const char *sensor_id; /* UUID text */
	uint8_t sensor[16]; /* the same as bytes */
	struct batch_header batch_header; /* of what is sent now: identities are written with it */
	const struct keeper_description *description;
	struct spool *spool;
	struct ship *ship;
	struct journal *journal;
	const struct sequence *sequence;
	struct process_table *processes;
	const struct pipeline_counters *counters;
	const struct arena *arena;
	const struct marking *marking;
	const struct content *content;
	uint64_t started_ns; /* CLOCK_BOOTTIME */
	/* Records in open batches, per class. */
	void (*in_memory)(void *context, uint64_t ret_counts[RECORD_CLASS_COUNT]);
	/* Fresh from the keeper, the rings read up to that moment where the host leaves one: 0 or
	 * -errno. To be asked before anything else that is counted. */
	int (*kernel_counters)(void *context, struct counters *ret_counters);
	int (*probes)(void *context, struct keeper_probes *ret_probes);
	int (*maps)(void *context, struct keeper_maps *ret_maps);
	int (*live)(void *context, struct live_config *ret_live);
	/* Updates of execs that became due, which no kernel counts. */
	uint64_t (*updates_due)(void *context);
	/* Bytes waiting in the rings, read or not, not released yet. */
	void (*ring_backlog)(void *context, uint64_t ret_bytes[EVENT_RING_COUNT]);
	void *context;
};

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/worker_control.h"

#include "common/clock.h"
#include "sensor/kernel/keeper_link.h"
#include "sensor/worker_content.h"

#include <string.h>

/* How often to look for a moment in which nothing happened; on a busy host there may be none. */
#define SETTLE_ATTEMPTS 5

static void control_in_memory(void *context, uint64_t ret_counts[RECORD_CLASS_COUNT])
{
	const struct worker *worker = context;

	for (int class = 0; class < RECORD_CLASS_COUNT; class ++) {
		enum record_class of = (enum record_class) class;

		ret_counts[of] = batch_count(worker->pipeline.batch[0], of) +
				 batch_count(worker->pipeline.batch[1], of);
	}
	ret_counts[RECORD_EXEC_UPDATE] += content_promised(worker->pipeline.content);
}

/* Reads the rings up to now as well, so that the terms that are then looked at belong together:
 * whoever asks has just been executed, and that event would otherwise always be missing from the
 * sum. */
static int control_counters(void *context, struct counters *ret_counters)
{
	struct worker *worker = context;
	struct counters before, after;
	int r;

	for (int attempt = 0; attempt < SETTLE_ATTEMPTS; attempt++) {
		r = keeper_link_counters(worker->link, &before);
		if (r < 0)
			return r;
		pipeline_turn(&worker->pipeline, TURN_NO_WAITING);
		r = keeper_link_counters(worker->link, &after);
		if (r < 0)
			return r;
		if (memcmp(&before, &after, sizeof(before)) == 0)
			break;
	}
	*ret_counters = after;
	return 0;
}

static int control_probes(void *context, struct keeper_probes *ret_probes)
{
	const struct worker *worker = context;

	return keeper_link_probes(worker->link, ret_probes);
}

static int control_maps(void *context, struct keeper_maps *ret_maps)
{
	const struct worker *worker = context;

	return keeper_link_maps(worker->link, ret_maps);
}

static int control_live(void *context, struct live_config *ret_live)
{
	const struct worker *worker = context;

	return keeper_link_live(worker->link, ret_live);
}

static void control_backlog(void *context, uint64_t ret_bytes[EVENT_RING_COUNT])
{
	const struct worker *worker = context;

	for (size_t ring = 0; ring < EVENT_RING_COUNT; ring++)
		ret_bytes[ring] = ring_unreleased_bytes(worker->pipeline.ring[ring]);
}

int worker_control_open(struct worker *worker)
{
	worker->control_sensor = (struct control_sensor){
		.version = worker->options->version,
		.sensor_id = worker->sensor_id,
		.description = &worker->description,
		.spool = worker->pipeline.spool,
		.ship = worker->ship,
		.journal = worker->pipeline.journal,
		.sequence = worker->pipeline.sequence,
		.processes = worker->pipeline.processes,
		.counters = &worker->pipeline.counters,
		.arena = worker->pipeline.arena,
		.marking = worker->pipeline.marking,
		.content = worker->pipeline.content,
		.started_ns = clock_boottime_ns(),
		.in_memory = control_in_memory,
		.kernel_counters = control_counters,
		.probes = control_probes,
		.maps = control_maps,
		.live = control_live,
		.updates_due = worker_content_updates_due,
		.ring_backlog = control_backlog,
		.context = worker,
	};
	memcpy(worker->control_sensor.batch_header.boot_id, worker->boot_id, UUID_BYTES);
	memcpy(worker->control_sensor.sensor, worker->options->sensor,
	       sizeof(worker->control_sensor.sensor));
	return control_new(worker->base, &worker->options->control, &worker->control_sensor,
			   &worker->control, worker->error);
}

void worker_control_show(void *context, const struct batch_header *header,
			 const struct record *record)
{
	const struct worker *worker = context;

	if (worker->control)
		control_publish(worker->control, header, record);
}

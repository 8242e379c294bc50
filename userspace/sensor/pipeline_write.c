/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/pipeline_write.h"

#include "common/clock.h"
#include "common/log.h"

#include <string.h>

/* Between two syncs, in a storm that fills batches before they are due. */
#define SYNC_INTERVAL_NS (NS_PER_S / 4)

/* Says once that a lane cannot be written, and once that it can again. */
static void note_write(struct pipeline *p, size_t lane, int error)
{
	if (error && error != p->write_error[lane])
		log_error("spool",
			  "cannot write: %s; the ring holds what comes until it goes again",
			  strerror(-error));
	else if (!error && p->write_error[lane])
		log_info("spool", "it goes again");
	p->write_error[lane] = error;
}

int pipeline_write_lane(struct pipeline *p, size_t lane)
{
	int r;

	if (lane == SPOOL_LANE_A)
		losses_writing(&p->losses, p->journal, spool_next_seq(p->spool, SPOOL_LANE_A));
	r = batch_write(p->batch[lane], clock_realtime_ns() / NS_PER_MS);
	losses_spool(&p->losses, p->journal, p->spool);
	if (r > 0) {
		if (lane == SPOOL_LANE_A)
			losses_written(&p->losses, p->journal);
		p->counters.batches++;
		r = 0;
	}
	p->append_error[lane] = r;
	return r;
}

bool pipeline_is_on_disk(const struct pipeline *p, size_t lane)
{
	return spool_synced_seq(p->spool, (enum spool_lane)lane) ==
	       spool_next_seq(p->spool, (enum spool_lane)lane);
}

/* Whether a batch was written that was due by its age. */
static bool write_due(struct pipeline *p, bool all)
{
	bool was_aged = false;

	for (size_t lane = 0; lane < SPOOL_LANE_COUNT; lane++) {
		struct batch *batch = p->batch[lane];

		if (!all && !batch_is_due(batch, p->now_ns))
			continue;
		was_aged |= !batch_is_full(batch);
		pipeline_write_lane(p, lane);
	}
	return was_aged;
}

static bool is_any_ring_filling(const struct pipeline *p)
{
	return ring_is_filling(p->ring[EVENT_RING_VALUABLE]) ||
	       ring_is_filling(p->ring[EVENT_RING_BULK]);
}

/* Not with every batch that is full: waiting for the disk is what they cost most. Until then the
 * rings hold what is in them. */
static bool is_sync_due(const struct pipeline *p, bool at_once)
{
	if (pipeline_is_on_disk(p, SPOOL_LANE_A) && pipeline_is_on_disk(p, SPOOL_LANE_B))
		return false;
	return at_once || is_any_ring_filling(p) || p->now_ns >= p->synced_ns + SYNC_INTERVAL_NS;
}

static void sync_spool(struct pipeline *p, bool at_once)
{
	if (is_sync_due(p, at_once)) {
		p->sync_error = spool_sync(p->spool);
		p->synced_ns = p->now_ns;
	}
	for (size_t lane = 0; lane < SPOOL_LANE_COUNT; lane++) {
		int sync_error = pipeline_is_on_disk(p, lane) ? 0 : p->sync_error;

		note_write(p, lane, p->append_error[lane] ?: sync_error);
	}
}

/* What is safely on disk goes back to the kernel, and so do events that made no record. */
static void release_rings(struct pipeline *p)
{
	for (size_t lane = 0; lane < SPOOL_LANE_COUNT; lane++) {
		struct ring *ring = p->ring[lane];

		if (!pipeline_is_on_disk(p, lane))
			continue;
		ring_release(ring, batch_is_empty(p->batch[lane])
					   ? ring_read_position(ring)
					   : batch_written_position(p->batch[lane]));
	}
}

void pipeline_write(struct pipeline *p, enum pipeline_turn turn)
{
	bool was_aged = write_due(p, turn == TURN_LAST);

	sync_spool(p, was_aged || turn != TURN_USUAL);
	release_rings(p);
}

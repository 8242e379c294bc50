/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole flow on one screen: rings → decode → process, content → record → batch → spool.
 * (Shipping and control stand beside it: worker.c.)
 */
#include "sensor/pipeline.h"

#include "common/clock.h"
#include "common/log.h"
#include "sensor/pipeline_content.h"
#include "sensor/pipeline_exec.h"
#include "sensor/pipeline_journal.h"
#include "sensor/pipeline_write.h"
#include "sensor/record/record_build.h"

#include <errno.h>
#include <string.h>

/* A record that stays half-written this long belongs to a program that will not go on soon. */
#define BUSY_PATIENCE_NS NS_PER_S
/* How long a flow waits for somebody to tell of its owner. */
#define OWNER_PATIENCE_NS NS_PER_S
/* Times that a turn goes on with what came while it was reading. */
#define DRAINS_MAX 4

/* --- events → records --- */

static int take_cgroup(struct pipeline *p, const struct decoded_cgroup *cgroup)
{
	struct text path = { cgroup->path, cgroup->path_length };

	return cgroup_names_learn(p->cgroups, cgroup->id, path);
}

/* What an event does to the tables. */
static int apply(struct pipeline *p, struct decoded_event *event)
{
	switch (event->kind) {
	case EVENT_FORK:
		return process_table_fork(p->processes, &event->fork);
	case EVENT_EXEC:
		return pipeline_take_exec(p, &event->exec);
	case EVENT_SNAPSHOT:
		return pipeline_take_snapshot(p, &event->exec);
	case EVENT_EXIT:
	case EVENT_GONE:
		return process_table_exit(p->processes, &event->exit);
	case EVENT_CGROUP:
		return take_cgroup(p, &event->cgroup);
	case EVENT_FLOW:
		process_table_flow(p->processes, &event->flow);
		break;
	case EVENT_THROTTLE:
	case EVENT_BYTES:
	case EVENT_KIND_NONE:
	case EVENT_KIND_COUNT:
		break;
	}
	return 0;
}

static struct record_sources sources_of(struct pipeline *p)
{
	return (struct record_sources){
		.processes = p->processes,
		.cgroups = p->cgroups,
		.ancestors = p->ancestors,
		.boot_epoch_ns = p->boot_epoch_ns,
	};
}

/* The record an event becomes, or false: forks and snapshots only feed the table. */
static bool build(struct pipeline *p, const struct decoded_event *event, struct record *ret_record)
{
	const struct record_sources sources = sources_of(p);

	switch (event->kind) {
	case EVENT_EXEC:
		record_from_exec(&sources, &event->exec, ret_record);
		pipeline_fill_exec(p, &event->exec, &ret_record->exec);
		return true;
	case EVENT_EXIT:
		record_from_exit(&sources, &event->exit, ret_record);
		return true;
	case EVENT_FLOW:
		record_from_flow(&sources, &event->flow, ret_record);
		marking_fill(p->marking, &event->flow, p->now_ns, &ret_record->flow);
		return true;
	case EVENT_FORK:
	case EVENT_SNAPSHOT:
	case EVENT_GONE:
	case EVENT_CGROUP:
	case EVENT_THROTTLE:
	case EVENT_BYTES:
	case EVENT_KIND_NONE:
	case EVENT_KIND_COUNT:
		break;
	}
	return false;
}

/* An event that does not decode: the record that is missing now, if it would have made one. */
static void miss_malformed(struct pipeline *p, const uint8_t *bytes, size_t size)
{
	struct cursor record = cursor_of(bytes, size);
	struct event_header header;

	p->counters.malformed++;
	cursor_copy(&record, &header, sizeof(header));
	if (header.kind == EVENT_EXEC)
		losses_count(&p->losses, GAP_MALFORMED, RECORD_EXEC);
	else if (header.kind == EVENT_EXIT)
		losses_count(&p->losses, GAP_MALFORMED, RECORD_EXIT);
	else if (header.kind == EVENT_FLOW)
		losses_count(&p->losses, GAP_MALFORMED, RECORD_FLOW);
}

static void take_throttle(struct pipeline *p, struct batch *batch,
			  const struct event_throttle *event)
{
	const struct text *cgroup = cgroup_names_find(p->cgroups, event->cgroup_id);
	const struct record_gap gap = { .time_ns = event->header.time_ns + p->boot_epoch_ns,
					.cgroup = cgroup ? *cgroup : (struct text){ 0 } };

	losses_throttled(&p->losses, batch, event, gap, p->now_ns);
	if (event->state == THROTTLE_GOES_ON)
		return;
	p->counters.throttles_stopped += event->state == THROTTLE_STOPPED;
	log_info("throttle", "control group %llu (%.*s) %s", (unsigned long long)event->cgroup_id,
		 (int)gap.cgroup.length, gap.cgroup.length ? gap.cgroup.at : "",
		 event->state == THROTTLE_STARTED ? "is over its budget: events are only counted"
						  : "is within its budget again");
}

static void note_sequence(struct pipeline *p, size_t ring, const uint8_t *bytes, size_t size)
{
	struct cursor record = cursor_of(bytes, size);
	struct event_header header;

	if (cursor_copy(&record, &header, sizeof(header)))
		sequence_saw(p->sequence, (enum event_ring)ring, ring_read_position(p->ring[ring]),
			     &header);
}

/* A turn looks at the clock before it looks at the rings: an event may be a little younger. */
static bool is_recent(uint64_t time_ns, uint64_t now_ns)
{
	uint64_t apart_ns = time_ns > now_ns ? time_ns - now_ns : now_ns - time_ns;

	return apart_ns < OWNER_PATIENCE_NS;
}

static bool lacks_owner(struct pipeline *p, const struct decoded_event *event)
{
	const struct record_sources sources = sources_of(p);

	return event->kind == EVENT_FLOW && !record_owner_is_known(&sources, &event->flow);
}

/* A flow whose owner nobody has told of, though that may be under way: another ring, another CPU.
 * It waits in the ring, and those behind it with it: so nobody waits longer than this after it was
 * made, a kill loses nothing, and the ring bounds how many can wait. */
static bool may_wait(const struct pipeline *p, const struct event_header *flow)
{
	return p->is_waiting_allowed && is_recent(flow->time_ns, p->now_ns) &&
	       !ring_is_half_full(p->ring[EVENT_RING_BULK]);
}

/* False when the event is to be read again later. */
static bool take_event(struct pipeline *p, struct batch *batch, const uint8_t *bytes, size_t size)
{
	struct record record;

	if (decode_event(bytes, size, p->event) < 0) {
		miss_malformed(p, bytes, size);
		return true;
	}
	if (lacks_owner(p, p->event)) {
		if (may_wait(p, &p->event->header))
			return false;
		p->counters.flows_without_process++;
	}
	if (pipeline_waits_for_hash(p, p->event))
		return false;
	p->counters.events++;
	if (apply(p, p->event) < 0)
		log_error("pipeline", "out of memory for the tables");
	pipeline_note(p, bytes, size);
	if (p->event->kind == EVENT_THROTTLE)
		take_throttle(p, batch, &p->event->throttle);
	if (build(p, p->event, &record))
		pipeline_add_record(p, batch, &record);
	if (p->event->kind == EVENT_BYTES)
		marking_take(p->marking, &p->event->bytes, p->now_ns);
	else if (p->event->kind == EVENT_FLOW)
		marking_end(p->marking, &p->event->flow); /* the batch has copied its marks */
	return true;
}

void pipeline_replay(void *pipeline, const uint8_t *bytes, size_t size)
{
	struct pipeline *p = pipeline;

	if (decode_event(bytes, size, p->event) < 0 || apply(p, p->event) < 0)
		return;
	p->counters.replayed_events++;
}

/* --- the turn --- */

/* What ring_next said other than "here is one". True when the ring is read as far as can be. */
static bool note_read(struct pipeline *p, size_t lane, int r)
{
	if (r == -EBADMSG) {
		log_error("ring", "bookkeeping of ring %zu makes no sense; skipping", lane);
		ring_seek(p->ring[lane], ring_write_position(p->ring[lane]));
		return true;
	}
	if (r < 0 && r != -EAGAIN && r != p->read_error[lane])
		log_error("ring", "cannot read ring %zu: %s; trying on", lane, strerror(-r));
	p->read_error[lane] = r;
	return r == 0;
}

/* Reads a ring up to `end`. False when it stopped before: a record is still being written or waits
 * for its owner, the batch is full and cannot be written, or memory lacks. */
static bool drain(struct pipeline *p, size_t lane, uint64_t end)
{
	struct ring *ring = p->ring[lane];
	struct batch *batch = p->batch[lane];
	const uint8_t *bytes;
	size_t size;
	int r;

	while (ring_read_position(ring) < end) {
		uint64_t position = ring_read_position(ring);

		if (batch_is_full(batch) && pipeline_write_lane(p, lane) < 0)
			return false;
		r = ring_next(ring, &bytes, &size);
		if (r <= 0)
			return note_read(p, lane, r);
		if (!take_event(p, batch, bytes, size)) {
			if (p->event->kind == EVENT_EXEC)
				pipeline_look_ahead(p, ring);
			ring_rewind(ring, position);
			return false;
		}
		note_sequence(p, lane, bytes, size);
		batch_set_position(batch, ring_read_position(ring));
	}
	return true;
}

/*
 * The rings have no common order, but a flow's process was told of before its end: when the
 * valuable ring is read past where it stood after we looked at the bulk ring, no flow below that
 * look can come too early. Only a record still being written may hold the bulk ring up, and not for
 * long.
 */
static void drain_both(struct pipeline *p)
{
	uint64_t bulk_end = ring_write_position(p->ring[EVENT_RING_BULK]);
	uint64_t valuable_end = ring_write_position(p->ring[EVENT_RING_VALUABLE]);
	bool whole = drain(p, SPOOL_LANE_A, valuable_end);

	if (whole)
		p->busy_since_ns = 0;
	else if (p->busy_since_ns == 0)
		p->busy_since_ns = p->now_ns;
	if (whole || p->now_ns - p->busy_since_ns > BUSY_PATIENCE_NS)
		drain(p, SPOOL_LANE_B, bulk_end);
}

/* Reading takes a while, and in a storm more has come meanwhile: less each time. Once there is
 * nothing, the arena can be used from its front again. */
static void drain_all(struct pipeline *p)
{
	for (int i = 0; i < DRAINS_MAX; i++) {
		uint64_t before = ring_read_position(p->ring[EVENT_RING_BULK]);

		drain_both(p);
		if (pipeline_has_read_all(p)) {
			if (p->arena)
				arena_rewind(p->arena);
			return;
		}
		if (ring_read_position(p->ring[EVENT_RING_BULK]) == before)
			return;
	}
}

void pipeline_turn(struct pipeline *p, enum pipeline_turn turn)
{
	p->is_waiting_allowed = turn == TURN_USUAL;
	p->now_ns = clock_boottime_ns();
	p->boot_epoch_ns = clock_boot_epoch_ns();
	p->counters.turns++;
	if (p->content)
		content_step(p->content, p->now_ns);
	drain_all(p);
	if (p->content && turn == TURN_LAST)
		content_stop(p->content);
	pipeline_keep_promises(p);
	losses_report(&p->losses, p->batch[SPOOL_LANE_A], p->boot_epoch_ns + p->now_ns, p->now_ns);
	pipeline_write(p, turn);
}

bool pipeline_is_drained(const struct pipeline *p)
{
	if (p->content && content_promised(p->content) > 0)
		return false;
	for (size_t lane = 0; lane < SPOOL_LANE_COUNT; lane++)
		if (!batch_is_empty(p->batch[lane]) || !pipeline_is_on_disk(p, lane) ||
		    ring_read_position(p->ring[lane]) < ring_write_position(p->ring[lane]))
			return false;
	return true;
}

bool pipeline_has_read_all(const struct pipeline *p)
{
	const struct ring *bulk = p->ring[EVENT_RING_BULK];

	return ring_read_position(bulk) == ring_write_position(bulk);
}

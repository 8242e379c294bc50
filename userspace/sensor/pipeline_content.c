/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/pipeline_content.h"

#include "sensor/pipeline_exec.h"

/* Events, a third of which are execs: about as many as the hasher takes at once. */
#define AHEAD_MAX 48

bool pipeline_waits_for_hash(struct pipeline *p, const struct decoded_event *event)
{
	bool may_wait = p->is_waiting_allowed && !ring_is_half_full(p->ring[EVENT_RING_VALUABLE]);

	p->answer = CONTENT_READY;
	p->facts = (struct content_facts){ 0 };
	if (event->kind != EVENT_EXEC || !p->content)
		return false;
	p->answer = content_look(p->content, &event->exec, may_wait, p->now_ns, &p->facts);
	return p->answer == CONTENT_WAIT;
}

void pipeline_look_ahead(struct pipeline *p, struct ring *ring)
{
	const uint8_t *bytes;
	size_t size;

	for (int i = 0; i < AHEAD_MAX && ring_next(ring, &bytes, &size) == 1; i++)
		if (decode_event(bytes, size, p->event) == 0 && p->event->kind == EVENT_EXEC)
			content_look_ahead(p->content, &p->event->exec, p->now_ns);
}

void pipeline_add_record(struct pipeline *p, struct batch *batch, const struct record *record)
{
	/* There is room, as the ring is only read while the batch takes any record; memory may
	 * lack. */
	if (batch_add(batch, record, p->now_ns) < 0)
		losses_count(&p->losses, GAP_NO_MEMORY, record->class);
	if (record->class == RECORD_EXEC && p->answer == CONTENT_PROMISED)
		losses_promised(&p->losses);
	if (record->class == RECORD_EXEC_UPDATE)
		losses_kept(&p->losses);
}

void pipeline_keep_promises(struct pipeline *p)
{
	struct record record = { .class = RECORD_EXEC_UPDATE };
	struct batch *batch = p->batch[SPOOL_LANE_A];

	while (p->content && !batch_is_full(batch) &&
	       content_next_update(p->content, &record.exec_update)) {
		pipeline_complete_px1(p, &record.exec_update);
		record.exec_update.time_ns = p->boot_epoch_ns + p->now_ns;
		pipeline_add_record(p, batch, &record);
	}
}

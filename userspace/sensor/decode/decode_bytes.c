/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/decode/decode.h"

#include "bpf/abi/arena.h"
#include "bpf/lib/look_types.h"

#include <errno.h>

/* Where a piece may lie in a slot. */
static bool is_within_slot(const struct event_bytes *event)
{
	return event->slot > 0 && event->bytes > 0 &&
	       (size_t)event->slot_at + event->bytes <= ARENA_BYTES_MAX;
}

/* No bytes, no slot, but a reason. */
static bool is_cut(const struct event_bytes *event)
{
	return event->cut > LOOK_CUT_NONE && event->cut < LOOK_CUT_COUNT && event->slot == 0 &&
	       event->generation == 0 && event->slot_at == 0 && event->bytes == 0 &&
	       event->flags == 0;
}

static bool is_piece(const struct event_bytes *event)
{
	uint64_t end = (uint64_t)event->offset + event->bytes;

	return event->cut == LOOK_CUT_NONE && event->protocol != DISSECT_NONE &&
	       is_within_slot(event) && (event->flags & ~BYTES_STAY) == 0 &&
	       end <= LOOK_WINDOW_BYTES && event->start <= LOOK_WINDOW_BYTES &&
	       (event->total_bytes == 0 || event->total_bytes >= end);
}

int decode_bytes(struct cursor record, struct decoded_event *ret_event)
{
	struct event_bytes event;

	if (!cursor_copy(&record, &event, sizeof(event)) || !cursor_done(&record))
		return -EBADMSG;
	if (event.protocol >= DISSECT_COUNT || event.side > 1)
		return -EBADMSG;
	if (!is_cut(&event) && !is_piece(&event))
		return -EBADMSG;
	ret_event->bytes = event;
	return 0;
}

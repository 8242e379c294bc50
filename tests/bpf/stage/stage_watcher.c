/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/stage/stage_watcher.h"

#include "bpf/lib/look_types.h"
#include "bpf/stage/stage_actor.h"
#include "bpf/stage/stage_told.h"

#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

/* Replay gives a hole up when so much has come behind it (lookout.c). */
#define AHEAD_BYTES_MAX (2 * LOOK_WINDOW_BYTES)
#define AHEAD_SEGMENTS_MAX LOOK_MESSAGE_SEGMENTS_MAX

/* --- what the programs tell --- */

static bool is_looked_at(const struct watch *watch)
{
	return stage_is_tcp(watch) || watch->flow->tuple.protocol == PROTOCOL_UDP;
}

static int take_event(void *context, const struct decoded_event *event)
{
	const struct watch *watch = context;
	const struct actor *actor = *watch->own;
	struct stage_stats *stats = &actor->watcher->stats;

	if (event->kind == EVENT_BYTES && event->bytes.cookie == actor->cookie) {
		stats->pieces++;
		stats->held += event->bytes.flags & BYTES_STAY;
		return stage_told_bytes(actor->watcher->stage, watch,
					event->bytes.side ^ (actor->first == TRACK_DESTINATION),
					&event->bytes);
	}
	if (event->kind != EVENT_FLOW || event->flow.cookie != actor->cookie)
		return -EPROTO;
	if (event->flow.first_bytes)
		flow_table_unknown(watch->table, &watch->key, event->flow.first_bytes);
	if (!is_looked_at(watch))
		return 0;
	stats->records++;
	stats->partly += actor->is_partly;
	stage_told_syn(watch, &event->flow.syn);
	stage_told_syn(watch, &event->flow.synack);
	if (!actor->is_partly)
		stage_told_lengths(watch, &event->flow.splt, actor->first == TRACK_DESTINATION);
	return 0;
}

/* How many events that waited, or -errno. */
static int drain(const struct actor *actor, const struct watch *watch)
{
	struct watch of = *watch;

	return stage_drain(actor->watcher->stage, take_event, &of);
}

/* --- what they are shown --- */

static int show(struct actor *actor, const struct watch *watch, enum track_end sender,
		uint32_t offset, struct cursor bytes)
{
	struct stage_segment segment = stage_actor_segment(watch->flow, sender);
	int r;

	stage_actor_turn(actor, watch, sender);
	segment.seq += 1 + offset;
	segment.payload = bytes;
	r = stage_actor_pass(actor, sender, &segment);
	return r < 0 ? r : drain(actor, watch);
}

/* --- holes --- */

/* The hole counts as taken; what lies right behind it comes again. How many events that made. */
static int give_up_hole(struct actor *actor, const struct watch *watch, enum track_end sender)
{
	struct sent *sent = &actor->sent[sender];
	int count = 0;

	sent->edge = sent->ahead->offset;
	actor->gives_up = true;
	while (sent->ahead && sent->ahead->offset <= sent->edge) {
		struct ahead *ahead = sent->ahead;
		int r = show(actor, watch, sender, ahead->offset,
			     cursor_of(ahead->bytes, ahead->size));

		if (r < 0)
			return r;
		count += r;
		if (ahead->offset + ahead->size > sent->edge)
			sent->edge = ahead->offset + ahead->size;
		stage_sent_forget(sent, ahead);
	}
	actor->gives_up = false;
	return count;
}

/* --- the watcher --- */

static struct actor *actor_of(void *context, const struct watch *watch)
{
	struct stage_watcher *watcher = context;
	struct actor *actor = *watch->own;

	if (actor)
		return actor;
	actor = calloc(1, sizeof(*actor));
	if (!actor)
		return NULL;
	actor->watcher = watcher;
	actor->cookie = ++watcher->cookies;
	*watch->own = actor;
	return actor;
}

static int on_syn(void *context, const struct watch *watch, const struct packet *packet,
		  const struct segment *segment)
{
	struct actor *actor = actor_of(context, watch);
	int r = actor ? stage_actor_syn(actor, watch, packet, segment) : -ENOMEM;

	return r < 0 ? r : drain(actor, watch);
}

/* What is too long is left out anyway, and said to be. */
static int on_datagram(struct actor *actor, const struct watch *watch,
		       const struct track_data *data)
{
	struct stage_segment segment = stage_actor_segment(watch->flow, data->sender);
	struct cursor bytes = data->bytes;
	int r;

	if (!actor->is_begun)
		actor->first = data->sender;
	actor->is_begun = true;
	if (bytes.left < data->wire_bytes || bytes.left > STAGE_PAYLOAD_MAX)
		actor->is_partly = true;
	stage_actor_turn(actor, watch, data->sender);
	segment.is_udp = true;
	segment.payload = cursor_take(&bytes, bytes.left < STAGE_PAYLOAD_MAX ? bytes.left
									     : STAGE_PAYLOAD_MAX);
	r = stage_actor_pass(actor, data->sender, &segment);
	return r < 0 ? r : drain(actor, watch);
}

static int on_segment(struct actor *actor, const struct watch *watch, uint32_t offset,
		      const struct track_data *data)
{
	struct sent *sent = &actor->sent[data->sender];
	int r = stage_actor_accept(actor, watch);
	int told = r < 0 ? r : show(actor, watch, data->sender, offset, data->bytes);

	if (told < 0)
		return told;
	if (offset <= sent->edge)
		stage_sent_reach(sent, (uint64_t)offset + data->bytes.left);
	else if (offset < LOOK_WINDOW_BYTES)
		r = stage_sent_keep(sent, offset, &data->bytes);
	while (r >= 0 &&
	       (sent->ahead_bytes > AHEAD_BYTES_MAX || sent->ahead_count > AHEAD_SEGMENTS_MAX)) {
		r = give_up_hole(actor, watch, data->sender);
		told += r;
	}
	return r < 0 ? r : told;
}

static int on_stream(struct actor *actor, const struct watch *watch, const struct track_data *data)
{
	struct track_data fresh = *data;

	if (data->bytes.left < data->wire_bytes || data->offset < 0)
		actor->is_partly = true;
	if (data->offset < 0) {
		cursor_take(&fresh.bytes, (size_t)-data->offset);
		fresh.offset = 0;
	}
	if (!cursor_ok(&fresh.bytes) || fresh.bytes.left == 0)
		return 0;
	return on_segment(actor, watch, (uint32_t)fresh.offset, &fresh);
}

static int on_data(void *context, const struct watch *watch, const struct track_data *data,
		   bool *ret_told)
{
	struct actor *actor = actor_of(context, watch);
	int told = 0;

	if (!actor)
		return -ENOMEM;
	if (stage_is_tcp(watch))
		told = on_stream(actor, watch, data);
	else if (is_looked_at(watch))
		told = on_datagram(actor, watch, data);
	*ret_told = told > 0;
	return told < 0 ? told : 0;
}

static int end_flow(struct actor *actor, const struct watch *watch)
{
	const struct stage_frame empty = { .size = 64 };
	int r = stage_actor_accept(actor, watch);

	for (enum track_end end = TRACK_SOURCE; end < TRACK_ENDS; end++)
		while (r >= 0 && actor->sent[end].ahead)
			r = give_up_hole(actor, watch, end);
	if (r < 0)
		return r;
	stage_actor_turn(actor, watch, TRACK_SOURCE);
	r = stage_run(actor->watcher->stage, STAGE_OVER, &empty);
	if (r == 0)
		r = drain(actor, watch);
	return r < 0 ? r : 0;
}

static int on_finish(void *context, const struct watch *watch)
{
	(void)context;
	return *watch->own ? end_flow(*watch->own, watch) : 0;
}

static void on_forget(void *own)
{
	struct actor *actor = own;

	if (!actor)
		return;
	for (int end = 0; end < TRACK_ENDS; end++)
		while (actor->sent[end].ahead)
			stage_sent_forget(&actor->sent[end], actor->sent[end].ahead);
	free(actor);
}

int stage_watcher_open(enum stage_role role, enum stage_fault fault,
		       struct stage_watcher **ret_watcher)
{
	struct stage_watcher *watcher = calloc(1, sizeof(*watcher));
	int r;

	if (!watcher)
		return -ENOMEM;
	watcher->role = role;
	watcher->watcher = (struct watcher){ .syn = on_syn,
					     .data = on_data,
					     .finish = on_finish,
					     .forget = on_forget,
					     .context = watcher };
	r = stage_open(fault, &watcher->stage);
	if (r < 0)
		free(watcher);
	else
		*ret_watcher = watcher;
	return r;
}

void stage_watcher_close(struct stage_watcher *watcher)
{
	if (!watcher)
		return;
	stage_close(watcher->stage);
	free(watcher);
}

const struct watcher *stage_watcher_of(const struct stage_watcher *watcher)
{
	return &watcher->watcher;
}

void stage_watcher_settle(struct stage_watcher *watcher)
{
	stage_settle(watcher->stage);
}

const struct stage_stats *stage_watcher_stats(const struct stage_watcher *watcher)
{
	return &watcher->stats;
}

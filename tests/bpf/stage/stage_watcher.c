/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/stage/stage_watcher.h"

#include "bpf/lib/look_types.h"
#include "bpf/stage/stage_programs.h"
#include "bpf/stage/stage_sent.h"
#include "bpf/stage/stage_told.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

#define SOURCE_ISS 0xfffff000u /* so that sequence numbers wrap early */
#define DESTINATION_ISS 0x1000u
/* Replay gives a hole up when so much has come behind it (lookout.c). */
#define AHEAD_BYTES_MAX (2 * LOOK_WINDOW_BYTES)
#define AHEAD_SEGMENTS_MAX LOOK_MESSAGE_SEGMENTS_MAX

enum tcp_state { STATE_ESTABLISHED = 1, STATE_SYN_SENT = 2, STATE_LISTEN = 10 };

/* A flow. */
struct actor {
	struct stage_watcher *watcher;
	uint64_t cookie;
	struct sent sent[TRACK_ENDS];
	bool is_partly;
	bool gives_up; /* what lies behind a hole comes again */
	bool is_begun; /* a datagram came */
	enum track_end first; /* who sent it: its source, says the kernel */
};

struct stage_watcher {
	struct watcher watcher;
	enum stage_role role;
	struct stage *stage;
	uint64_t cookies;
	struct stage_stats stats;
	struct stage_frame frame;
};

/* --- what the programs tell --- */

static bool is_tcp(const struct watch *watch)
{
	return watch->flow->tuple.protocol == PROTOCOL_TCP;
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
	if (!is_tcp(watch))
		return 0;
	stats->records++;
	stats->partly += actor->is_partly;
	stage_told_syn(watch, &event->flow.syn);
	if (!actor->is_partly)
		stage_told_lengths(watch, &event->flow.splt);
	return 0;
}

/* How many events that waited, or -errno. */
static int drain(const struct actor *actor, const struct watch *watch)
{
	struct watch of = *watch;

	return stage_drain(actor->watcher->stage, take_event, &of);
}

/* --- what they are shown --- */

static uint32_t iss_of(enum track_end end)
{
	return end == TRACK_SOURCE ? SOURCE_ISS : DESTINATION_ISS;
}

static bool is_leaving(const struct actor *actor, enum track_end sender)
{
	return (sender == TRACK_SOURCE) == (actor->watcher->role == STAGE_CONNECTS);
}

/* What the socket has counted of a direction: the bytes acknowledged count the SYN of who called
 * connect(). */
static struct stage_turn *set_turn(struct actor *actor, const struct watch *watch,
				   enum track_end sender)
{
	enum stage_role role = actor->watcher->role;
	struct stage_turn *turn = stage_turn(actor->watcher->stage);
	const struct track_flow *flow = watch->flow;
	uint64_t edge = actor->sent[sender].edge;
	bool has_syn = is_leaving(actor, sender) && role == STAGE_CONNECTS;

	*turn = (struct stage_turn){
		.cookie = actor->cookie,
		.now_ns = flow->last_ns,
		.known_bytes = edge + has_syn,
		.next = iss_of(sender) + 1 + (uint32_t)edge,
		/* Of a hole a socket takes the bytes long before it has counted too many. */
		.data_segments = actor->gives_up
					 ? 0
					 : flow->ends[TRACK_SOURCE].data_packets +
						   flow->ends[TRACK_DESTINATION].data_packets,
		.state = STATE_ESTABLISHED,
		.role = role,
		.is_datagram = !is_tcp(watch),
	};
	return turn;
}

static struct stage_segment segment_of(const struct track_flow *flow, enum track_end sender)
{
	const struct track_tuple *tuple = &flow->tuple;
	int from = flow->source_is_second ^ (sender == TRACK_DESTINATION);
	struct stage_segment segment = {
		.source_port = tuple->port[from],
		.destination_port = tuple->port[!from],
		.is_ipv6 = flow->is_ipv6,
		.ttl = 64,
		.flags = TCP_ACK,
		.window = 1024,
		.seq = iss_of(sender),
	};

	memcpy(segment.source, tuple->addr[from], sizeof(segment.source));
	memcpy(segment.destination, tuple->addr[!from], sizeof(segment.destination));
	return segment;
}

/* Lets a packet pass that has been set up. */
static int pass(struct actor *actor, enum track_end sender, const struct stage_segment *segment)
{
	struct stage_watcher *watcher = actor->watcher;

	stage_frame_build(&watcher->frame, segment);
	watcher->stats.packets++;
	return stage_run(watcher->stage, is_leaving(actor, sender) ? STAGE_OUT : STAGE_IN,
			 &watcher->frame);
}

static int show(struct actor *actor, const struct watch *watch, enum track_end sender,
		uint32_t offset, struct cursor bytes)
{
	struct stage_segment segment = segment_of(watch->flow, sender);
	int r;

	set_turn(actor, watch, sender);
	segment.seq += 1 + offset;
	segment.payload = bytes;
	r = pass(actor, sender, &segment);
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

/* The connection that a SYN began has a socket of its own from now on. */
static int accept_it(struct actor *actor, struct stage_turn *turn,
		     const struct stage_segment *segment)
{
	memcpy(turn->remote_addr, segment->source, sizeof(turn->remote_addr));
	memcpy(turn->local_addr, segment->destination, sizeof(turn->local_addr));
	turn->remote_port = htons(segment->source_port);
	turn->local_port = htons(segment->destination_port);
	return stage_run(actor->watcher->stage, STAGE_ACCEPTED, &actor->watcher->frame);
}

static int on_syn(void *context, const struct watch *watch, const struct packet *packet,
		  const struct segment *read)
{
	struct actor *actor = actor_of(context, watch);
	enum track_end sender = read->flags & TCP_ACK ? TRACK_DESTINATION : TRACK_SOURCE;
	struct stage_segment segment = segment_of(watch->flow, sender);
	struct stage_turn *turn;
	bool connects;
	int r;

	if (!actor)
		return -ENOMEM;
	connects = actor->watcher->role == STAGE_CONNECTS;
	segment.ttl = packet->ttl;
	segment.is_id_zero = packet->is_id_zero;
	segment.dont_fragment = packet->dont_fragment;
	segment.ip_options_bytes = packet->ip_options_bytes;
	segment.flags = read->flags;
	segment.window = read->window;
	segment.options = read->options;
	segment.payload = read->payload;
	turn = set_turn(actor, watch, sender);
	turn->is_open = connects;
	if (sender == TRACK_SOURCE)
		turn->state = connects ? STATE_SYN_SENT : STATE_LISTEN;
	r = pass(actor, sender, &segment);
	if (r == 0 && sender == TRACK_SOURCE && !connects)
		r = accept_it(actor, turn, &segment);
	return r < 0 ? r : drain(actor, watch);
}

/* What is too long is left out anyway, and said to be. */
static int on_datagram(struct actor *actor, const struct watch *watch,
		       const struct track_data *data)
{
	struct stage_segment segment = segment_of(watch->flow, data->sender);
	struct cursor bytes = data->bytes;
	int r;

	if (!actor->is_begun)
		actor->first = data->sender;
	actor->is_begun = true;
	set_turn(actor, watch, data->sender);
	segment.is_udp = true;
	segment.payload = cursor_take(&bytes, bytes.left < STAGE_PAYLOAD_MAX ? bytes.left
									     : STAGE_PAYLOAD_MAX);
	r = pass(actor, data->sender, &segment);
	return r < 0 ? r : drain(actor, watch);
}

static int on_segment(struct actor *actor, const struct watch *watch, uint32_t offset,
		      const struct track_data *data)
{
	struct sent *sent = &actor->sent[data->sender];
	int told = show(actor, watch, data->sender, offset, data->bytes);
	int r = 0;

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
	if (is_tcp(watch))
		told = on_stream(actor, watch, data);
	else if (watch->flow->tuple.protocol == PROTOCOL_UDP)
		told = on_datagram(actor, watch, data);
	*ret_told = told > 0;
	return told < 0 ? told : 0;
}

static int end_flow(struct actor *actor, const struct watch *watch)
{
	const struct stage_frame empty = { .size = 64 };
	int r = 0;

	for (enum track_end end = TRACK_SOURCE; end < TRACK_ENDS; end++)
		while (r >= 0 && actor->sent[end].ahead)
			r = give_up_hole(actor, watch, end);
	if (r < 0)
		return r;
	set_turn(actor, watch, TRACK_SOURCE);
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

/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/stage/stage_actor.h"

#include <arpa/inet.h>

#define SOURCE_ISS 0xfffff000u /* so that sequence numbers wrap early */
#define DESTINATION_ISS 0x1000u

enum tcp_state { STATE_ESTABLISHED = 1, STATE_SYN_SENT = 2, STATE_LISTEN = 10 };

bool stage_is_tcp(const struct watch *watch)
{
	return watch->flow->tuple.protocol == PROTOCOL_TCP;
}

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
struct stage_turn *stage_actor_turn(struct actor *actor, const struct watch *watch,
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
		.is_datagram = !stage_is_tcp(watch),
	};
	return turn;
}

struct stage_segment stage_actor_segment(const struct track_flow *flow, enum track_end sender)
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
		.ack = iss_of(sender == TRACK_SOURCE ? TRACK_DESTINATION : TRACK_SOURCE) + 1,
	};

	memcpy(segment.source, tuple->addr[from], sizeof(segment.source));
	memcpy(segment.destination, tuple->addr[!from], sizeof(segment.destination));
	return segment;
}

int stage_actor_pass(struct actor *actor, enum track_end sender,
		     const struct stage_segment *segment)
{
	struct stage_watcher *watcher = actor->watcher;

	stage_frame_build(&watcher->frame, segment);
	watcher->stats.packets++;
	return stage_run(watcher->stage, is_leaving(actor, sender) ? STAGE_OUT : STAGE_IN,
			 &watcher->frame);
}

int stage_actor_accept(struct actor *actor, const struct watch *watch)
{
	struct stage_segment segment = stage_actor_segment(watch->flow, TRACK_SOURCE);
	struct stage_turn *turn = stage_actor_turn(actor, watch, TRACK_SOURCE);
	const struct stage_frame empty = { .size = 64 };

	if (!actor->is_waiting)
		return 0;
	actor->is_waiting = false;
	memcpy(turn->remote_addr, segment.source, sizeof(turn->remote_addr));
	memcpy(turn->local_addr, segment.destination, sizeof(turn->local_addr));
	turn->remote_port = htons(segment.source_port);
	turn->local_port = htons(segment.destination_port);
	return stage_run(actor->watcher->stage, STAGE_ACCEPTED, &empty);
}

int stage_actor_syn(struct actor *actor, const struct watch *watch, const struct packet *packet,
		    const struct segment *read)
{
	enum track_end sender = read->flags & TCP_ACK ? TRACK_DESTINATION : TRACK_SOURCE;
	struct stage_segment segment = stage_actor_segment(watch->flow, sender);
	struct stage_turn *turn = stage_actor_turn(actor, watch, sender);
	bool connects = actor->watcher->role == STAGE_CONNECTS;
	int r;

	segment.ttl = packet->ttl;
	segment.is_id_zero = packet->is_id_zero;
	segment.dont_fragment = packet->dont_fragment;
	segment.ip_options_bytes = packet->ip_options_bytes;
	segment.flags = read->flags;
	segment.window = read->window;
	segment.options = read->options;
	segment.payload = read->payload;
	turn->is_open = connects;
	turn->state = connects ? STATE_SYN_SENT : STATE_LISTEN;
	r = stage_actor_pass(actor, sender, &segment);
	actor->is_waiting = !connects;
	if (r == 0 && sender == TRACK_DESTINATION)
		r = stage_actor_accept(actor, watch);
	return r;
}

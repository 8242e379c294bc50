/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/track.h"

#include "common/clock.h"
#include "common/hash.h"
#include "replay/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION(key, length, value) (value) = hash_bytes(key, length)
#include <uthash.h>
#include <utlist.h>

#define RANGES_MAX (4u << 20) /* of all streams: 64 MiB */

enum list { LIST_OPEN, LIST_CLOSED, LIST_OTHER, LISTS };

static const uint64_t silence_ns[LISTS] = {
	[LIST_OPEN] = 3600 * NS_PER_S,
	[LIST_CLOSED] = 60 * NS_PER_S, /* late segments are still this connection's */
	[LIST_OTHER] = 60 * NS_PER_S,
};

struct entry {
	struct track_flow flow; /* first: one is the other */
	UT_hash_handle hh;
	struct entry *prev;
	struct entry *next;
	enum list list;
};

struct track {
	struct track_observer observer;
	size_t flows_max;
	size_t ranges_room; /* so many more may all streams have ahead */
	uint64_t salt;
	struct entry *by_tuple;
	struct entry *silent[LISTS]; /* who was silent longest comes first */
	struct entry *last; /* of the packet before: most often the next one's too */
	struct track_stats stats;
};

struct track *track_new(size_t flows_max, const struct track_observer *observer)
{
	struct track *track = calloc(1, sizeof(*track));

	if (!track)
		return NULL;
	track->flows_max = flows_max;
	track->ranges_room = RANGES_MAX;
	track->observer = *observer;
	if (getrandom(&track->salt, sizeof(track->salt), GRND_NONBLOCK) < 0)
		track->salt = 0; /* early at boot: it only makes a bad case less likely */
	return track;
}

static void unlink_entry(struct track *track, struct entry *entry)
{
	HASH_DELETE(hh, track->by_tuple, entry);
	DL_DELETE(track->silent[entry->list], entry);
	if (track->last == entry)
		track->last = NULL;
}

static void free_entry(struct track *track, struct entry *entry)
{
	for (enum track_end end = TRACK_SOURCE; end < TRACK_ENDS; end++)
		stream_done(&entry->flow.ends[end].stream, &track->ranges_room);
	free(entry);
}

static void end_flow(struct track *track, struct entry *entry, enum record_flow_ending ending)
{
	if (entry->flow.ending == FLOW_ENDING_UNKNOWN)
		entry->flow.ending = ending;
	unlink_entry(track, entry);
	track->observer.ended(track->observer.context, &entry->flow);
	free_entry(track, entry);
}

void track_free(struct track *track)
{
	if (!track)
		return;
	for (int list = 0; list < LISTS; list++) {
		while (track->silent[list]) {
			struct entry *entry = track->silent[list];

			unlink_entry(track, entry);
			free_entry(track, entry);
		}
	}
	free(track);
}

static void end_silent(struct track *track, uint64_t now_ns)
{
	for (int list = 0; list < LISTS; list++) {
		struct entry *oldest;

		while ((oldest = track->silent[list]) && now_ns > oldest->flow.last_ns &&
		       now_ns - oldest->flow.last_ns > silence_ns[list])
			end_flow(track, oldest,
				 list == LIST_OTHER ? FLOW_ENDING_IDLE : FLOW_ENDING_TIMEOUT);
	}
}

static struct entry *longest_silent(const struct track *track)
{
	struct entry *oldest = NULL;

	for (int list = 0; list < LISTS; list++) {
		struct entry *entry = track->silent[list];

		if (entry && (!oldest || entry->flow.last_ns < oldest->flow.last_ns))
			oldest = entry;
	}
	return oldest;
}

void track_flush(struct track *track)
{
	struct entry *oldest;

	while ((oldest = longest_silent(track)))
		end_flow(track, oldest, FLOW_ENDING_UNKNOWN);
}

/* True when the packet's source is the tuple's second end. */
static bool make_tuple(const struct track *track, const struct packet *packet,
		       const struct segment *segment, struct track_tuple *ret_tuple)
{
	int order = memcmp(packet->source, packet->destination, sizeof(packet->source));
	bool swapped =
		order > 0 || (order == 0 && segment->source_port > segment->destination_port);

	memset(ret_tuple, 0, sizeof(*ret_tuple));
	ret_tuple->salt = track->salt;
	memcpy(ret_tuple->addr[swapped], packet->source, sizeof(packet->source));
	memcpy(ret_tuple->addr[!swapped], packet->destination, sizeof(packet->destination));
	ret_tuple->port[swapped] = segment->source_port;
	ret_tuple->port[!swapped] = segment->destination_port;
	ret_tuple->protocol = packet->protocol;
	return swapped;
}

/* Datagrams: the sender of the first initiated it, unless that looks like a service's answer. */
static bool is_from_acceptor(const struct packet *packet, const struct segment *segment)
{
	if (packet->protocol == PROTOCOL_TCP)
		return connection_is_from_acceptor(segment);
	return segment->source_port < PORT_SYSTEM_END &&
	       segment->destination_port >= PORT_SYSTEM_END;
}

static struct entry *begin_flow(struct track *track, const struct track_tuple *tuple,
				const struct packet *packet, const struct segment *segment)
{
	struct entry *entry;

	if (HASH_COUNT(track->by_tuple) >= track->flows_max) {
		track->stats.evicted++;
		end_flow(track, longest_silent(track), FLOW_ENDING_UNKNOWN);
	}
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	entry->flow.tuple = *tuple;
	entry->flow.is_ipv6 = packet->is_ipv6;
	entry->flow.icmp_type = segment->icmp_type;
	entry->flow.icmp_code = segment->icmp_code;
	entry->flow.number = track->stats.flows;
	entry->flow.start_ns = packet->time_ns;
	entry->flow.last_ns = packet->time_ns;
	HASH_ADD(hh, track->by_tuple, flow.tuple, sizeof(entry->flow.tuple), entry);
	if (!entry->hh.tbl) {
		free(entry);
		return NULL;
	}
	track->stats.flows++;
	entry->list = packet->protocol == PROTOCOL_TCP ? LIST_OPEN : LIST_OTHER;
	DL_APPEND(track->silent[entry->list], entry);
	return entry;
}

static struct entry *find(struct track *track, const struct track_tuple *tuple)
{
	struct entry *entry = track->last;

	if (entry && memcmp(&entry->flow.tuple, tuple, sizeof(*tuple)) == 0)
		return entry;
	HASH_FIND(hh, track->by_tuple, tuple, sizeof(*tuple), entry);
	return entry;
}

/* As bpf/lib/splt.h has it: of a stream, what ends below the highest place seen is left out, be it
 * new or not. */
static bool is_in_splt(struct track_end_state *end, const struct track_data *data)
{
	int64_t to = data->offset + (int64_t)data->wire_bytes;

	if (to <= end->splt_top)
		return false;
	end->splt_top = to;
	return true;
}

/* A gap of 0 is below 1 us, else it is 1 + floor(log2(us)). */
static void add_splt(struct track_flow *flow, enum track_end sender, uint32_t bytes,
		     uint64_t time_ns)
{
	struct record_splt *splt = &flow->splt;
	uint64_t us = time_ns > flow->splt_ns ? (time_ns - flow->splt_ns) / NS_PER_US : 0;
	int16_t length = (int16_t)(bytes < INT16_MAX ? bytes : INT16_MAX);

	if (splt->count == SPLT_MAX)
		return;
	splt->length[splt->count] = sender == TRACK_SOURCE ? length : (int16_t)-length;
	if (splt->count > 0 && us > 0)
		splt->gap[splt->count] = (uint8_t)(64 - __builtin_clzll(us));
	splt->count++;
	flow->splt_ns = time_ns;
}

static void take_payload(struct track *track, struct track_flow *flow, enum track_end sender,
			 const struct segment *segment)
{
	struct track_end_state *end = &flow->ends[sender];
	struct track_data data = { .sender = sender,
				   .bytes = segment->payload,
				   .wire_bytes = segment->payload_bytes };
	uint32_t seq = segment->seq + !!(segment->flags & TCP_SYN);
	uint32_t new_bytes = segment->payload_bytes;

	if (flow->tuple.protocol == PROTOCOL_TCP)
		new_bytes = stream_add(&end->stream, &track->ranges_room, seq,
				       segment->payload_bytes, &data.offset);
	if (new_bytes == 0) {
		flow->retransmits++;
		track->observer.again(track->observer.context, flow, &data);
		return;
	}
	end->bytes += new_bytes;
	end->data_packets++;
	if (flow->tuple.protocol != PROTOCOL_TCP || is_in_splt(end, &data))
		add_splt(flow, sender, segment->payload_bytes, flow->last_ns);
	track->observer.data(track->observer.context, flow, &data);
}

static void touch(struct track *track, struct entry *entry, const struct packet *packet)
{
	enum list list = LIST_OTHER;

	if (packet->protocol == PROTOCOL_TCP)
		list = connection_is_closed(&entry->flow) ? LIST_CLOSED : LIST_OPEN;
	if (list == entry->list && !entry->next)
		return;
	DL_DELETE(track->silent[entry->list], entry);
	entry->list = list;
	DL_APPEND(track->silent[list], entry);
}

static void take(struct track *track, struct entry *entry, const struct packet *packet,
		 const struct segment *segment, enum track_end sender)
{
	struct track_flow *flow = &entry->flow;
	bool syn = false;

	if (packet->time_ns > flow->last_ns)
		flow->last_ns = packet->time_ns;
	flow->ends[sender].packets++;
	if (packet->protocol == PROTOCOL_TCP)
		syn = connection_take(flow, sender, segment, packet->time_ns);
	if (syn)
		track->observer.syn(track->observer.context, flow, packet, segment);
	/* What a RST carries is no part of the stream (RFC 9293 3.10.7.3). */
	if (segment->payload_bytes > 0 && !(segment->flags & TCP_RST))
		take_payload(track, flow, sender, segment);
	touch(track, entry, packet);
	track->last = entry;
}

/* The flow that the packet belongs to, and which of its ends sent it. NULL without memory. */
static struct entry *entry_for(struct track *track, const struct packet *packet,
			       const struct segment *segment, enum track_end *ret_sender)
{
	struct track_tuple tuple;
	bool swapped = make_tuple(track, packet, segment, &tuple);
	struct entry *entry = find(track, &tuple);

	if (entry) {
		*ret_sender =
			swapped == entry->flow.source_is_second ? TRACK_SOURCE : TRACK_DESTINATION;
		if (packet->protocol != PROTOCOL_TCP ||
		    !connection_is_another(&entry->flow, *ret_sender, segment))
			return entry;
		end_flow(track, entry, FLOW_ENDING_UNKNOWN);
	}
	entry = begin_flow(track, &tuple, packet, segment);
	if (!entry)
		return NULL;
	*ret_sender = is_from_acceptor(packet, segment) ? TRACK_DESTINATION : TRACK_SOURCE;
	entry->flow.source_is_second = swapped == (*ret_sender == TRACK_SOURCE);
	track->observer.begun(track->observer.context, &entry->flow);
	return entry;
}

int track_packet(struct track *track, const struct packet *packet)
{
	struct segment segment;
	struct entry *entry;
	enum track_end sender;

	if (!transport_read(packet, &segment)) {
		track->stats.malformed++;
		return 0;
	}
	end_silent(track, packet->time_ns);
	entry = entry_for(track, packet, &segment, &sender);
	if (!entry)
		return -ENOMEM;
	take(track, entry, packet, &segment, sender);
	return 0;
}

void track_add_stats(const struct track *track, struct track_stats *stats)
{
	stats->flows += track->stats.flows;
	stats->evicted += track->stats.evicted;
	stats->malformed += track->stats.malformed;
}

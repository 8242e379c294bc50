/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/marking.h"

#include "bpf/lib/look_datagram.h"
#include "bpf/lib/look_types.h"
#include "bpf/lib/shape.h"
#include "common/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FLOWS_MAX 65536
#define PENDING_BYTES_MAX (8u << 20)
#define NAMES_MAX 16384
#define MARKS_BYTES_MAX_ALL (32u << 20)

struct marking {
	struct arena *arena;
	struct flow_table *flows;
	uint64_t started_ns; /* CLOCK_BOOTTIME: what is older was told to another worker */
	uint8_t bytes[ARENA_BYTES_MAX];
};

/* The kernel numbers protocols and sides as fingerprint/ does. */
_Static_assert((int)DISSECT_TLS == (int)FINGERPRINT_TLS &&
		       (int)DISSECT_SSH == (int)FINGERPRINT_SSH &&
		       (int)DISSECT_HTTP == (int)FINGERPRINT_HTTP &&
		       (int)DISSECT_DNS_TCP == (int)FINGERPRINT_DNS_TCP &&
		       (int)DISSECT_DNS == (int)FINGERPRINT_DNS &&
		       (int)DISSECT_QUIC == (int)FINGERPRINT_QUIC &&
		       (int)DISSECT_DTLS == (int)FINGERPRINT_DTLS &&
		       (int)DISSECT_COUNT == (int)FINGERPRINT_PROTOCOL_COUNT,
	       "protocols");
_Static_assert(LOOK_QUIC_MAX == FINGERPRINT_QUIC_MAX && LOOK_DTLS_MAX == FINGERPRINT_DTLS_MAX,
	       "datagrams");
_Static_assert(SPLT_MAX == FLOW_SPLT_MAX, "lengths");
_Static_assert((int)SHAPE_TEXT == (int)FIRST_BYTES_TEXT &&
		       (int)SHAPE_BINARY == (int)FIRST_BYTES_BINARY &&
		       (int)SHAPE_RANDOM == (int)FIRST_BYTES_RANDOM,
	       "shapes");

struct marking *marking_new(struct arena *arena, uint64_t started_ns)
{
	const struct flow_table_options options = { .flows_max = FLOWS_MAX,
						    .pending_bytes_max = PENDING_BYTES_MAX,
						    .names_max = NAMES_MAX,
						    .marks_bytes_max = MARKS_BYTES_MAX_ALL };
	struct marking *marking = calloc(1, sizeof(*marking));

	if (!marking)
		return NULL;
	marking->arena = arena;
	marking->started_ns = started_ns;
	marking->flows = flow_table_new(&options);
	if (!marking->flows) {
		free(marking);
		return NULL;
	}
	return marking;
}

void marking_free(struct marking *marking)
{
	if (!marking)
		return;
	flow_table_free(marking->flows);
	free(marking);
}

/* Who was told the names. */
static const uint8_t this_host[16];

static struct text name_of(const struct marking *marking, const uint8_t addr[16], uint64_t now_ns)
{
	struct name_key key = { .client = { 0 } };

	memcpy(key.addr, addr, sizeof(key.addr));
	return flow_table_name(marking->flows, &key, now_ns);
}

static bool is_dns(enum fingerprint_protocol protocol)
{
	return protocol == FINGERPRINT_DNS || protocol == FINGERPRINT_DNS_TCP;
}

void marking_take(struct marking *marking, const struct event_bytes *event, uint64_t now_ns)
{
	struct flow_piece piece = {
		.key = { event->cookie, event->index },
		.protocol = (enum fingerprint_protocol)event->protocol,
		.side = (enum fingerprint_side)event->side,
		.start = event->start,
		.offset = event->offset,
		.total_bytes = event->total_bytes,
	};
	int r;

	if (event->cut) {
		flow_table_cut(marking->flows, &piece.key, piece.side, look_cut_name(event->cut));
		return;
	}
	r = arena_take(marking->arena, event, marking->bytes);
	if (r < 0) {
		flow_table_cut(marking->flows, &piece.key, piece.side,
			       r == -ENOMEM ? "memory" : "worker_restarted");
		return;
	}
	piece.bytes = cursor_of(marking->bytes, (size_t)r);
	if (flow_table_piece(marking->flows, &piece) == -EINVAL)
		log_debug("marking", "nobody parses protocol %d", (int)piece.protocol);
	explicit_bzero(marking->bytes, (size_t)r);
	if (is_dns(piece.protocol) && piece.side == SIDE_DESTINATION)
		flow_table_learn_names(marking->flows, &piece.key, this_host, now_ns);
}

static void fill_syn(struct marking *marking, const struct flow_key *key,
		     const struct flow_syn *seen)
{
	const struct fingerprint_syn syn = {
		.ip_version = seen->ip_version,
		.ttl = seen->ttl,
		.is_id_zero = seen->bits & SYN_ID_ZERO,
		.dont_fragment = seen->bits & SYN_DONT_FRAGMENT,
		.ip_options_bytes = seen->ip_options_bytes,
		.window = seen->window,
		.flags = seen->flags,
		.has_payload = seen->bits & SYN_PAYLOAD,
		.options = cursor_of(seen->options, seen->options_bytes),
	};

	if (seen->ip_version)
		flow_table_syn(marking->flows, key, &syn);
}

static void fill_splt(const struct flow_splt *from, struct record_splt *to)
{
	to->count = from->count;
	memcpy(to->length, from->length, sizeof(to->length));
	memcpy(to->gap, from->gap, sizeof(to->gap));
}

/* What was sent and did not come was lost in a full ring, or taken by a worker that has died: never
 * silently less. */
static void note_missing(struct marking *marking, const struct flow_key *key,
			 const struct event_flow *flow)
{
	bool is_older = flow->opened_ns < marking->started_ns;

	if (flow->pieces > flow_table_told(marking->flows, key))
		flow_table_cut(marking->flows, key, SIDE_SOURCE,
			       is_older ? "worker_restarted" : "lost");
}

void marking_fill(struct marking *marking, const struct event_flow *flow, uint64_t now_ns,
		  struct record_flow *record)
{
	const struct flow_key key = { flow->cookie, flow->index };
	const struct marks *marks;

	fill_syn(marking, &key, &flow->syn);
	fill_syn(marking, &key, &flow->synack);
	if (flow->first_bytes != SHAPE_NONE)
		flow_table_unknown(marking->flows, &key, flow->first_bytes);
	fill_splt(&flow->splt, &record->splt);
	if (flow->flags & FLOW_FINAL) {
		note_missing(marking, &key, flow);
		if (flow->flags & FLOW_UNSEEN)
			flow_table_cut(marking->flows, &key, SIDE_SOURCE,
				       look_cut_name(LOOK_CUT_UNSEEN));
		flow_table_finish(marking->flows, &key);
	}
	marks = flow_table_marks(marking->flows, &key);
	record->marks = marks ? marks->at : NULL;
	record->mark_count = marks ? marks->count : 0;
	record->destination_name = name_of(marking, record->destination.addr, now_ns);
}

void marking_end(struct marking *marking, const struct event_flow *flow)
{
	const struct flow_key key = { flow->cookie, flow->index };

	if (flow->flags & FLOW_FINAL)
		flow_table_end(marking->flows, &key);
}

void marking_stats(const struct marking *marking, struct flow_table_stats *ret_stats)
{
	flow_table_stats(marking->flows, ret_stats);
}

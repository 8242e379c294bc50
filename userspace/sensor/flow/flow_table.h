/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is being learned of open flows from their first bytes: pieces come in any order, twice, or
 * not at all; messages are put together (first_bytes.c), parsed as they grow (fingerprint/) and
 * wiped. What they said waits as marks for the flow's next record. Bounded in memory; no I/O, no
 * clock (time is an argument), no globals.
 */
#ifndef YAGURA_FLOW_FLOW_TABLE_H
#define YAGURA_FLOW_FLOW_TABLE_H

#include "common/cursor.h"
#include "sensor/fingerprint/fingerprint.h"
#include "sensor/flow/names.h"
#include "telemetry/marks.h"

#include <stdint.h>

struct flow_key {
	uint64_t cookie;
	uint32_t index;
};

/* Some bytes of a message. */
struct flow_piece {
	struct flow_key key;
	enum fingerprint_protocol protocol;
	enum fingerprint_side side;
	uint32_t start; /* names the message: place in the stream; datagrams: 0, 1, 2 … per side */
	uint32_t offset; /* of these bytes in the message */
	uint32_t total_bytes; /* of the message; 0: not known yet */
	struct cursor bytes;
};

struct flow_table_options {
	size_t flows_max; /* with anything known or under way; the oldest give way, counted */
	size_t pending_bytes_max; /* of all unfinished messages */
	size_t names_max; /* addresses with a name */
	/* Of the marks of all flows, and of hellos over several datagrams that wait; the flows
	 * spoken of longest ago give way, counted. 0: 4 KiB for each of flows_max. */
	size_t marks_bytes_max;
};

struct flow_table_stats {
	uint64_t flows; /* now */
	uint64_t pending_bytes; /* now */
	uint64_t marks_bytes; /* now */
	uint64_t names; /* now */
	uint64_t evicted_flows; /* their marks were lost */
	uint64_t pieces;
	uint64_t messages; /* parsed to the end */
	uint64_t truncated; /* messages that were not */
	uint64_t malformed;
};

struct flow_table;

/* NULL without memory; flow_table_free takes NULL and wipes what it held. */
struct flow_table *flow_table_new(const struct flow_table_options *options);
void flow_table_free(struct flow_table *table);

/* Takes a copy of the bytes. 0, -ENOMEM (counted as truncated), or -EINVAL for a protocol that
 * nobody parses. Bytes that differ from others at the same place make the message "overlap": no
 * fingerprint of it. Pieces of a message that is done with are ignored. */
int flow_table_piece(struct flow_table *table, const struct flow_piece *piece);
/* Bytes of this side will not come: "no_room", "limit", "packets" … Unfinished messages of it are
 * read a last time; what is not whole then becomes truncated, for `reason`. */
void flow_table_cut(struct flow_table *table, const struct flow_key *key,
		    enum fingerprint_side side, const char *reason);
/* Other bytes than before came for a place of this side's stream: nobody knows which of them the
 * other end took. The fingerprints and names that the side's messages gave are taken back. */
void flow_table_overlap(struct flow_table *table, const struct flow_key *key,
			enum fingerprint_side side);
void flow_table_syn(struct flow_table *table, const struct flow_key *key,
		    const struct fingerprint_syn *syn);
/* It begins with bytes no parser is known for: enum fingerprint_first_bytes says of what kind. */
void flow_table_unknown(struct flow_table *table, const struct flow_key *key, uint8_t kind);

/* How many pieces and cuts of a flow were given: fewer than were sent were lost on the way. */
uint32_t flow_table_told(const struct flow_table *table, const struct flow_key *key);
/* What is known of a flow so far, or NULL; valid until the next call that changes the table. */
const struct marks *flow_table_marks(const struct flow_table *table, const struct flow_key *key);
/* No more will come: unfinished messages are read a last time or become truncated "cut".
 * flow_table_marks has the result until flow_table_end forgets the flow. */
void flow_table_finish(struct flow_table *table, const struct flow_key *key);
void flow_table_end(struct flow_table *table, const struct flow_key *key);

/* The name that the latest DNS answer seen gave `client` for an address (IPv4 as mapped IPv6), not
 * older than its TTL or ten minutes, whichever is longer; empty when there is none. */
struct text flow_table_name(const struct flow_table *table, const struct name_key *key,
			    uint64_t now_ns);
/* Feeds the names from the answers of a flow that `client` asked for. */
void flow_table_learn_names(struct flow_table *table, const struct flow_key *key,
			    const uint8_t client[16], uint64_t now_ns);

void flow_table_stats(const struct flow_table *table, struct flow_table_stats *ret_stats);

#endif

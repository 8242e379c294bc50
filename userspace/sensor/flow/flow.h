/* SPDX-License-Identifier: Apache-2.0 */
/* One flow of the table and its unfinished messages. Private to flow/. */
#ifndef YAGURA_FLOW_FLOW_H
#define YAGURA_FLOW_FLOW_H

#include "sensor/flow/first_bytes.h"
#include "sensor/flow/flow_table.h"

#include <uthash.h>

#define FLOW_MESSAGES_MAX 4 /* unfinished ones a side */
#define FLOW_DONE_MAX 8 /* starts remembered a side, for pieces that come again */
#define FLOW_STREAM_BYTES_MAX (16u * 1024) /* of a message */
#define FLOW_DATAGRAM_BYTES_MAX (64u * 1024)

struct flow_message {
	struct flow *flow;
	const struct fingerprint_parser *parser;
	enum fingerprint_side side;
	uint32_t start;
	struct first_bytes bytes;
	struct flow_message *prev, *next; /* of its flow, the oldest first */
	struct flow_message *older, *newer; /* of all flows, those that grew last at the end */
};

struct flow_done {
	uint32_t starts[FLOW_DONE_MAX]; /* a ring */
	uint32_t count; /* of all times */
};

struct flow {
	struct flow_key key;
	struct marks marks;
	size_t marks_bytes; /* as the table counts them */
	struct fingerprint_session *session; /* from the first message on */
	uint32_t told; /* pieces and cuts */
	bool is_finished; /* what only the end can say was said */
	struct flow_message *messages;
	struct flow_done done[SIDE_COUNT];
	uint64_t said[SIDE_COUNT]; /* by its messages: of fingerprints and names, 1 << mark_kind */
	struct flow *prev, *next; /* those spoken of last at the end; `next` of the spare ones */
	UT_hash_handle hh;
};

/* NULL without memory. flow_free wants the messages gone, and wipes the rest. */
struct flow *flow_new(const struct flow_key *key);
void flow_free(struct flow *flow);
/* Makes one that is in no list the flow of that key, with what it has allocated; the rest is wiped.
 * `key` may be its own. */
void flow_become(struct flow *flow, const struct flow_key *key);

/* What the marks, and what parsers remember, take of the heap. */
size_t flow_marks_bytes(const struct flow *flow);
/* The unfinished message that begins there, or NULL. */
struct flow_message *flow_find_message(const struct flow *flow, enum fingerprint_side side,
				       uint32_t start);
/* The oldest unfinished message of a side when no more may be begun, else NULL. */
struct flow_message *flow_surplus_message(const struct flow *flow, enum fingerprint_side side);

/* Which kinds of fingerprints and names its messages have given, as in `said`. */
uint64_t flow_kinds(const struct flow *flow);
/* Forgets the fingerprints and names among the marks that messages of that side gave. */
void flow_take_back(struct flow *flow, enum fingerprint_side side);

/* Whether a message is done with. Only the latest few are remembered. */
bool flow_is_done(const struct flow *flow, enum fingerprint_side side, uint32_t start);
void flow_set_done(struct flow *flow, enum fingerprint_side side, uint32_t start);

/* Datagrams come whole or not at all. */
bool flow_is_datagram(enum fingerprint_protocol protocol);
/* Of a message. */
size_t flow_bytes_max(const struct fingerprint_parser *parser);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets into flows: by addresses, ports and protocol, whatever they were carried in. Who
 * initiated one is known from its SYN, else guessed from its ports; when it ended from FIN, RST, a
 * new SYN, or silence in the time of the capture. Bounded: the flow that was silent longest ends
 * when there are too many.
 */
#ifndef YAGURA_REPLAY_TRACK_H
#define YAGURA_REPLAY_TRACK_H

#include "replay/packet.h"
#include "replay/stream.h"
#include "replay/transport.h"
#include "telemetry/record.h"

enum track_end { TRACK_SOURCE = 0, TRACK_DESTINATION = 1, TRACK_ENDS };

/* Of both ends the smaller address and port come first. */
struct track_tuple {
	uint64_t salt; /* of this run: whoever made the capture cannot choose who collides */
	uint8_t addr[TRACK_ENDS][16];
	uint16_t port[TRACK_ENDS];
	uint8_t protocol;
	uint8_t zero[3];
};

struct track_end_state {
	struct stream stream; /* TCP */
	uint64_t bytes; /* unique payload bytes that it sent */
	uint64_t packets;
	uint32_t data_packets; /* with payload that is new */
	int64_t splt_top; /* highest place of the stream seen */
	uint32_t syn_seq;
	bool syn;
	bool fin;
};

struct track_flow {
	struct track_tuple tuple;
	bool source_is_second; /* of the tuple */
	bool is_ipv6;
	bool established;
	uint8_t icmp_type; /* of the first message */
	uint8_t icmp_code;
	enum record_flow_ending ending; /* unknown: it goes on */
	bool refused; /* RST answered its SYN */
	uint64_t number; /* 0, 1, 2 … in order of their first packets */
	uint64_t start_ns;
	uint64_t last_ns;
	uint64_t syn_ns; /* 0: not seen */
	uint32_t handshake_us; /* SYN to the first ACK of its sender; 0: not seen */
	uint32_t retransmits; /* segments of either end that brought nothing new */
	struct track_end_state ends[TRACK_ENDS];
	struct record_splt splt;
	uint64_t splt_ns; /* of its last entry */
	void *observed; /* the observer's own, NULL at first */
};

/* A piece of payload, which brings something new; of a stream, some of it may be old. */
struct track_data {
	enum track_end sender;
	int64_t offset; /* in the stream; datagrams: 0 */
	struct cursor bytes; /* as far as captured */
	uint32_t wire_bytes;
};

struct track_observer {
	void (*begun)(void *context, struct track_flow *flow);
	/* The first segment of a connection, or the first answer to it. */
	void (*syn)(void *context, struct track_flow *flow, const struct packet *packet,
		    const struct segment *segment);
	void (*data)(void *context, struct track_flow *flow, const struct track_data *data);
	/* A piece of a stream all of which has come before: the same bytes again, or others? */
	void (*again)(void *context, struct track_flow *flow, const struct track_data *data);
	/* The flow is forgotten after this. */
	void (*ended)(void *context, struct track_flow *flow);
	void *context;
};

struct track_stats {
	uint64_t flows;
	uint64_t evicted; /* ended because there were too many */
	uint64_t malformed; /* packets whose transport header could not be read */
};

struct track;

/* NULL without memory. */
struct track *track_new(size_t flows_max, const struct track_observer *observer);
/* Takes NULL; flows that go on are forgotten without a word. */
void track_free(struct track *track);

/* Takes the next packet; ends flows that were silent for long before it. 0 or -ENOMEM. */
int track_packet(struct track *track, const struct packet *packet);
/* The capture has ended, and so do all flows, in order of their last packets. */
void track_flush(struct track *track);

/* Adds what was counted so far. */
void track_add_stats(const struct track *track, struct track_stats *stats);

#endif

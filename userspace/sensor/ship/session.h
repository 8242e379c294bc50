/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One session's half of proto/transport.proto, without the network: frames of the collector in,
 * frames for it out. Keeps what was sent and not acknowledged, per lane, and never sends beyond the
 * collector's window.
 */
#ifndef YAGURA_SHIP_SESSION_H
#define YAGURA_SHIP_SESSION_H

#include "sensor/ship/ship.h"

#include <stddef.h>

struct evbuffer;

#define SESSION_PROTOCOL 2u
#define SESSION_FRAME_BYTES_MAX (5u << 20)
/* Batches are encoded while less than this waits for the socket. */
#define SESSION_OUTPUT_BYTES_MAX (1u << 20)
#define SESSION_FLIGHT_MAX 1024 /* batches under way, per lane, whatever the window says */

struct session_flight {
	uint64_t seq;
	uint32_t payload_bytes;
};

struct session_lane {
	uint64_t next_seq; /* to send next */
	uint64_t sent_seq; /* 0: none yet in this session */
	uint64_t sent_epoch; /* where the epoch of that begins */
	bool went_back; /* to the beginning of the epoch of what was wanted */
	uint64_t acked_seq;
	/* A ring, oldest first. */
	struct session_flight flight[SESSION_FLIGHT_MAX];
	uint32_t flight_first;
	uint32_t flight_count;
};

struct session {
	const struct ship_options *options;
	struct spool *spool;
	ship_acked_fn acked;
	void *context;
	bool greeted; /* HelloAck has come */
	uint64_t window_bytes;
	uint64_t unacked_bytes; /* payload under way, both lanes */
	uint64_t sent_bytes; /* payload, in all */
	struct session_lane lanes[SPOOL_LANE_COUNT];
	char error[SHIP_TEXT_BYTES]; /* why the last call failed, for people */
};

/* Forgets an earlier session. Everything handed in stays the caller's and must outlive it. */
void session_init(struct session *session, const struct ship_options *options, struct spool *spool,
		  ship_acked_fn acked, void *context);
/* Appends Hello to `output`. 0 or -ENOMEM. */
int session_greet(struct session *session, struct evbuffer *output);
/* Takes one frame of the collector's. 0, or -errno with session->error: end the session. */
int session_receive(struct session *session, const uint8_t *body, size_t size);
/* Appends batches, lane A first, as far as the window, `output` and the spool allow. 0, or -errno
 * with session->error: end the session. */
int session_send(struct session *session, struct evbuffer *output);
/* Nothing under way and nothing to send. */
bool session_is_idle(const struct session *session);

#endif

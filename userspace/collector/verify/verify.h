/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a sensor says, checked: frames in, messages out (proto/transport.proto). One state machine a
 * session, pure: no network, no store, no clock. The first violation is the last word of a session.
 *
 * The content of a payload is checked where it is decoded (telemetry/batch_codec.h).
 */
#ifndef YAGURA_COLLECTOR_VERIFY_H
#define YAGURA_COLLECTOR_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VERIFY_PROTOCOL 2u
#define VERIFY_LANES 2u
#define VERIFY_FRAME_BYTES_MAX (5u << 20)
/* Before its Hello a sensor may not make the collector hold much. */
#define VERIFY_HELLO_BYTES_MAX (16u << 10)
#define VERIFY_TEXT_BYTES 128
#define VERIFY_WHY_BYTES 160

/* The codes of Failure in transport.proto. */
enum verify_code {
	VERIFY_OK = 0,
	VERIFY_PROTOCOL_ERROR = 1,
	VERIFY_IDENTITY = 2,
	VERIFY_LIMIT = 3,
	VERIFY_MALFORMED = 4,
	VERIFY_REPLACED = 5,
	VERIFY_INTERNAL = 6,
};

struct verify_session {
	uint8_t sensor[16]; /* as the certificate says */
	uint64_t window_bytes;
	uint64_t unacknowledged_bytes; /* payloads passed on since the last verify_acknowledged */
	bool is_greeted;
};

struct verify_lane {
	uint64_t first_seq;
	uint64_t next_seq; /* 0: the Hello does not name this lane */
};

struct verify_hello {
	struct verify_lane lanes[VERIFY_LANES];
	uint64_t generation;
	uint64_t instance;
	uint8_t boot_id[16];
	char version[VERIFY_TEXT_BYTES]; /* printable ASCII, whatever was sent */
	char kernel[VERIFY_TEXT_BYTES];
	char host[VERIFY_TEXT_BYTES];
};

struct verify_batch {
	uint32_t lane;
	uint64_t seq; /* 1 … INT64_MAX */
	uint32_t raw_bytes;
	uint32_t epoch_index; /* below seq and BATCH_EPOCH_BATCHES_MAX */
	const uint8_t *payload; /* until verify_message_done */
	size_t payload_bytes;
	size_t history_bytes; /* content.h: so many of them come before the batch itself; else 0 */
};

struct verify_failure {
	enum verify_code code;
	char why[VERIFY_WHY_BYTES];
};

enum verify_kind { VERIFY_HELLO, VERIFY_BATCH, VERIFY_FAILURE };

struct verify_message {
	enum verify_kind kind;
	union {
		struct verify_hello hello;
		struct verify_batch batch;
		struct verify_failure failure; /* tell the sensor, then close */
	};
	void *frame; /* what `payload` points into */
};

void verify_session_init(struct verify_session *session, const uint8_t sensor[16],
			 uint64_t window_bytes);
/* The longest frame to wait for now. */
size_t verify_frame_bytes_max(const struct verify_session *session);
/* One frame's body. *ret_message is always filled; end it with verify_message_done. */
void verify_frame(struct verify_session *session, const uint8_t *body, size_t size,
		  struct verify_message *ret_message);
void verify_message_done(struct verify_message *message);
/* Everything passed on so far was acknowledged: the whole window is free again. */
void verify_acknowledged(struct verify_session *session);

#endif

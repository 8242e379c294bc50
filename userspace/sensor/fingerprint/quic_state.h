/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of a QUIC flow from one datagram to the next. Private to fingerprint/. */
#ifndef YAGURA_FINGERPRINT_QUIC_STATE_H
#define YAGURA_FINGERPRINT_QUIC_STATE_H

#include "common/pieces.h"
#include "sensor/fingerprint/quic_crypto.h"
#include "sensor/fingerprint/quic_packet.h"
#include "sensor/fingerprint/session.h"

struct quic_id {
	bool is_known;
	size_t length;
	uint8_t bytes[QUIC_CID_BYTES_MAX];
};

struct quic_end {
	bool is_done; /* nothing more of it is of interest */
	bool has_keys;
	struct quic_keys keys; /* that opened its last Initial */
	struct pieces crypto;
	size_t read_bytes; /* of it: messages that were read */
};

struct quic_state {
	struct quic_id first; /* the client's first destination: what all keys follow from */
	struct quic_id retry; /* the source of a Retry: what they follow from after it */
	struct quic_end ends[SIDE_COUNT];
	uint8_t *waiting; /* the answer's first packet, where the question was captured after it */
	size_t waiting_bytes;
};

/* Another one than before. At most QUIC_CID_BYTES_MAX bytes. */
void quic_remember(struct quic_id *id, struct cursor bytes);
/* The server's first packet, whose keys follow from what the client has not been seen to say yet.
 * Only one is kept, wiped when it is dropped. */
void quic_keep_waiting(struct quic_state *state, struct cursor packet);
void quic_drop_waiting(struct quic_state *state);

#endif

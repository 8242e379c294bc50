/* SPDX-License-Identifier: Apache-2.0 */
/* QUIC Initial packets, protected: what a client or server would send. */
#ifndef YAGURA_SUPPORT_QUIC_SEAL_H
#define YAGURA_SUPPORT_QUIC_SEAL_H

#include "support/packet_build.h"

struct seal {
	uint32_t version;
	uint32_t salt_version; /* whose salt; 0: the same */
	size_t salt_row; /* which of those the version may have */
	bool is_server;
	const char *key_id; /* what the keys follow from, hexadecimal */
	const char *destination_id;
	const char *source_id;
	uint32_t number;
};

/* Appends an Initial that holds `frames` (at least three bytes of them). */
void packet_quic_initial(struct packet *packet, const struct seal *seal,
			 const struct packet *frames);
/* A CRYPTO frame with a part of `stream`. */
void packet_crypto_frame(struct packet *frames, const struct packet *stream, size_t offset,
			 size_t size);

#endif

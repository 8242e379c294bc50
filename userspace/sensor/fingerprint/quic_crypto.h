/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protection of QUIC Initial packets. It hides nothing: its keys follow from what the packet's
 * header says. RFC 9001 5, 9369 3.3.
 */
#ifndef YAGURA_FINGERPRINT_QUIC_CRYPTO_H
#define YAGURA_FINGERPRINT_QUIC_CRYPTO_H

#include "common/cursor.h"

struct quic_crypto;

#define QUIC_KEY_BYTES 16
#define QUIC_IV_BYTES 12
#define QUIC_TAG_BYTES 16

struct quic_keys {
	uint8_t key[QUIC_KEY_BYTES];
	uint8_t iv[QUIC_IV_BYTES];
	uint8_t header_key[QUIC_KEY_BYTES];
};

struct quic_secret {
	struct cursor salt; /* of the version */
	bool is_v2; /* labels of RFC 9369 */
	bool is_server; /* whose packets */
};

/* NULL without memory, or when the library lacks an algorithm. quic_crypto_free takes NULL. */
struct quic_crypto *quic_crypto_new(void);
void quic_crypto_free(struct quic_crypto *crypto);

/* The keys that follow from a destination connection id. False when the library fails. */
bool quic_keys_derive(struct quic_crypto *crypto, const struct quic_secret *secret,
		      struct cursor destination_id, struct quic_keys *ret_keys);

/* Opens a packet, whose number begins at `number_at`: writes its payload to `ret_plain`, which has
 * room for the whole packet. False when these are not its keys. */
bool quic_open(struct quic_crypto *crypto, const struct quic_keys *keys, struct cursor packet,
	       size_t number_at, uint8_t *ret_plain, size_t *ret_plain_bytes);

#endif

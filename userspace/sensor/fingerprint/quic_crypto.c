/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/quic_crypto.h"

#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#define HASH_BYTES 32
#define SAMPLE_BYTES 16
#define NUMBER_BYTES_MAX 4
#define LABEL_BYTES_MAX 32
#define LOW_BITS 0x0f /* of a long header's first byte: protected */

struct quic_crypto {
	EVP_MAC_CTX *hmac;
	EVP_CIPHER *ecb, *gcm;
	EVP_CIPHER_CTX *header, *payload;
};

static EVP_MAC_CTX *hmac_new(void)
{
	char name[] = "SHA256";
	const OSSL_PARAM parameters[] = {
		OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, name, sizeof(name) - 1),
		OSSL_PARAM_END,
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *context = mac ? EVP_MAC_CTX_new(mac) : NULL;

	EVP_MAC_free(mac); /* the context holds it */
	if (context && EVP_MAC_CTX_set_params(context, parameters) != 1) {
		EVP_MAC_CTX_free(context);
		return NULL;
	}
	return context;
}

struct quic_crypto *quic_crypto_new(void)
{
	struct quic_crypto *crypto = calloc(1, sizeof(*crypto));

	if (!crypto)
		return NULL;
	crypto->hmac = hmac_new();
	crypto->ecb = EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL);
	crypto->gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
	crypto->header = EVP_CIPHER_CTX_new();
	crypto->payload = EVP_CIPHER_CTX_new();
	if (!crypto->hmac || !crypto->ecb || !crypto->gcm || !crypto->header || !crypto->payload) {
		quic_crypto_free(crypto);
		return NULL;
	}
	return crypto;
}

void quic_crypto_free(struct quic_crypto *crypto)
{
	if (!crypto)
		return;
	EVP_MAC_CTX_free(crypto->hmac);
	EVP_CIPHER_CTX_free(crypto->header);
	EVP_CIPHER_CTX_free(crypto->payload);
	EVP_CIPHER_free(crypto->ecb);
	EVP_CIPHER_free(crypto->gcm);
	free(crypto);
}

static bool hmac(struct quic_crypto *crypto, struct cursor key, struct cursor bytes,
		 uint8_t ret[HASH_BYTES])
{
	size_t size = 0;

	return EVP_MAC_init(crypto->hmac, key.at, key.left, NULL) == 1 &&
	       EVP_MAC_update(crypto->hmac, bytes.at, bytes.left) == 1 &&
	       EVP_MAC_final(crypto->hmac, ret, &size, HASH_BYTES) == 1 && size == HASH_BYTES;
}

/* HKDF-Expand-Label(secret, label, "", n), RFC 8446 7.1: HMAC over { u16 n; u8-length "tls13 " +
 * label; u8-length nothing } and, as n is at most one block, the block's number 1 (RFC 5869 2.3).
 */
static bool expand(struct quic_crypto *crypto, const uint8_t secret[HASH_BYTES], const char *label,
		   uint8_t *ret, size_t n)
{
	static const char prefix[] = "tls13 ";
	uint8_t info[LABEL_BYTES_MAX] = { 0, (uint8_t)n,
					  (uint8_t)(sizeof(prefix) - 1 + strlen(label)) };
	uint8_t block[HASH_BYTES];
	size_t size = 3;
	bool is_done;

	memcpy(info + size, prefix, sizeof(prefix) - 1);
	size += sizeof(prefix) - 1;
	memcpy(info + size, label, strlen(label));
	size += strlen(label);
	info[size++] = 0;
	info[size++] = 1;
	is_done = hmac(crypto, cursor_of(secret, HASH_BYTES), cursor_of(info, size), block);
	memcpy(ret, block, n);
	return is_done;
}

bool quic_keys_derive(struct quic_crypto *crypto, const struct quic_secret *secret,
		      struct cursor destination_id, struct quic_keys *ret_keys)
{
	static const struct {
		const char *key, *iv, *header_key;
	} labels[] = {
		{ "quic key", "quic iv", "quic hp" },
		{ "quicv2 key", "quicv2 iv", "quicv2 hp" },
	};
	const char *end = secret->is_server ? "server in" : "client in";
	uint8_t initial[HASH_BYTES], own[HASH_BYTES];

	return hmac(crypto, secret->salt, destination_id, initial) && /* HKDF-Extract */
	       expand(crypto, initial, end, own, sizeof(own)) &&
	       expand(crypto, own, labels[secret->is_v2].key, ret_keys->key, QUIC_KEY_BYTES) &&
	       expand(crypto, own, labels[secret->is_v2].iv, ret_keys->iv, QUIC_IV_BYTES) &&
	       expand(crypto, own, labels[secret->is_v2].header_key, ret_keys->header_key,
		      QUIC_KEY_BYTES);
}

/* RFC 9001 5.4.3: the mask is the sample, encrypted. */
static bool header_mask(struct quic_crypto *crypto, const struct quic_keys *keys,
			struct cursor sample, uint8_t ret_mask[SAMPLE_BYTES])
{
	int size = 0;

	return EVP_EncryptInit_ex2(crypto->header, crypto->ecb, keys->header_key, NULL, NULL) ==
		       1 &&
	       EVP_EncryptUpdate(crypto->header, ret_mask, &size, sample.at, (int)sample.left) ==
		       1 &&
	       size == SAMPLE_BYTES;
}

struct sealed {
	uint8_t first; /* without its protection */
	uint8_t number[NUMBER_BYTES_MAX];
	size_t number_bytes;
	struct cursor header; /* between the two */
	struct cursor payload;
	struct cursor tag;
};

/* The packet number has as many bytes as the first byte's last two bits say, and one. */
static bool unmask(struct quic_crypto *crypto, const struct quic_keys *keys, struct cursor packet,
		   size_t number_at, struct sealed *ret)
{
	struct cursor header = cursor_take(&packet, number_at);
	struct cursor ahead = packet, sample;
	uint8_t mask[SAMPLE_BYTES];

	cursor_take(&ahead, NUMBER_BYTES_MAX);
	sample = cursor_take(&ahead, SAMPLE_BYTES);
	ret->first = cursor_u8(&header);
	if (!cursor_ok(&sample) || !cursor_ok(&header) || !header_mask(crypto, keys, sample, mask))
		return false;
	ret->first ^= mask[0] & LOW_BITS;
	ret->number_bytes = (size_t)(ret->first & 3) + 1;
	ret->header = header;
	cursor_copy(&packet, ret->number, ret->number_bytes);
	for (size_t i = 0; i < ret->number_bytes; i++)
		ret->number[i] ^= mask[1 + i];
	ret->payload = cursor_take(&packet, packet.left - QUIC_TAG_BYTES);
	ret->tag = cursor_take(&packet, QUIC_TAG_BYTES);
	return cursor_ok(&ret->tag);
}

static bool add_data(EVP_CIPHER_CTX *context, const uint8_t *bytes, size_t size)
{
	int done;

	return EVP_DecryptUpdate(context, NULL, &done, bytes, (int)size) == 1;
}

/* The nonce is the iv and, over its last bytes, the packet number: of an Initial it is sent whole,
 * or so few came before it that its low bytes are all of it. */
static bool open_payload(EVP_CIPHER_CTX *context, const struct quic_keys *keys,
			 const struct sealed *sealed, uint8_t *ret_plain)
{
	uint8_t nonce[QUIC_IV_BYTES], tag[QUIC_TAG_BYTES];
	struct cursor tag_bytes = sealed->tag;
	int size = 0, more = 0;

	memcpy(nonce, keys->iv, sizeof(nonce));
	for (size_t i = 0; i < sealed->number_bytes; i++)
		nonce[QUIC_IV_BYTES - sealed->number_bytes + i] ^= sealed->number[i];
	cursor_copy(&tag_bytes, tag, sizeof(tag));
	return EVP_DecryptInit_ex2(context, NULL, keys->key, nonce, NULL) == 1 &&
	       add_data(context, &sealed->first, 1) &&
	       add_data(context, sealed->header.at, sealed->header.left) &&
	       add_data(context, sealed->number, sealed->number_bytes) &&
	       EVP_DecryptUpdate(context, ret_plain, &size, sealed->payload.at,
				 (int)sealed->payload.left) == 1 &&
	       EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, QUIC_TAG_BYTES, tag) == 1 &&
	       EVP_DecryptFinal_ex(context, ret_plain + size, &more) == 1;
}

bool quic_open(struct quic_crypto *crypto, const struct quic_keys *keys, struct cursor packet,
	       size_t number_at, uint8_t *ret_plain, size_t *ret_plain_bytes)
{
	struct sealed sealed;

	if (!unmask(crypto, keys, packet, number_at, &sealed) ||
	    EVP_DecryptInit_ex2(crypto->payload, crypto->gcm, NULL, NULL, NULL) != 1 ||
	    !open_payload(crypto->payload, keys, &sealed, ret_plain))
		return false;
	*ret_plain_bytes = sealed.payload.left;
	return true;
}

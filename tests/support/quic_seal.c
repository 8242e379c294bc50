/* SPDX-License-Identifier: Apache-2.0 */
#include "support/quic_seal.h"

#include "sensor/fingerprint/quic_crypto.h"
#include "sensor/fingerprint/quic_packet.h"
#include "support/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#define NUMBER_BYTES 4
#define VARINT_2_BYTES 0x4000
#define V2 0x6b3343cf

static const struct quic_version *version_row(const struct seal *seal)
{
	uint32_t version = seal->salt_version ? seal->salt_version : seal->version;
	const struct quic_version *row = quic_version_next(NULL, version);

	for (size_t i = 0; i < seal->salt_row; i++)
		row = quic_version_next(row, version);
	assert_non_null(row);
	return row;
}

static void derive(const struct seal *seal, struct quic_keys *ret_keys)
{
	const struct quic_version *row = version_row(seal);
	struct quic_secret secret = { .salt = cursor_of(row->salt, sizeof(row->salt)),
				      .is_v2 = row->is_v2,
				      .is_server = seal->is_server };
	struct quic_crypto *crypto = quic_crypto_new();
	uint8_t *id = NULL;
	size_t id_size = hex_decode(seal->key_id, &id);

	assert_non_null(crypto);
	assert_true(quic_keys_derive(crypto, &secret, cursor_of(id, id_size), ret_keys));
	quic_crypto_free(crypto);
	free(id);
}

static void encrypt(const struct quic_keys *keys, uint32_t number, const struct packet *header,
		    const struct packet *frames, uint8_t *ret)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8_t nonce[QUIC_IV_BYTES];
	int size = 0;

	memcpy(nonce, keys->iv, sizeof(nonce));
	for (size_t i = 0; i < NUMBER_BYTES; i++)
		nonce[QUIC_IV_BYTES - 1 - i] ^= (uint8_t)(number >> 8 * i);
	assert_int_equal(EVP_EncryptInit_ex(context, EVP_aes_128_gcm(), NULL, keys->key, nonce), 1);
	assert_int_equal(EVP_EncryptUpdate(context, NULL, &size, header->at, (int)header->size), 1);
	assert_int_equal(EVP_EncryptUpdate(context, ret, &size, frames->at, (int)frames->size), 1);
	assert_int_equal(EVP_EncryptFinal_ex(context, ret + size, &size), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, QUIC_TAG_BYTES,
					     ret + frames->size),
			 1);
	EVP_CIPHER_CTX_free(context);
}

static void protect_header(const struct quic_keys *keys, uint8_t *first, uint8_t *number)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8_t mask[16];
	int size = 0;

	assert_int_equal(
		EVP_EncryptInit_ex(context, EVP_aes_128_ecb(), NULL, keys->header_key, NULL), 1);
	assert_int_equal(EVP_EncryptUpdate(context, mask, &size, number + 4, sizeof(mask)), 1);
	EVP_CIPHER_CTX_free(context);
	*first ^= mask[0] & 0x0f;
	for (size_t i = 0; i < NUMBER_BYTES; i++)
		number[i] ^= mask[1 + i];
}

static void add_id(struct packet *packet, const char *hex)
{
	packet_add(packet, strlen(hex) / 2, 1);
	packet_add_hex(packet, hex);
}

void packet_quic_initial(struct packet *packet, const struct seal *seal,
			 const struct packet *frames)
{
	static struct packet header;
	static uint8_t sealed[64 << 10];
	struct quic_keys keys;
	size_t start = packet->size;

	derive(seal, &keys);
	header.size = 0;
	packet_add(&header, seal->version == V2 ? 0xd3 : 0xc3, 1);
	packet_add(&header, seal->version, 4);
	add_id(&header, seal->destination_id);
	add_id(&header, seal->source_id);
	packet_add(&header, 0, 1);
	packet_add(&header, VARINT_2_BYTES | (NUMBER_BYTES + frames->size + QUIC_TAG_BYTES), 2);
	packet_add(&header, seal->number, NUMBER_BYTES);
	assert_true(frames->size + QUIC_TAG_BYTES <= sizeof(sealed));
	encrypt(&keys, seal->number, &header, frames, sealed);
	packet_add_bytes(packet, header.at, header.size);
	packet_add_bytes(packet, sealed, frames->size + QUIC_TAG_BYTES);
	protect_header(&keys, packet->at + start, packet->at + start + header.size - NUMBER_BYTES);
}

void packet_crypto_frame(struct packet *frames, const struct packet *stream, size_t offset,
			 size_t size)
{
	packet_add(frames, 0x06, 1);
	packet_add(frames, 0x80000000 | offset, 4);
	packet_add(frames, VARINT_2_BYTES | size, 2);
	packet_add_bytes(frames, stream->at + offset, size);
}

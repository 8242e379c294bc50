/* SPDX-License-Identifier: Apache-2.0 */
#include "support/packet_build.h"

#include "common/put.h"
#include "support/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void packet_add_bytes(struct packet *packet, const void *bytes, size_t size)
{
	assert_true(size <= sizeof(packet->at) - packet->size);
	if (size > 0)
		memcpy(packet->at + packet->size, bytes, size);
	packet->size += size;
}

void packet_add(struct packet *packet, uint64_t value, size_t width)
{
	uint8_t bytes[8];

	put_be(bytes, value, width);
	packet_add_bytes(packet, bytes, width);
}

void packet_add_hex(struct packet *packet, const char *hex)
{
	uint8_t *bytes = NULL;
	size_t size = hex_decode(hex, &bytes);

	packet_add_bytes(packet, bytes, size);
	free(bytes);
}

size_t packet_open(struct packet *packet, size_t width)
{
	packet_add(packet, 0, width);
	return packet->size;
}

void packet_close(struct packet *packet, size_t opened, size_t width)
{
	put_be(packet->at + opened - width, packet->size - opened, width);
}

static void add_block(struct packet *packet, const char *hex, size_t width)
{
	size_t opened = packet_open(packet, width);

	packet_add_hex(packet, hex);
	packet_close(packet, opened, width);
}

#define RANDOM "000102030405060708090a0b0c0d0e0f 101112131415161718191a1b1c1d1e1f"
#define RETRY_RANDOM "cf21ad74e59a6111be1d8c021e65b891 c2a211167abb8c5e079e09e2c8a8339c"

void packet_client_hello(struct packet *packet, const struct hello_parts *parts)
{
	packet_add_hex(packet, parts->version ? parts->version : "0303");
	packet_add_hex(packet, RANDOM);
	packet_add_hex(packet, parts->is_dtls ? "0000" : "00");
	add_block(packet, parts->ciphers, 2);
	packet_add_hex(packet, "0100");
	if (parts->extensions)
		add_block(packet, parts->extensions, 2);
}

void packet_server_hello(struct packet *packet, const struct hello_parts *parts)
{
	packet_add_hex(packet, parts->version ? parts->version : "0303");
	packet_add_hex(packet, parts->is_retry_request ? RETRY_RANDOM : RANDOM);
	packet_add_hex(packet, "00");
	packet_add_hex(packet, parts->ciphers);
	packet_add_hex(packet, "00");
	if (parts->extensions)
		add_block(packet, parts->extensions, 2);
}

void packet_handshake(struct packet *packet, uint8_t type, const struct packet *body)
{
	packet_add(packet, type, 1);
	packet_add(packet, body->size, 3);
	packet_add_bytes(packet, body->at, body->size);
}

void packet_tls_records(struct packet *packet, const struct packet *handshake, size_t record_bytes)
{
	for (size_t at = 0; at < handshake->size; at += record_bytes) {
		size_t left = handshake->size - at;
		size_t size = left < record_bytes ? left : record_bytes;

		packet_add_hex(packet, "16 0301");
		packet_add(packet, size, 2);
		packet_add_bytes(packet, handshake->at + at, size);
	}
}

void packet_dtls_fragment(struct packet *packet, const struct packet *body,
			  const struct dtls_fragment *fragment)
{
	size_t opened;

	packet_add_hex(packet, "16 fefd 0000 000000000000");
	opened = packet_open(packet, 2);
	packet_add(packet, fragment->type, 1);
	packet_add(packet, body->size, 3);
	packet_add(packet, fragment->sequence, 2);
	packet_add(packet, fragment->offset, 3);
	packet_add(packet, fragment->size, 3);
	packet_add_bytes(packet, body->at + fragment->offset, fragment->size);
	packet_close(packet, opened, 2);
}

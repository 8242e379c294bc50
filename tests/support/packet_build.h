/* SPDX-License-Identifier: Apache-2.0 */
/* Handshakes written by hand: what tests of fingerprint/ parse. */
#ifndef YAGURA_SUPPORT_PACKET_BUILD_H
#define YAGURA_SUPPORT_PACKET_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct packet {
	uint8_t at[256 << 10];
	size_t size;
};

void packet_add(struct packet *packet, uint64_t value, size_t width);
void packet_add_bytes(struct packet *packet, const void *bytes, size_t size);
void packet_add_hex(struct packet *packet, const char *hex);
/* A length of `width` bytes is left free; packet_close writes how much came after it. */
size_t packet_open(struct packet *packet, size_t width);
void packet_close(struct packet *packet, size_t opened, size_t width);

/* Hexadecimal; `extensions` without the block's length, NULL: no block. */
struct hello_parts {
	const char *version; /* NULL: 0303 */
	const char *ciphers;
	const char *extensions;
	bool is_dtls; /* with an empty cookie */
	bool is_retry_request; /* server: the random of a HelloRetryRequest */
};

/* The body of a handshake message: no header. Servers choose the first of `ciphers`. */
void packet_client_hello(struct packet *packet, const struct hello_parts *parts);
void packet_server_hello(struct packet *packet, const struct hello_parts *parts);
/* u8 type, u24 length, body. */
void packet_handshake(struct packet *packet, uint8_t type, const struct packet *body);
/* TLS records of at most `record_bytes` of handshake each. */
void packet_tls_records(struct packet *packet, const struct packet *handshake, size_t record_bytes);

struct dtls_fragment {
	uint8_t type;
	uint16_t sequence;
	size_t offset, size;
};

/* A DTLS record with one fragment of a handshake message's body. */
void packet_dtls_fragment(struct packet *packet, const struct packet *body,
			  const struct dtls_fragment *fragment);

#endif

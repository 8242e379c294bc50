/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hellos of TLS, DTLS and QUIC as structures: views of the message's bytes, nothing copied.
 * RFC 8446 4.1, 5246 7.4.1, 6347 4.2.1 (DTLS's cookie), 8701 (GREASE).
 */
#ifndef YAGURA_FINGERPRINT_TLS_HELLO_H
#define YAGURA_FINGERPRINT_TLS_HELLO_H

#include "sensor/fingerprint/fingerprint.h"

/* Beyond these a hello is not fingerprinted: truncated "limit". */
#define TLS_HELLO_BYTES_MAX (16 << 10)
#define TLS_CIPHERS_MAX 1024
#define TLS_EXTENSIONS_MAX 512

enum tls_handshake_type {
	TLS_HELLO_REQUEST = 0,
	TLS_CLIENT_HELLO = 1,
	TLS_SERVER_HELLO = 2,
	TLS_HELLO_VERIFY_REQUEST = 3,
};

/* IANA "TLS ExtensionType Values", those that are looked into. */
enum tls_extension_type {
	TLS_SERVER_NAME = 0x0000,
	TLS_SUPPORTED_GROUPS = 0x000a,
	TLS_POINT_FORMATS = 0x000b,
	TLS_SIGNATURE_ALGORITHMS = 0x000d,
	TLS_ALPN = 0x0010,
	TLS_SUPPORTED_VERSIONS = 0x002b,
	TLS_KEY_SHARE = 0x0033,
	TLS_QUIC_PARAMETERS = 0x0039,
	TLS_ENCRYPTED_CLIENT_HELLO = 0xfe0d,
	TLS_QUIC_PARAMETERS_DRAFT = 0xffa5,
};

struct tls_extension {
	uint16_t type;
	struct cursor body;
};

/* In the order of the wire. */
struct tls_extensions {
	bool is_over_limit;
	size_t count;
	struct tls_extension at[TLS_EXTENSIONS_MAX];
};

/* A list is empty where its extension is absent. */
struct tls_client_hello {
	uint16_t version; /* legacy_version */
	struct cursor ciphers; /* of u16 */
	struct cursor groups; /* of u16 */
	struct cursor point_formats; /* of u8 */
	struct cursor signature_algorithms; /* of u16 */
	struct cursor versions; /* of u16 */
	struct cursor protocols; /* ALPN: each a u8 length and a name */
	struct cursor server_name; /* the first host_name */
	bool is_over_limit;
	struct tls_extensions extensions;
};

struct tls_server_hello {
	uint16_t version; /* legacy_version */
	uint16_t chosen_version;
	uint16_t cipher;
	uint16_t group; /* 0: not told here */
	struct cursor protocol; /* ALPN */
	bool is_retry_request; /* RFC 8446 4.1.3: told by its random */
	struct tls_extensions extensions;
};

/* RFC 8701: 0x0a0a, 0x1a1a … 0xfafa. */
static inline bool tls_is_grease(uint16_t value)
{
	return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

/* True when an extension of this type is there. */
bool tls_extensions_have(const struct tls_extensions *extensions, uint16_t type);

/* `body`: the whole handshake message without its header. PARSE_OK or PARSE_MALFORMED. */
enum parse_status tls_client_hello_read(struct cursor body, bool is_dtls,
					struct tls_client_hello *ret_hello);
enum parse_status tls_server_hello_read(struct cursor body, struct tls_server_hello *ret_hello);

/* The newest version offered that is no GREASE value (DTLS counts down). */
uint16_t tls_version_offered(const struct tls_client_hello *hello);

#endif

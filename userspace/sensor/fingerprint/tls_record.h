/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handshake bytes that TLS records carry: a message may be spread over several of them and a
 * record may hold several messages. RFC 8446 5.1, 5246 6.2.1.
 */
#ifndef YAGURA_FINGERPRINT_TLS_RECORD_H
#define YAGURA_FINGERPRINT_TLS_RECORD_H

#include "sensor/fingerprint/tls_hello.h"

#define TLS_HANDSHAKE_HEADER_BYTES 4

struct tls_records {
	struct cursor left; /* records not yet looked at */
	struct cursor fragment; /* handshake bytes of the current one */
	size_t others; /* alerts and the like that were skipped */
	uint8_t gathered[TLS_HANDSHAKE_HEADER_BYTES + TLS_HELLO_BYTES_MAX];
};

/* `records` begins with a record. */
void tls_records_open(struct tls_records *records, struct cursor bytes);

/* The next n handshake bytes (at most what `gathered` holds): a view of the message where one
 * record has them all, else of `gathered`, valid until the next call. PARSE_NEED_MORE when they
 * have not come yet, PARSE_MALFORMED when no record can follow. */
enum parse_status tls_records_take(struct tls_records *records, size_t n, struct cursor *ret_bytes);

/* Nothing has come behind what was taken. */
bool tls_records_is_empty(const struct tls_records *records);

#endif

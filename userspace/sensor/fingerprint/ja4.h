/* SPDX-License-Identifier: Apache-2.0 */
/* JA4 of a TLS client and its raw form: proto/FINGERPRINTS.md. */
#ifndef YAGURA_FINGERPRINT_JA4_H
#define YAGURA_FINGERPRINT_JA4_H

#include "sensor/fingerprint/digest.h"
#include "sensor/fingerprint/tls_hello.h"
#include "sensor/fingerprint/writer.h"

/* Where the two hashed parts stand in the raw form. */
struct ja4_parts {
	size_t first_length;
	size_t ciphers_at, ciphers_length;
	size_t extensions_at, extensions_length; /* with the signature algorithms */
};

/* JA4_r, into an empty writer. `transport`: 't', 'q' or 'd'. */
void ja4_raw_write(const struct tls_client_hello *hello, char transport, struct writer *writer,
		   struct ja4_parts *ret_parts);

#define JA4_BYTES (10 + 1 + 12 + 1 + 12)

/* JA4 from JA4_r. False without SHA-256. */
bool ja4_hash(struct digester *digester, struct text raw, const struct ja4_parts *parts,
	      char ret_ja4[JA4_BYTES + 1]);

#endif

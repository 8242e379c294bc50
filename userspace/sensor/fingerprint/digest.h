/* SPDX-License-Identifier: Apache-2.0 */
/* MD5 and SHA-256 in hexadecimal. Fingerprints are names, not proofs: MD5 is what JA3 is made of.
 */
#ifndef YAGURA_FINGERPRINT_DIGEST_H
#define YAGURA_FINGERPRINT_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

enum digest_kind { DIGEST_MD5, DIGEST_SHA256, DIGEST_KIND_COUNT };

#define DIGEST_HEX_MAX (2 * 32)

/* Looking algorithms up costs more than hashing a hello: a session does it once. */
struct digester;

/* NULL without memory. digester_free takes NULL. */
struct digester *digester_new(void);
void digester_free(struct digester *digester);

/* Writes 32 (MD5) or 64 (SHA-256) lower-case digits and a NUL. False, and an empty text, when the
 * library does not have the algorithm (MD5 where policy forbids it). */
bool digest_hex(struct digester *digester, enum digest_kind kind, const void *bytes, size_t size,
		char ret_hex[DIGEST_HEX_MAX + 1]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* JA3 and JA3S before they are hashed: proto/FINGERPRINTS.md. */
#ifndef YAGURA_FINGERPRINT_JA3_H
#define YAGURA_FINGERPRINT_JA3_H

#include "sensor/fingerprint/tls_hello.h"
#include "sensor/fingerprint/writer.h"

/* "version,ciphers,extensions,groups,point formats" */
void ja3_write(const struct tls_client_hello *hello, struct writer *writer);
/* "version,cipher,extensions" */
void ja3s_write(const struct tls_server_hello *hello, struct writer *writer);

#endif

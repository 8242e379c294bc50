/* SPDX-License-Identifier: Apache-2.0 */
/* The NPF fingerprints of a TLS client: proto/FINGERPRINTS.md. */
#ifndef YAGURA_FINGERPRINT_NPF_TLS_H
#define YAGURA_FINGERPRINT_NPF_TLS_H

#include "sensor/fingerprint/tls_hello.h"
#include "sensor/fingerprint/writer.h"

enum npf_order { NPF_WIRE, NPF_SORTED };

/* "(version)(ciphers)" and the extensions: ((…)…) in the order of the wire, [(…)…] sorted. Fails
 * the writer when QUIC's transport parameters cannot be read. */
void npf_tls_write(const struct tls_client_hello *hello, enum npf_order order,
		   struct writer *writer);

#endif

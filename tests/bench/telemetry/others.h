/* SPDX-License-Identifier: Apache-2.0 */
/* The same records as others would send them: so many bytes appended to a buffer. */
#ifndef YAGURA_TESTS_BENCH_TELEMETRY_OTHERS_H
#define YAGURA_TESTS_BENCH_TELEMETRY_OTHERS_H

#include "telemetry/ndjson.h"
#include "telemetry/record.h"

/* One message a record behind its length, its strings inside: protobuf as most agents use it. */
void others_row_protobuf(struct ndjson *buffer, const struct record *record);
/* As the collector's sink writes it. */
void others_ndjson(struct ndjson *buffer, const struct record *record);
/* Suricata's event log: a flow event and, for TLS, a tls event. Flows only. */
void others_eve(struct ndjson *buffer, const struct record *record);
/* IPFIX (RFC 7011), one bidirectional flow (RFC 5103) of fixed length; no process, no fingerprint:
 * there are no elements for them. Without the 16 bytes of a message's header. Flows only. */
void others_ipfix(struct ndjson *buffer, const struct record *record);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What each parser's file offers to the table. Private to fingerprint/. */
#ifndef YAGURA_FINGERPRINT_PARSER_TABLE_H
#define YAGURA_FINGERPRINT_PARSER_TABLE_H

#include "sensor/fingerprint/fingerprint.h"

extern const struct fingerprint_parser fingerprint_tls;
extern const struct fingerprint_parser fingerprint_dtls;
extern const struct fingerprint_parser fingerprint_quic;
extern const struct fingerprint_parser fingerprint_ssh;
extern const struct fingerprint_parser fingerprint_http;
extern const struct fingerprint_parser fingerprint_dns;
extern const struct fingerprint_parser fingerprint_dns_tcp;

#endif

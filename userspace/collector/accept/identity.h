/* SPDX-License-Identifier: Apache-2.0 */
/* Which sensor a certificate names: its one URI SAN, spiffe://<trust domain>/sensor/<uuid>. */
#ifndef YAGURA_COLLECTOR_IDENTITY_H
#define YAGURA_COLLECTOR_IDENTITY_H

#include <openssl/ssl.h>
#include <stddef.h>
#include <stdint.h>

/* 0 or -EINVAL. `uri` need not be terminated. */
int identity_parse(const char *uri, size_t length, uint8_t ret_sensor[16]);
/* 0, or -EINVAL: no URI SAN, several, or one that names no sensor. */
int identity_of_certificate(const X509 *certificate, uint8_t ret_sensor[16]);
/* The same of the certificate at the other end. */
int identity_of_peer(const SSL *ssl, uint8_t ret_sensor[16]);

#endif

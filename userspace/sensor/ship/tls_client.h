/* SPDX-License-Identifier: Apache-2.0 */
/* TLS 1.3 with certificates at both ends, from files. The only file of the sensor, next to ship.c's
 * bufferevent, that knows OpenSSL. */
#ifndef YAGURA_SHIP_TLS_CLIENT_H
#define YAGURA_SHIP_TLS_CLIENT_H

#include "sensor/ship/ship.h"

#include <openssl/ssl.h>

struct bufferevent;

/* Reads CA, certificate and key. 0, or -errno with one line in ret_error. */
int tls_client_context_new(const struct ship_options *options, SSL_CTX **ret_context,
			   char ret_error[SHIP_TEXT_BYTES]);
/* A connection to be, which will accept `server_name` (a DNS name or an IP address) only. NULL
 * without memory. */
SSL *tls_client_new(SSL_CTX *context, const char *server_name);

/* What was agreed: "TLSv1.3" and the key exchange group ("X25519MLKEM768", "x25519"). */
void tls_client_agreed(SSL *ssl, struct ship_status *status);
/* Why `bev` reported an error, for people. */
void tls_client_failure(struct bufferevent *bev, char ret_text[SHIP_TEXT_BYTES]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The collector's side of TLS 1.3: who may connect, and with what. */
#ifndef YAGURA_COLLECTOR_TLS_H
#define YAGURA_COLLECTOR_TLS_H

#include <openssl/ssl.h>

#define TLS_ERROR_BYTES 512

struct tls_options {
	const char *ca_file; /* PEM: who may sign sensors' certificates */
	const char *certificate_file; /* PEM, our own, the chain behind it */
	const char *key_file; /* PEM */
};

/* 0, or -errno with one line that names the file, what is wrong and what to do. */
int tls_context_new(const struct tls_options *options, SSL_CTX **ret_context,
		    char ret_error[TLS_ERROR_BYTES]);
/* The key exchange group of an established connection, "" when unknown. */
const char *tls_group(SSL *ssl);

#endif

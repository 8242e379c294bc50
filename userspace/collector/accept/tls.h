/* SPDX-License-Identifier: Apache-2.0 */
/* The collector's side of TLS 1.3: who may connect, with what, and on whose word. */
#ifndef YAGURA_COLLECTOR_TLS_H
#define YAGURA_COLLECTOR_TLS_H

#include <openssl/ssl.h>
#include <stddef.h>

#define TLS_ERROR_BYTES 512

struct tls;

struct tls_options {
	/* PEM: who may sign sensors' certificates, one file a tenant. An authority below another's
	 * may be one's own: the one nearest to the sensor's certificate counts. */
	const char *const *ca_files;
	size_t ca_count;
	const char *certificate_file; /* PEM, our own, the chain behind it */
	const char *key_file; /* PEM */
};

/* 0, or -errno with one line that names the file, what is wrong and what to do. */
int tls_new(const struct tls_options *options, struct tls **ret_tls,
	    char ret_error[TLS_ERROR_BYTES]);
void tls_free(struct tls *tls); /* takes NULL */
SSL_CTX *tls_context(const struct tls *tls);
/* Whose authority vouches for the other end: the number of its file, or -ENOENT. */
int tls_authority(const struct tls *tls, SSL *ssl);
/* Why a handshake failed, as far as is known; NULL: nothing is. `code` is OpenSSL's. */
const char *tls_reason(SSL *ssl, unsigned long code);
/* The key exchange group of an established connection, "" when unknown. */
const char *tls_group(SSL *ssl);

#endif

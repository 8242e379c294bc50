/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/accept/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Best first: OpenSSL before 3.5 does not know the hybrid group and then refuses the whole list. */
#define GROUPS_HYBRID "X25519MLKEM768:X25519:prime256v1"
#define GROUPS_CLASSICAL "X25519:prime256v1"

typedef STACK_OF(X509) Certificates;

struct tls {
	SSL_CTX *context;
	Certificates **authorities; /* one a file */
	size_t count;
};

static int explain(char *ret_error, const char *what, const char *file, const char *advice)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	snprintf(ret_error, TLS_ERROR_BYTES, "%s %s: %s; %s", what, file,
		 reason ? reason : "unknown error", advice);
	ERR_clear_error();
	return -EINVAL;
}

/* OpenSSL's own words for a file that is not there name no file. */
static int check_readable(char *ret_error, const char *what, const char *file, const char *key)
{
	int r;

	if (access(file, R_OK) == 0)
		return 0;
	r = -errno;
	snprintf(ret_error, TLS_ERROR_BYTES,
		 "%s %s: %s; set %s in [tls] to a PEM file this user may read", what, file,
		 strerror(-r), key);
	return r;
}

static int explain_ca(char *ret_error, const char *file)
{
	return explain(ret_error, "CA", file,
		       "it must hold the PEM certificates that sign sensors");
}

static Certificates *read_certificates(const char *file)
{
	Certificates *found = sk_X509_new_null();
	FILE *from = fopen(file, "re");
	X509 *certificate;

	while (found && from && (certificate = PEM_read_X509(from, NULL, NULL, NULL)))
		if (sk_X509_push(found, certificate) == 0)
			X509_free(certificate);
	ERR_clear_error(); /* the end of the file is one */
	if (from)
		fclose(from);
	return found;
}

static int load_authority(struct tls *tls, const char *file, char *ret_error)
{
	int r = check_readable(ret_error, "CA", file, "ca");

	if (r < 0)
		return r;
	if (SSL_CTX_load_verify_file(tls->context, file) != 1)
		return explain_ca(ret_error, file);
	tls->authorities[tls->count] = read_certificates(file);
	if (sk_X509_num(tls->authorities[tls->count++]) <= 0)
		return explain_ca(ret_error, file);
	return 0;
}

/* With a partial chain an authority below another's is trusted by itself. */
static int load_authorities(struct tls *tls, const struct tls_options *options, char *ret_error)
{
	int r = 0;

	tls->authorities = calloc(options->ca_count, sizeof(*tls->authorities));
	if (!tls->authorities)
		return -ENOMEM;
	X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(tls->context), X509_V_FLAG_PARTIAL_CHAIN);
	for (size_t i = 0; i < options->ca_count && r == 0; i++)
		r = load_authority(tls, options->ca_files[i], ret_error);
	return r;
}

static int load_own(SSL_CTX *context, const struct tls_options *options, char *ret_error)
{
	int r = check_readable(ret_error, "certificate", options->certificate_file, "certificate");

	if (r == 0)
		r = check_readable(ret_error, "key", options->key_file, "key");
	if (r < 0)
		return r;
	if (SSL_CTX_use_certificate_chain_file(context, options->certificate_file) != 1)
		return explain(ret_error, "certificate", options->certificate_file,
			       "it must hold this collector's certificate in PEM");
	if (SSL_CTX_use_PrivateKey_file(context, options->key_file, SSL_FILETYPE_PEM) != 1)
		return explain(ret_error, "key", options->key_file,
			       "it must hold, in PEM, the key of the configured certificate");
	return 0;
}

static int set_groups(SSL_CTX *context)
{
	if (SSL_CTX_set1_groups_list(context, GROUPS_HYBRID) == 1)
		return 0;
	ERR_clear_error();
	return SSL_CTX_set1_groups_list(context, GROUPS_CLASSICAL) == 1 ? 0 : -EINVAL;
}

/* A daemon has nobody to ask: an encrypted key is an error, not a prompt. */
static int no_passphrase(char *buffer, int size, int is_writing, void *context)
{
	(void)buffer;
	(void)size;
	(void)is_writing;
	(void)context;
	return -1;
}

/* No tickets and no early data: nothing of a session outlives it, nothing can be replayed. Frames
 * delimit themselves, so that a missing close_notify hides nothing. */
static int restrict_protocol(SSL_CTX *context)
{
	SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
					     SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_default_passwd_cb(context, no_passphrase);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	if (SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_num_tickets(context, 0) != 1 || SSL_CTX_set_max_early_data(context, 0) != 1)
		return -EINVAL;
	return set_groups(context);
}

int tls_new(const struct tls_options *options, struct tls **ret_tls,
	    char ret_error[TLS_ERROR_BYTES])
{
	struct tls *tls = calloc(1, sizeof(*tls));
	int r;

	snprintf(ret_error, TLS_ERROR_BYTES, "out of memory");
	if (tls)
		tls->context = SSL_CTX_new(TLS_server_method());
	if (!tls || !tls->context) {
		free(tls);
		return -ENOMEM;
	}
	r = restrict_protocol(tls->context);
	if (r < 0)
		snprintf(ret_error, TLS_ERROR_BYTES, "this OpenSSL cannot be limited to TLS 1.3");
	if (r == 0)
		r = load_authorities(tls, options, ret_error);
	if (r == 0)
		r = load_own(tls->context, options, ret_error);
	if (r < 0)
		tls_free(tls);
	else
		*ret_tls = tls;
	return r;
}

void tls_free(struct tls *tls)
{
	if (!tls)
		return;
	for (size_t i = 0; i < tls->count; i++)
		sk_X509_pop_free(tls->authorities[i], X509_free);
	free(tls->authorities);
	SSL_CTX_free(tls->context);
	free(tls);
}

SSL_CTX *tls_context(const struct tls *tls)
{
	return tls->context;
}

static bool holds(const Certificates *certificates, const X509 *wanted)
{
	for (int i = 0; i < sk_X509_num(certificates); i++)
		if (X509_cmp(sk_X509_value(certificates, i), wanted) == 0)
			return true;
	return false;
}

int tls_authority(const struct tls *tls, SSL *ssl)
{
	const Certificates *chain = SSL_get0_verified_chain(ssl);

	for (int depth = 1; depth < sk_X509_num(chain); depth++)
		for (size_t i = 0; i < tls->count; i++)
			if (holds(tls->authorities[i], sk_X509_value(chain, depth)))
				return (int)i;
	return -ENOENT;
}

const char *tls_reason(SSL *ssl, unsigned long code)
{
	long verified = SSL_get_verify_result(ssl);

	if (verified != X509_V_OK)
		return X509_verify_cert_error_string(verified);
	return code ? ERR_reason_error_string(code) : NULL;
}

const char *tls_group(SSL *ssl)
{
	const char *name = SSL_group_to_name(ssl, (int)SSL_get_negotiated_group(ssl));

	return name ? name : "";
}

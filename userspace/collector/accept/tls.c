/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/accept/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Best first: OpenSSL before 3.5 does not know the hybrid group and then refuses the whole list. */
#define GROUPS_HYBRID "X25519MLKEM768:X25519:prime256v1"
#define GROUPS_CLASSICAL "X25519:prime256v1"

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

static int load_files(SSL_CTX *context, const struct tls_options *options, char *ret_error)
{
	int r = check_readable(ret_error, "CA", options->ca_file, "ca");

	if (r == 0)
		r = check_readable(ret_error, "certificate", options->certificate_file,
				   "certificate");
	if (r == 0)
		r = check_readable(ret_error, "key", options->key_file, "key");
	if (r < 0)
		return r;
	if (SSL_CTX_load_verify_file(context, options->ca_file) != 1)
		return explain(ret_error, "CA", options->ca_file,
			       "it must hold the PEM certificates that sign sensors");
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

int tls_context_new(const struct tls_options *options, SSL_CTX **ret_context,
		    char ret_error[TLS_ERROR_BYTES])
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	int r;

	if (!context)
		return -ENOMEM;
	r = restrict_protocol(context);
	if (r < 0)
		snprintf(ret_error, TLS_ERROR_BYTES, "this OpenSSL cannot be limited to TLS 1.3");
	else
		r = load_files(context, options, ret_error);
	if (r < 0)
		SSL_CTX_free(context);
	else
		*ret_context = context;
	return r;
}

const char *tls_group(SSL *ssl)
{
	const char *name = SSL_group_to_name(ssl, (int)SSL_get_negotiated_group(ssl));

	return name ? name : "";
}

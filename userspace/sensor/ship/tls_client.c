/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/ship/tls_client.h"

#include "common/log.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

/* Hybrid post-quantum first. OpenSSL before 3.5 refuses a list with a name it does not know. */
#define GROUPS_HYBRID "X25519MLKEM768:X25519:prime256v1"
#define GROUPS_CLASSICAL "X25519:prime256v1"

/* Why the last OpenSSL call failed; a system error in it says more than the library's words. */
static const char *openssl_reason(void)
{
	unsigned long error = ERR_peek_error();
	const char *reason = ERR_reason_error_string(error);

	if (ERR_SYSTEM_ERROR(error))
		return strerror(ERR_GET_REASON(error));
	return reason ? reason : "no reason given";
}

static int describe(char ret_error[SHIP_TEXT_BYTES], const char *what, const char *file,
		    const char *advice)
{
	snprintf(ret_error, SHIP_TEXT_BYTES, "%s %s: %s; %s", what, file, openssl_reason(), advice);
	return -EINVAL;
}

/* Without this OpenSSL would ask at the terminal. No answer makes reading an encrypted key fail. */
static int no_password(char *buffer, int size, int writing, void *context)
{
	(void)buffer, (void)size, (void)writing, (void)context;
	return 0;
}

static int load_files(SSL_CTX *context, const struct ship_options *options,
		      char ret_error[SHIP_TEXT_BYTES])
{
	ERR_clear_error();
	if (SSL_CTX_load_verify_file(context, options->ca_file) != 1)
		return describe(ret_error, "CA file", options->ca_file,
				"[collector] ca must name the PEM file of the collector's CA");
	if (SSL_CTX_use_certificate_chain_file(context, options->certificate_file) != 1)
		return describe(ret_error, "certificate", options->certificate_file,
				"[collector] certificate must name this sensor's PEM certificate");
	if (SSL_CTX_use_PrivateKey_file(context, options->key_file, SSL_FILETYPE_PEM) != 1)
		return describe(ret_error, "key", options->key_file,
				"[collector] key must name an unencrypted PEM key, readable here, "
				"which belongs to the certificate");
	return 0;
}

/* Only a warning: at boot the clock may be what is wrong, and the collector decides. */
static void warn_unless_valid_now(SSL_CTX *context, const char *file)
{
	const X509 *certificate = SSL_CTX_get0_certificate(context);

	if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
		log_warn("ship", "certificate %s has expired; renew it", file);
	else if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
		log_warn("ship", "certificate %s is not valid yet; check the clock", file);
}

static int configure(SSL_CTX *context)
{
	SSL_CTX_set_security_level(context, 2);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	/* Frames carry their length, so an end without close_notify can cut nothing unnoticed. */
	SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
					     SSL_OP_IGNORE_UNEXPECTED_EOF);
	/* An evbuffer may move what SSL_write is to be called with again. Partial writes stay off:
	 * libevent 2.1 hands over several chunks and takes each as written whole. */
	SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_default_passwd_cb(context, no_password);
	if (SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) != 1)
		return -EINVAL;
	if (SSL_CTX_set1_groups_list(context, GROUPS_HYBRID) != 1 &&
	    SSL_CTX_set1_groups_list(context, GROUPS_CLASSICAL) != 1)
		return -EINVAL;
	return 0;
}

int tls_client_context_new(const struct ship_options *options, SSL_CTX **ret_context,
			   char ret_error[SHIP_TEXT_BYTES])
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	int r;

	if (!context || configure(context) < 0) {
		r = describe(ret_error, "TLS", "1.3", "this OpenSSL cannot be used");
		goto out;
	}
	r = load_files(context, options, ret_error);
	if (r < 0)
		goto out;
	warn_unless_valid_now(context, options->certificate_file);
	*ret_context = context;
	context = NULL;
out:
	SSL_CTX_free(context);
	return r;
}

static bool is_ip_address(const char *name)
{
	struct in6_addr ignored;

	return inet_pton(AF_INET, name, &ignored) == 1 || inet_pton(AF_INET6, name, &ignored) == 1;
}

SSL *tls_client_new(SSL_CTX *context, const char *server_name)
{
	SSL *ssl = SSL_new(context);
	/* The macro below casts const away, which clang minds. */
	char *sni = (char *)(uintptr_t)server_name;
	int named;

	if (!ssl)
		return NULL;
	/* Only a subject alternative name counts: a common name is whatever its owner asked for. */
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
				       X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	if (is_ip_address(server_name)) /* RFC 6066 3 allows no address in SNI */
		named = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), server_name) == 1;
	else
		named = SSL_set1_host(ssl, server_name) == 1 &&
			SSL_set_tlsext_host_name(ssl, sni) == 1;
	if (!named) {
		SSL_free(ssl);
		return NULL;
	}
	return ssl;
}

void tls_client_agreed(SSL *ssl, struct ship_status *status)
{
	const char *group = SSL_group_to_name(ssl, (int)SSL_get_negotiated_group(ssl));

	snprintf(status->tls_version, sizeof(status->tls_version), "%s", SSL_get_version(ssl));
	snprintf(status->tls_group, sizeof(status->tls_group), "%s", group ? group : "unknown");
}

void tls_client_failure(struct bufferevent *bev, char ret_text[SHIP_TEXT_BYTES])
{
	int system_error = EVUTIL_SOCKET_ERROR();
	long verified = SSL_get_verify_result(bufferevent_openssl_get_ssl(bev));
	unsigned long error = bufferevent_get_openssl_error(bev);
	int dns_error = bufferevent_socket_get_dns_error(bev);
	/* libevent also hands over bare SSL_ERROR_ codes, which name no reason. */
	const char *reason = ERR_SYSTEM_ERROR(error) ? NULL : ERR_reason_error_string(error);

	if (dns_error != 0)
		snprintf(ret_text, SHIP_TEXT_BYTES, "name not resolved: %s",
			 evutil_gai_strerror(dns_error));
	else if (verified != X509_V_OK)
		snprintf(ret_text, SHIP_TEXT_BYTES, "certificate verify failed: %s",
			 X509_verify_cert_error_string(verified));
	else if (reason)
		snprintf(ret_text, SHIP_TEXT_BYTES, "TLS: %s", reason);
	else
		snprintf(ret_text, SHIP_TEXT_BYTES, "%s",
			 system_error != 0 ? strerror(system_error) : "connection broken");
}

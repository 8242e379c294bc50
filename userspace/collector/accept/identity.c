/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/accept/identity.h"

#include "common/uuid.h"

#include <errno.h>
#include <openssl/x509v3.h>
#include <string.h>

#define SCHEME "spiffe://"
#define PATH "/sensor/"
#define URI_BYTES_MAX 512

int identity_parse(const char *uri, size_t length, uint8_t ret_sensor[16])
{
	char text[URI_BYTES_MAX];
	const char *path;

	if (length >= sizeof(text) || memchr(uri, '\0', length))
		return -EINVAL;
	memcpy(text, uri, length);
	text[length] = '\0';
	if (strncmp(text, SCHEME, strlen(SCHEME)) != 0)
		return -EINVAL;
	path = strchr(text + strlen(SCHEME), '/');
	if (!path || path == text + strlen(SCHEME))
		return -EINVAL;
	if (strncmp(path, PATH, strlen(PATH)) != 0)
		return -EINVAL;
	return uuid_parse(path + strlen(PATH), ret_sensor);
}

/* SPIFFE wants exactly one URI: with two, somebody else might read the other. */
static const ASN1_IA5STRING *only_uri(const GENERAL_NAMES *names)
{
	const ASN1_IA5STRING *found = NULL;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type != GEN_URI)
			continue;
		if (found)
			return NULL;
		found = name->d.uniformResourceIdentifier;
	}
	return found;
}

int identity_of_certificate(const X509 *certificate, uint8_t ret_sensor[16])
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	const ASN1_IA5STRING *uri = only_uri(names);
	int r = -EINVAL;

	if (uri)
		r = identity_parse((const char *)ASN1_STRING_get0_data(uri),
				   (size_t)ASN1_STRING_length(uri), ret_sensor);
	GENERAL_NAMES_free(names);
	return r;
}

int identity_of_peer(const SSL *ssl, uint8_t ret_sensor[16])
{
	X509 *certificate = SSL_get1_peer_certificate(ssl);
	int r = certificate ? identity_of_certificate(certificate, ret_sensor) : -EINVAL;

	X509_free(certificate);
	return r;
}

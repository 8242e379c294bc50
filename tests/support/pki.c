/* SPDX-License-Identifier: Apache-2.0 */
#include "support/pki.h"

#include "common/cleanup.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define VALID_S (24L * 3600)

struct pki {
	char *directory;
	EVP_PKEY *key;
	X509 *certificate;
	long serial;
};

static FILE *create(const struct pki *pki, const char *name, const char *suffix)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s.%s", pki->directory, name, suffix);
	return fopen(path, "we");
}

static int write_certificate(const struct pki *pki, const char *name, X509 *certificate)
{
	_cleanup_fclose_ FILE *file = create(pki, name, "crt");

	return file && PEM_write_X509(file, certificate) == 1 && fflush(file) == 0 ? 0 : -1;
}

static int write_key(const struct pki *pki, const char *name, EVP_PKEY *key)
{
	_cleanup_fclose_ FILE *file = create(pki, name, "key");

	if (!file || fchmod(fileno(file), 0600) != 0)
		return -1;
	if (PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) != 1)
		return -1;
	return fflush(file) == 0 ? 0 : -1;
}

static int extend(struct pki *pki, X509 *certificate, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	int added;

	if (!value)
		return 0;
	X509V3_set_ctx(&context, pki->certificate ? pki->certificate : certificate, certificate,
		       NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	if (!extension)
		return -1;
	added = X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	return added == 1 ? 0 : -1;
}

/* A certificate for `key`, not signed yet. Issued by the authority, or by itself while there is
 * none. */
static X509 *draft(struct pki *pki, const char *name, EVP_PKEY *key)
{
	X509 *certificate = X509_new();
	X509_NAME *subject;

	if (!certificate)
		return NULL;
	subject = X509_get_subject_name(certificate);
	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++pki->serial);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
	X509_gmtime_adj(X509_getm_notAfter(certificate), VALID_S);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1,
				   -1, 0);
	X509_set_issuer_name(certificate,
			     pki->certificate ? X509_get_subject_name(pki->certificate) : subject);
	X509_set_pubkey(certificate, key);
	return certificate;
}

static int make_authority(struct pki *pki, const char *name)
{
	X509 *certificate;

	pki->key = EVP_EC_gen("P-256");
	if (!pki->key)
		return -1;
	certificate = draft(pki, name, pki->key);
	if (!certificate)
		return -1;
	if (extend(pki, certificate, NID_basic_constraints, "critical,CA:TRUE") != 0 ||
	    extend(pki, certificate, NID_key_usage, "critical,keyCertSign") != 0 ||
	    extend(pki, certificate, NID_subject_key_identifier, "hash") != 0 ||
	    X509_sign(certificate, pki->key, EVP_sha256()) <= 0) {
		X509_free(certificate);
		return -1;
	}
	pki->certificate = certificate;
	return write_certificate(pki, name, certificate);
}

struct pki *pki_new(const char *directory, const char *name)
{
	struct pki *pki = calloc(1, sizeof(*pki));

	if (!pki)
		return NULL;
	pki->directory = strdup(directory);
	if (pki->directory && make_authority(pki, name) == 0)
		return pki;
	pki_free(pki);
	return NULL;
}

void pki_free(struct pki *pki)
{
	if (!pki)
		return;
	X509_free(pki->certificate);
	EVP_PKEY_free(pki->key);
	free(pki->directory);
	free(pki);
}

int pki_issue(struct pki *pki, const struct pki_leaf *leaf)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = key ? draft(pki, leaf->name, key) : NULL;
	int r = -1;

	if (certificate &&
	    extend(pki, certificate, NID_basic_constraints, "critical,CA:FALSE") == 0 &&
	    extend(pki, certificate, NID_ext_key_usage, leaf->key_usage) == 0 &&
	    extend(pki, certificate, NID_subject_alt_name, leaf->alt_names) == 0 &&
	    X509_sign(certificate, pki->key, EVP_sha256()) > 0 &&
	    write_certificate(pki, leaf->name, certificate) == 0)
		r = write_key(pki, leaf->name, key);
	X509_free(certificate);
	EVP_PKEY_free(key);
	return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Throw-away certificates for tests: ECDSA P-256, valid for a day, PEM files in a directory. */
#ifndef YAGURA_TESTS_SUPPORT_PKI_H
#define YAGURA_TESTS_SUPPORT_PKI_H

struct pki;

/* What a leaf certificate says of its holder. NULL: left out. */
struct pki_leaf {
	const char *name; /* of the files, and the common name: NAME.crt, NAME.key */
	const char *alt_names; /* as OpenSSL's subjectAltName: "DNS:localhost,IP:127.0.0.1" */
	const char *key_usage; /* as OpenSSL's extendedKeyUsage: "serverAuth", "clientAuth" */
};

/* Makes a certificate authority and writes its certificate as DIRECTORY/NAME.crt. NULL when
 * anything fails. Freed by pki_free (takes NULL). */
struct pki *pki_new(const char *directory, const char *name);
void pki_free(struct pki *pki);
/* Writes DIRECTORY/NAME.crt and DIRECTORY/NAME.key, signed by this authority. 0 or -1. */
int pki_issue(struct pki *pki, const struct pki_leaf *leaf);

#endif

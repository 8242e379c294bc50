/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/digest.h"

#include <stdlib.h>

#include <openssl/evp.h>

struct digester {
	EVP_MD *kinds[DIGEST_KIND_COUNT]; /* NULL: not there */
	EVP_MD_CTX *context;
};

struct digester *digester_new(void)
{
	struct digester *digester = calloc(1, sizeof(*digester));

	if (!digester)
		return NULL;
	digester->context = EVP_MD_CTX_new();
	if (!digester->context) {
		free(digester);
		return NULL;
	}
	digester->kinds[DIGEST_MD5] = EVP_MD_fetch(NULL, "MD5", NULL);
	digester->kinds[DIGEST_SHA256] = EVP_MD_fetch(NULL, "SHA256", NULL);
	return digester;
}

void digester_free(struct digester *digester)
{
	if (!digester)
		return;
	for (size_t i = 0; i < DIGEST_KIND_COUNT; i++)
		EVP_MD_free(digester->kinds[i]);
	EVP_MD_CTX_free(digester->context);
	free(digester);
}

bool digest_hex(struct digester *digester, enum digest_kind kind, const void *bytes, size_t size,
		char ret_hex[DIGEST_HEX_MAX + 1])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned int raw_size = 0;

	ret_hex[0] = '\0';
	if (!digester->kinds[kind] ||
	    EVP_DigestInit_ex2(digester->context, digester->kinds[kind], NULL) != 1 ||
	    EVP_DigestUpdate(digester->context, bytes, size) != 1 ||
	    EVP_DigestFinal_ex(digester->context, raw, &raw_size) != 1 ||
	    2 * raw_size > DIGEST_HEX_MAX)
		return false;
	for (unsigned int i = 0; i < raw_size; i++) {
		ret_hex[2 * i] = digits[raw[i] >> 4];
		ret_hex[2 * i + 1] = digits[raw[i] & 0xf];
	}
	ret_hex[2 * raw_size] = '\0';
	return true;
}

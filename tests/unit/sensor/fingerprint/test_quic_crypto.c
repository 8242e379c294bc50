/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/quic_crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sensor/fingerprint/quic_packet.h"
#include "support/hex.h"

#define ID "8394c8f03e515708"

/* RFC 9001 A.1, 9369 A.1, and appendix A.1 of the drafts 23 and 29 of RFC 9001. */
static struct key_case {
	const char *name;
	uint32_t version;
	bool is_server;
	const char *key, *iv, *header_key;
} cases[] = {
	{ "version 1, client", 1, false, "1f369613dd76d5467730efcbe3b1a22d",
	  "fa044b2f42a3fd3b46fb255c", "9f50449e04a0e810283a1e9933adedd2" },
	{ "version 1, server", 1, true, "cf3a5331653c364c88f0f379b6067e37",
	  "0ac1493ca1905853b0bba03e", "c206b8d9b9f0f37644430b490eeaa314" },
	{ "version 2, client", 0x6b3343cf, false, "8b1a0bc121284290a29e0971b5cd045d",
	  "91f73e2351d8fa91660e909f", "45b95e15235d6f45a6b19cbcb0294ba9" },
	{ "draft 29, client", 0xff00001d, false, "175257a31eb09dea9366d8bb79ad80ba",
	  "6b26114b9cba2b63a9e8dd4f", "9ddd12c994c0698b89374a9c077a3077" },
	{ "draft 23, client", 0xff000017, false, "af7fd7efebd21878ff66811248983694",
	  "8681359410a70bb9c92f0420", "a980b8b4fb7d9fbc13e814c23164253d" },
};

static void expect_hex(const uint8_t *bytes, size_t size, const char *want)
{
	char *hex = hex_encode(bytes, size);

	assert_string_equal(hex, want);
	free(hex);
}

static void check_case(void **state)
{
	const struct key_case *c = *state;
	const struct quic_version *version = quic_version_next(NULL, c->version);
	struct quic_crypto *crypto = quic_crypto_new();
	struct quic_secret secret = { .is_server = c->is_server };
	struct quic_keys keys;
	uint8_t *id = NULL;
	size_t id_size = hex_decode(ID, &id);

	assert_non_null(crypto);
	assert_non_null(version);
	secret.salt = cursor_of(version->salt, sizeof(version->salt));
	secret.is_v2 = version->is_v2;
	assert_true(quic_keys_derive(crypto, &secret, cursor_of(id, id_size), &keys));
	expect_hex(keys.key, sizeof(keys.key), c->key);
	expect_hex(keys.iv, sizeof(keys.iv), c->iv);
	expect_hex(keys.header_key, sizeof(keys.header_key), c->header_key);
	quic_crypto_free(crypto);
	free(id);
}

#define CASES (sizeof(cases) / sizeof(cases[0]))

int main(void)
{
	struct CMUnitTest tests[CASES];

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ cases[i].name, check_case, NULL, NULL, &cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

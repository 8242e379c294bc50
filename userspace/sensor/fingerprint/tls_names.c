/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/tls_names.h"

#include "sensor/fingerprint/writer.h"

struct name_row {
	uint16_t value;
	const char *name;
	bool is_post_quantum;
};

/* IANA "TLS Cipher Suites" (without their "TLS_"): those that servers still choose. */
static const struct name_row ciphers[] = {
	{ 0x0004, "RSA_WITH_RC4_128_MD5" },
	{ 0x0005, "RSA_WITH_RC4_128_SHA" },
	{ 0x0009, "RSA_WITH_DES_CBC_SHA" },
	{ 0x000a, "RSA_WITH_3DES_EDE_CBC_SHA" },
	{ 0x0016, "DHE_RSA_WITH_3DES_EDE_CBC_SHA" },
	{ 0x0018, "DH_anon_WITH_RC4_128_MD5" },
	{ 0x002f, "RSA_WITH_AES_128_CBC_SHA" },
	{ 0x0032, "DHE_DSS_WITH_AES_128_CBC_SHA" },
	{ 0x0033, "DHE_RSA_WITH_AES_128_CBC_SHA" },
	{ 0x0034, "DH_anon_WITH_AES_128_CBC_SHA" },
	{ 0x0035, "RSA_WITH_AES_256_CBC_SHA" },
	{ 0x0038, "DHE_DSS_WITH_AES_256_CBC_SHA" },
	{ 0x0039, "DHE_RSA_WITH_AES_256_CBC_SHA" },
	{ 0x003a, "DH_anon_WITH_AES_256_CBC_SHA" },
	{ 0x003c, "RSA_WITH_AES_128_CBC_SHA256" },
	{ 0x003d, "RSA_WITH_AES_256_CBC_SHA256" },
	{ 0x0041, "RSA_WITH_CAMELLIA_128_CBC_SHA" },
	{ 0x0045, "DHE_RSA_WITH_CAMELLIA_128_CBC_SHA" },
	{ 0x0067, "DHE_RSA_WITH_AES_128_CBC_SHA256" },
	{ 0x006b, "DHE_RSA_WITH_AES_256_CBC_SHA256" },
	{ 0x0084, "RSA_WITH_CAMELLIA_256_CBC_SHA" },
	{ 0x0088, "DHE_RSA_WITH_CAMELLIA_256_CBC_SHA" },
	{ 0x008c, "PSK_WITH_AES_128_CBC_SHA" },
	{ 0x008d, "PSK_WITH_AES_256_CBC_SHA" },
	{ 0x0096, "RSA_WITH_SEED_CBC_SHA" },
	{ 0x009c, "RSA_WITH_AES_128_GCM_SHA256" },
	{ 0x009d, "RSA_WITH_AES_256_GCM_SHA384" },
	{ 0x009e, "DHE_RSA_WITH_AES_128_GCM_SHA256" },
	{ 0x009f, "DHE_RSA_WITH_AES_256_GCM_SHA384" },
	{ 0x00a8, "PSK_WITH_AES_128_GCM_SHA256" },
	{ 0x00a9, "PSK_WITH_AES_256_GCM_SHA384" },
	{ 0x00ae, "PSK_WITH_AES_128_CBC_SHA256" },
	{ 0x1301, "AES_128_GCM_SHA256" },
	{ 0x1302, "AES_256_GCM_SHA384" },
	{ 0x1303, "CHACHA20_POLY1305_SHA256" },
	{ 0x1304, "AES_128_CCM_SHA256" },
	{ 0x1305, "AES_128_CCM_8_SHA256" },
	{ 0xc007, "ECDHE_ECDSA_WITH_RC4_128_SHA" },
	{ 0xc009, "ECDHE_ECDSA_WITH_AES_128_CBC_SHA" },
	{ 0xc00a, "ECDHE_ECDSA_WITH_AES_256_CBC_SHA" },
	{ 0xc011, "ECDHE_RSA_WITH_RC4_128_SHA" },
	{ 0xc012, "ECDHE_RSA_WITH_3DES_EDE_CBC_SHA" },
	{ 0xc013, "ECDHE_RSA_WITH_AES_128_CBC_SHA" },
	{ 0xc014, "ECDHE_RSA_WITH_AES_256_CBC_SHA" },
	{ 0xc018, "ECDH_anon_WITH_AES_128_CBC_SHA" },
	{ 0xc019, "ECDH_anon_WITH_AES_256_CBC_SHA" },
	{ 0xc023, "ECDHE_ECDSA_WITH_AES_128_CBC_SHA256" },
	{ 0xc024, "ECDHE_ECDSA_WITH_AES_256_CBC_SHA384" },
	{ 0xc027, "ECDHE_RSA_WITH_AES_128_CBC_SHA256" },
	{ 0xc028, "ECDHE_RSA_WITH_AES_256_CBC_SHA384" },
	{ 0xc02b, "ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" },
	{ 0xc02c, "ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" },
	{ 0xc02f, "ECDHE_RSA_WITH_AES_128_GCM_SHA256" },
	{ 0xc030, "ECDHE_RSA_WITH_AES_256_GCM_SHA384" },
	{ 0xc035, "ECDHE_PSK_WITH_AES_128_CBC_SHA" },
	{ 0xc036, "ECDHE_PSK_WITH_AES_256_CBC_SHA" },
	{ 0xc037, "ECDHE_PSK_WITH_AES_128_CBC_SHA256" },
	{ 0xc09c, "RSA_WITH_AES_128_CCM" },
	{ 0xc09d, "RSA_WITH_AES_256_CCM" },
	{ 0xc09e, "DHE_RSA_WITH_AES_128_CCM" },
	{ 0xc09f, "DHE_RSA_WITH_AES_256_CCM" },
	{ 0xc0a8, "PSK_WITH_AES_128_CCM_8" },
	{ 0xc0ac, "ECDHE_ECDSA_WITH_AES_128_CCM" },
	{ 0xc0ad, "ECDHE_ECDSA_WITH_AES_256_CCM" },
	{ 0xc0ae, "ECDHE_ECDSA_WITH_AES_128_CCM_8" },
	{ 0xc0af, "ECDHE_ECDSA_WITH_AES_256_CCM_8" },
	{ 0xcca8, "ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256" },
	{ 0xcca9, "ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256" },
	{ 0xccaa, "DHE_RSA_WITH_CHACHA20_POLY1305_SHA256" },
	{ 0xccab, "PSK_WITH_CHACHA20_POLY1305_SHA256" },
	{ 0xccac, "ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256" },
};

/* IANA "TLS Supported Groups", and the names its drafts gave to those that were tried in public. */
static const struct name_row groups[] = {
	{ 0x0017, "secp256r1" },
	{ 0x0018, "secp384r1" },
	{ 0x0019, "secp521r1" },
	{ 0x001d, "x25519" },
	{ 0x001e, "x448" },
	{ 0x001f, "brainpoolP256r1tls13" },
	{ 0x0020, "brainpoolP384r1tls13" },
	{ 0x0021, "brainpoolP512r1tls13" },
	{ 0x0029, "curveSM2" },
	{ 0x0100, "ffdhe2048" },
	{ 0x0101, "ffdhe3072" },
	{ 0x0102, "ffdhe4096" },
	{ 0x0103, "ffdhe6144" },
	{ 0x0104, "ffdhe8192" },
	{ 0x0200, "MLKEM512", true },
	{ 0x0201, "MLKEM768", true },
	{ 0x0202, "MLKEM1024", true },
	{ 0x11eb, "SecP256r1MLKEM768", true },
	{ 0x11ec, "X25519MLKEM768", true },
	{ 0x11ed, "SecP384r1MLKEM1024", true },
	{ 0x11ee, "curveSM2MLKEM768", true },
	{ 0x4138, "CECPQ2", true },
	{ 0x6399, "X25519Kyber768Draft00", true },
	{ 0x639a, "SecP256r1Kyber768Draft00", true },
	{ 0xfe30, "X25519Kyber512Draft00", true },
	{ 0xfe31, "X25519Kyber768Draft00Old", true },
};

static const struct name_row versions[] = {
	{ 0x0300, "ssl3.0" }, { 0x0301, "1.0" }, { 0x0302, "1.1" }, { 0x0303, "1.2" },
	{ 0x0304, "1.3" },    { 0xfeff, "1.0" }, { 0xfefd, "1.2" }, { 0xfefc, "1.3" },
};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct name_row *find(const struct name_row *rows, size_t count, uint16_t value)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].value == value)
			return &rows[i];
	return NULL;
}

static void write_name(const struct name_row *row, uint16_t value, const char *prefix, char *ret)
{
	struct writer writer = writer_of(ret, TLS_NAME_BYTES_MAX);

	writer_string(&writer, row ? prefix : "0x");
	if (row)
		writer_string(&writer, row->name);
	else
		writer_hex(&writer, value, 2);
	writer_char(&writer, '\0');
}

void tls_cipher_name(uint16_t cipher, char ret_name[TLS_NAME_BYTES_MAX])
{
	write_name(find(ciphers, COUNT(ciphers), cipher), cipher, "TLS_", ret_name);
}

void tls_group_name(uint16_t group, char ret_name[TLS_NAME_BYTES_MAX])
{
	write_name(find(groups, COUNT(groups), group), group, "", ret_name);
}

void tls_version_name(uint16_t version, char ret_name[TLS_NAME_BYTES_MAX])
{
	write_name(find(versions, COUNT(versions), version), version, "", ret_name);
}

bool tls_group_is_post_quantum(uint16_t group)
{
	const struct name_row *row = find(groups, COUNT(groups), group);

	return row && row->is_post_quantum;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/ja4.h"

#include <stdlib.h>

#define HASH_DIGITS 12
#define COUNT_MAX 99

static const char *version_name(uint16_t version)
{
	static const struct {
		uint16_t version;
		const char *name;
	} rows[] = {
		{ 0x0304, "13" }, { 0x0303, "12" }, { 0x0302, "11" },
		{ 0x0301, "10" }, { 0x0300, "s3" }, { 0x0002, "s2" },
		{ 0xfeff, "d1" }, { 0xfefd, "d2" }, { 0xfefc, "d3" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].version == version)
			return rows[i].name;
	return "00";
}

static bool is_alphanumeric(uint8_t byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= 'a' && byte <= 'z');
}

/* First and last character of the first ALPN value; of its hexadecimal form unless both are
 * alphanumeric. */
static void write_protocol(struct writer *writer, struct cursor protocols)
{
	struct cursor name = cursor_block(&protocols, 1);
	size_t length = name.left;
	uint8_t first, last;

	if (length == 0) {
		writer_string(writer, "00");
		return;
	}
	first = cursor_u8(&name);
	last = first;
	if (length > 1) {
		cursor_take(&name, length - 2);
		last = cursor_u8(&name);
	}
	if (is_alphanumeric(first) && is_alphanumeric(last)) {
		writer_char(writer, (char)first);
		writer_char(writer, (char)last);
	} else {
		writer_char(writer, writer_hex_digit(first >> 4));
		writer_char(writer, writer_hex_digit(last));
	}
}

static void write_count(struct writer *writer, size_t count)
{
	size_t shown = count < COUNT_MAX ? count : COUNT_MAX;

	writer_char(writer, (char)('0' + shown / 10));
	writer_char(writer, (char)('0' + shown % 10));
}

static int by_value(const void *a, const void *b)
{
	return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

static void write_sorted(struct writer *writer, uint16_t *values, size_t count)
{
	qsort(values, count, sizeof(*values), by_value);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			writer_char(writer, ',');
		writer_hex(writer, values[i], 2);
	}
}

static size_t take_ciphers(struct cursor ciphers, uint16_t *ret_values)
{
	size_t count = 0;

	while (ciphers.left > 0 && count < TLS_CIPHERS_MAX) {
		ret_values[count] = cursor_u16(&ciphers);
		count += !tls_is_grease(ret_values[count]);
	}
	return count;
}

/* Those of part c; *ret_all counts those of part a: server_name and ALPN too. */
static size_t take_extensions(const struct tls_extensions *extensions, uint16_t *ret_values,
			      size_t *ret_all)
{
	size_t count = 0;

	*ret_all = 0;
	for (size_t i = 0; i < extensions->count; i++) {
		uint16_t type = extensions->at[i].type;

		*ret_all += !tls_is_grease(type);
		if (!tls_is_grease(type) && type != TLS_SERVER_NAME && type != TLS_ALPN)
			ret_values[count++] = type;
	}
	return count;
}

/* "_" and the algorithms in the order of the wire; nothing at all when there is none. */
static void write_signature_algorithms(struct writer *writer, struct cursor algorithms)
{
	char before = '_';

	while (algorithms.left > 0) {
		uint16_t algorithm = cursor_u16(&algorithms);

		if (tls_is_grease(algorithm))
			continue;
		writer_char(writer, before);
		writer_hex(writer, algorithm, 2);
		before = ',';
	}
}

void ja4_raw_write(const struct tls_client_hello *hello, char transport, struct writer *writer,
		   struct ja4_parts *ret_parts)
{
	uint16_t ciphers[TLS_CIPHERS_MAX], extensions[TLS_EXTENSIONS_MAX];
	size_t extensions_all;
	size_t cipher_count = take_ciphers(hello->ciphers, ciphers);
	size_t extension_count = take_extensions(&hello->extensions, extensions, &extensions_all);

	writer_char(writer, transport);
	writer_string(writer, version_name(tls_version_offered(hello)));
	writer_char(writer, tls_extensions_have(&hello->extensions, TLS_SERVER_NAME) ? 'd' : 'i');
	write_count(writer, cipher_count);
	write_count(writer, extensions_all);
	write_protocol(writer, hello->protocols);
	ret_parts->first_length = writer->length;
	writer_char(writer, '_');
	ret_parts->ciphers_at = writer->length;
	write_sorted(writer, ciphers, cipher_count);
	ret_parts->ciphers_length = writer->length - ret_parts->ciphers_at;
	writer_char(writer, '_');
	ret_parts->extensions_at = writer->length;
	write_sorted(writer, extensions, extension_count);
	write_signature_algorithms(writer, hello->signature_algorithms);
	ret_parts->extensions_length = writer->length - ret_parts->extensions_at;
}

/* An empty list has no hash but zeroes. */
static bool write_hash(struct digester *digester, struct writer *writer, struct text list)
{
	char hex[DIGEST_HEX_MAX + 1] = "000000000000";

	if (list.length > 0 && !digest_hex(digester, DIGEST_SHA256, list.at, list.length, hex))
		return false;
	writer_char(writer, '_');
	writer_text(writer, (struct text){ hex, HASH_DIGITS });
	return true;
}

bool ja4_hash(struct digester *digester, struct text raw, const struct ja4_parts *parts,
	      char ret_ja4[JA4_BYTES + 1])
{
	struct writer writer = writer_of(ret_ja4, JA4_BYTES + 1);
	struct text ciphers = { raw.at + parts->ciphers_at, parts->ciphers_length };
	struct text extensions = { raw.at + parts->extensions_at, parts->extensions_length };

	writer_text(&writer, (struct text){ raw.at, parts->first_length });
	if (!write_hash(digester, &writer, ciphers) || !write_hash(digester, &writer, extensions))
		return false;
	writer_char(&writer, '\0');
	return !writer.failed;
}

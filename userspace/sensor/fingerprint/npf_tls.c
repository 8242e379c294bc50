/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/npf_tls.h"

#include "sensor/fingerprint/quic_varint.h"

#include <stdlib.h>

#define GREASE 0x0a0a
#define PARAMETERS_MAX 256

/* Whose values tell clients apart: TLS_EXT_FIXED. */
static bool is_fixed(uint16_t type)
{
	static const uint16_t fixed[] = {
		0x0001, 0x0005, 0x0007, 0x0008, 0x0009, 0x000a, 0x000b, 0x000d, 0x000f,
		0x0010, 0x0011, 0x0018, 0x001b, 0x001c, 0x002b, 0x002d, 0x0032, 0x5500,
	};

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (fixed[i] == type)
			return true;
	return false;
}

static uint16_t degrease(uint16_t value)
{
	return tls_is_grease(value) ? GREASE : value;
}

static void write_degreased(struct writer *writer, struct cursor values)
{
	while (values.left > 0)
		writer_hex(writer, degrease(cursor_u16(&values)), 2);
}

/* Values of two lists are normalised, all others stay as they are. */
static void write_value(struct writer *writer, const struct tls_extension *extension)
{
	size_t length_bytes = extension->type == TLS_SUPPORTED_GROUPS ? 2 : 1;
	struct cursor body = extension->body;

	if (extension->type == TLS_SUPPORTED_GROUPS || extension->type == TLS_SUPPORTED_VERSIONS) {
		struct cursor list = cursor_block(&body, length_bytes);

		writer_hex(writer, (uint32_t)list.left, length_bytes);
		write_degreased(writer, list);
	}
	writer_hex_bytes(writer, body);
}

static int by_bytes(const void *a, const void *b)
{
	return cursor_compare(*(const struct cursor *)a, *(const struct cursor *)b);
}

/* Reserved ids, 31 * n + 27 (RFC 9000 18.1), become 1b. */
static struct cursor normalised_id(struct cursor *parameters)
{
	static const uint8_t reserved = 0x1b;
	struct cursor before = *parameters;
	uint64_t value = quic_varint(parameters);

	if (value % 31 == 27)
		return cursor_of(&reserved, sizeof(reserved));
	return cursor_take(&before, before.left - parameters->left);
}

/* Each { varint id; varint length; value }, RFC 9000 18: the ids as sent, sorted. */
static void write_parameter_ids(struct writer *writer, struct cursor parameters)
{
	struct cursor ids[PARAMETERS_MAX];
	size_t count = 0;

	while (parameters.left > 0 && count < PARAMETERS_MAX) {
		ids[count++] = normalised_id(&parameters);
		cursor_take(&parameters, (size_t)quic_varint(&parameters));
	}
	writer->failed = writer->failed || !cursor_done(&parameters);
	if (writer->failed)
		return;
	qsort(ids, count, sizeof(ids[0]), by_bytes);
	writer_char(writer, '[');
	for (size_t i = 0; i < count; i++) {
		writer_char(writer, '(');
		writer_hex_bytes(writer, ids[i]);
		writer_char(writer, ')');
	}
	writer_char(writer, ']');
}

static void write_extension(struct writer *writer, const struct tls_extension *extension)
{
	uint16_t type = extension->type;
	bool has_parameters = type == TLS_QUIC_PARAMETERS || type == TLS_QUIC_PARAMETERS_DRAFT;

	writer_string(writer, has_parameters ? "((" : "(");
	writer_hex(writer, degrease(type), 2);
	if (is_fixed(type)) {
		writer_hex(writer, (uint32_t)extension->body.left, 2);
		write_value(writer, extension);
	}
	writer_char(writer, ')');
	if (has_parameters) {
		write_parameter_ids(writer, extension->body);
		writer_char(writer, ')');
	}
}

/* By type, then length, then bytes; where only the type is shown nothing else counts. */
static int by_extension(const void *left, const void *right)
{
	const struct tls_extension *a = *(const struct tls_extension *const *)left;
	const struct tls_extension *b = *(const struct tls_extension *const *)right;
	int order = (int)degrease(a->type) - (int)degrease(b->type);

	if (order != 0 || !is_fixed(a->type))
		return order;
	if (a->body.left != b->body.left)
		return a->body.left < b->body.left ? -1 : 1;
	return cursor_compare(a->body, b->body);
}

void npf_tls_write(const struct tls_client_hello *hello, enum npf_order order,
		   struct writer *writer)
{
	const struct tls_extension *extensions[TLS_EXTENSIONS_MAX];
	size_t count = hello->extensions.count;

	writer_char(writer, '(');
	writer_hex(writer, hello->version, 2);
	writer_string(writer, ")(");
	write_degreased(writer, hello->ciphers);
	writer_string(writer, order == NPF_SORTED ? ")[" : ")(");
	for (size_t i = 0; i < count; i++)
		extensions[i] = &hello->extensions.at[i];
	if (order == NPF_SORTED)
		qsort(extensions, count, sizeof(extensions[0]), by_extension);
	for (size_t i = 0; i < count; i++)
		write_extension(writer, extensions[i]);
	writer_char(writer, order == NPF_SORTED ? ']' : ')');
}

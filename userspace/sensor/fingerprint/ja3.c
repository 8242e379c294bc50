/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/ja3.h"

static void write_item(struct writer *writer, uint16_t value, bool *is_first)
{
	if (!*is_first)
		writer_char(writer, '-');
	*is_first = false;
	writer_decimal(writer, value);
}

static void write_list(struct writer *writer, struct cursor list, size_t item_bytes)
{
	bool is_first = true;

	while (list.left > 0) {
		uint16_t value = (uint16_t)cursor_be(&list, item_bytes);

		if (item_bytes == 1 || !tls_is_grease(value))
			write_item(writer, value, &is_first);
	}
}

static void write_extensions(struct writer *writer, const struct tls_extensions *extensions,
			     bool with_grease)
{
	bool is_first = true;

	for (size_t i = 0; i < extensions->count; i++)
		if (with_grease || !tls_is_grease(extensions->at[i].type))
			write_item(writer, extensions->at[i].type, &is_first);
}

void ja3_write(const struct tls_client_hello *hello, struct writer *writer)
{
	writer_decimal(writer, hello->version);
	writer_char(writer, ',');
	write_list(writer, hello->ciphers, 2);
	writer_char(writer, ',');
	write_extensions(writer, &hello->extensions, false);
	writer_char(writer, ',');
	write_list(writer, hello->groups, 2);
	writer_char(writer, ',');
	write_list(writer, hello->point_formats, 1);
}

/* Servers must not send GREASE values: one that does is told apart by it. */
void ja3s_write(const struct tls_server_hello *hello, struct writer *writer)
{
	writer_decimal(writer, hello->version);
	writer_char(writer, ',');
	writer_decimal(writer, hello->cipher);
	writer_char(writer, ',');
	write_extensions(writer, &hello->extensions, true);
}

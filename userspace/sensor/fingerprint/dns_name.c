/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/dns_text.h"

#define NAME_BYTES_MAX 255 /* RFC 1035 2.3.4 */
#define POINTER 0xc0

static void write_escape(struct writer *writer, uint8_t byte)
{
	writer_char(writer, '\\');
	writer_char(writer, (char)('0' + byte / 100));
	writer_char(writer, (char)('0' + byte / 10 % 10));
	writer_char(writer, (char)('0' + byte % 10));
}

void dns_write_escaped(struct writer *writer, struct cursor bytes, const char *special)
{
	while (bytes.left > 0) {
		uint8_t byte = cursor_u8(&bytes);

		if (byte <= ' ' || byte > '~') {
			write_escape(writer, byte);
			continue;
		}
		if (strchr(special, byte))
			writer_char(writer, '\\');
		writer_char(writer, (char)byte);
	}
}

static struct cursor from(struct cursor message, size_t offset)
{
	cursor_take(&message, offset);
	return message;
}

/* A name's labels, wherever they lie. */
struct walk {
	struct cursor message;
	struct cursor at;
	size_t limit; /* the next pointer leads before here, so that there is an end */
	size_t bytes; /* of the name when it is not compressed */
	bool has_jumped;
};

/* Follows pointers to the next label, of which the length is taken; 0 ends the name. */
static enum parse_status next_label(struct walk *walk, struct cursor *name_at, uint8_t *ret_length)
{
	uint8_t length = cursor_u8(&walk->at);

	while ((length & POINTER) == POINTER) {
		size_t target = (size_t)(length & ~POINTER) << 8 | cursor_u8(&walk->at);

		if (!cursor_ok(&walk->at))
			return PARSE_NEED_MORE;
		if (target >= walk->limit || target < DNS_HEADER_BYTES)
			return PARSE_MALFORMED;
		if (!walk->has_jumped)
			*name_at = walk->at;
		walk->has_jumped = true;
		walk->limit = target;
		walk->at = from(walk->message, target);
		length = cursor_u8(&walk->at);
	}
	walk->bytes += 1u + length;
	if ((length & POINTER) != 0 || walk->bytes > NAME_BYTES_MAX)
		return PARSE_MALFORMED;
	*ret_length = length;
	return cursor_ok(&walk->at) ? PARSE_OK : PARSE_NEED_MORE;
}

enum parse_status dns_name_read(struct cursor message, struct cursor *at, struct writer *writer)
{
	struct walk walk = { .message = message, .at = *at, .limit = message.left - at->left };
	bool is_first = true;
	uint8_t length = 0;

	for (;;) {
		enum parse_status status = next_label(&walk, at, &length);
		struct cursor label;

		if (status != PARSE_OK || length == 0) {
			if (status == PARSE_OK && !walk.has_jumped)
				*at = walk.at;
			if (status == PARSE_OK && is_first)
				writer_char(writer, '.');
			return status;
		}
		label = cursor_take(&walk.at, length);
		if (!cursor_ok(&label))
			return PARSE_NEED_MORE;
		if (!is_first)
			writer_char(writer, '.');
		dns_write_escaped(writer, label, ".\\");
		is_first = false;
	}
}

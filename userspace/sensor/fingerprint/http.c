/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shape of an HTTP/1 request: NPF "http/". Names of headers in their order, and the values of
 * seven that say nothing of a person; never the target, a cookie or a credential. RFC 9112 2-5
 */
#include "sensor/fingerprint/parser_table.h"
#include "sensor/fingerprint/writer.h"

#include <stdlib.h>
#include <strings.h>

#define HTTP_BYTES_MAX (16u * 1024)
#define METHOD_BYTES_MAX 32
#define USUAL_BYTES_MAX 4096

#define NAME(name)                                                                                 \
	{                                                                                          \
		name, sizeof(name) - 1                                                             \
	}
static const struct text names_with_value[] = {
	NAME("accept"), NAME("accept-encoding"),	   NAME("connection"),	     NAME("dnt"),
	NAME("dpr"),	NAME("upgrade-insecure-requests"), NAME("x-requested-with"), { 0 }
};
static const struct text names_only[] = { NAME("accept-charset"),
					  NAME("accept-language"),
					  NAME("authorization"),
					  NAME("cache-control"),
					  NAME("host"),
					  NAME("if-modified-since"),
					  NAME("keep-alive"),
					  NAME("user-agent"),
					  NAME("x-flash-version"),
					  NAME("x-p2p-peerdist"),
					  { 0 } };
#undef NAME

static bool is_one_of(struct cursor name, const struct text *set)
{
	for (; set->at; set++)
		if (set->length == name.left &&
		    strncasecmp(set->at, (const char *)name.at, name.left) == 0)
			return true;
	return false;
}

/* RFC 9110 5.6.2 */
static bool is_token_char(uint8_t byte)
{
	uint8_t lower = byte | 0x20;

	if ((lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9') || byte == '-')
		return true;
	return byte != 0 && strchr("!#$%&'*+.^_`|~", byte);
}

static bool is_token(struct cursor bytes)
{
	if (!cursor_ok(&bytes) || bytes.left == 0)
		return false;
	for (size_t i = 0; i < bytes.left; i++)
		if (!is_token_char(bytes.at[i]))
			return false;
	return true;
}

static bool is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t';
}

static struct cursor trimmed(struct cursor value)
{
	while (value.left > 0 && is_blank(value.at[0]))
		cursor_take(&value, 1);
	while (value.left > 0 && is_blank(value.at[value.left - 1]))
		value.left--;
	return value;
}

/* Ends with LF; the CR before it may be missing (RFC 9112 2.2). */
static struct cursor take_line(struct cursor *c)
{
	struct cursor line = cursor_until(c, '\n');

	if (line.left > 0 && line.at[line.left - 1] == '\r')
		line.left--;
	return line;
}

static struct cursor last_word(struct cursor line)
{
	struct cursor rest = line;

	while (cursor_ok(&rest)) {
		line = rest;
		cursor_until(&rest, ' ');
	}
	return line;
}

static void write_string(struct writer *writer, struct cursor bytes)
{
	writer_char(writer, '(');
	writer_hex_bytes(writer, bytes);
	writer_char(writer, ')');
}

/* method SP request-target SP HTTP-version, of which 2 and later look otherwise */
static bool write_request_line(struct writer *writer, struct cursor line)
{
	struct cursor method = cursor_until(&line, ' ');
	struct cursor version = last_word(line);
	struct cursor c = version;
	struct cursor name = cursor_until(&c, '/');
	uint8_t major = cursor_u8(&c);
	uint8_t dot = cursor_u8(&c);
	uint8_t minor = cursor_u8(&c);

	if (!is_token(method) || method.left > METHOD_BYTES_MAX || version.left == line.left ||
	    !cursor_done(&c))
		return false;
	if (name.left != 4 || memcmp(name.at, "HTTP", name.left) != 0 || major < '0' ||
	    major > '1' || dot != '.' || minor < '0' || minor > '9')
		return false;
	write_string(writer, method);
	write_string(writer, version);
	return true;
}

/* field-name ":" OWS field-value OWS. A line that goes on with the one before (obs-fold) is none:
 * servers refuse it, and nobody can say whose value it is. */
static bool write_header(struct writer *writer, struct cursor line)
{
	struct cursor name = cursor_until(&line, ':');
	struct cursor value = trimmed(line);

	if (!is_token(name))
		return false;
	if (is_one_of(name, names_only))
		write_string(writer, name);
	if (!is_one_of(name, names_with_value))
		return true;
	writer_char(writer, '(');
	writer_hex_bytes(writer, name);
	writer_hex(writer, ':' << 8 | ' ', 2);
	writer_hex_bytes(writer, value);
	writer_char(writer, ')');
	return true;
}

static enum parse_status write_headers(struct writer *writer, struct cursor *c)
{
	struct cursor line = take_line(c);

	for (; cursor_ok(c) && line.left > 0; line = take_line(c))
		if (!write_header(writer, line))
			return PARSE_MALFORMED;
	return cursor_ok(c) ? PARSE_OK : PARSE_NEED_MORE;
}

static enum parse_status write_request(struct writer *writer, struct cursor c)
{
	struct cursor line = take_line(&c);
	enum parse_status status;

	if (!cursor_ok(&c))
		return PARSE_NEED_MORE;
	writer_string(writer, "http/");
	if (!write_request_line(writer, line))
		return PARSE_MALFORMED;
	writer_char(writer, '(');
	status = write_headers(writer, &c);
	writer_char(writer, ')');
	return status;
}

static enum parse_status parse(struct fingerprint_session *session,
			       const struct fingerprint_message *message, struct marks *marks)
{
	size_t room = 4 * message->bytes.left + 64; /* two digits a byte, two brackets a header */
	char usual[USUAL_BYTES_MAX];
	char *place = room <= sizeof(usual) ? usual : malloc(room);
	struct writer writer = writer_of(place, room);
	enum parse_status status;

	(void)session;
	if (!place)
		return PARSE_NEED_MORE;
	status = write_request(&writer, message->bytes);
	if (status == PARSE_OK && !writer.failed)
		marks_add(marks, MARK_NPF, writer_done(&writer));
	explicit_bzero(place, writer.length);
	if (place != usual)
		free(place);
	return status;
}

const struct fingerprint_parser fingerprint_http = {
	.name = "http",
	.protocol = FINGERPRINT_HTTP,
	.bytes_max = HTTP_BYTES_MAX,
	.parse = parse,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/ndjson.h"

#include "telemetry/utf8.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_FIRST 1024
#define NUMBER_DIGITS_MAX 20

static void grow(struct ndjson *json, size_t size)
{
	size_t capacity = json->capacity ? json->capacity : CAPACITY_FIRST;
	char *grown;

	while (size > capacity - json->length)
		capacity *= 2;
	grown = realloc(json->at, capacity);
	json->failed = !grown;
	if (!grown)
		return;
	json->at = grown;
	json->capacity = capacity;
}

static void append(struct ndjson *json, const char *bytes, size_t length)
{
	if (!json->failed && length > json->capacity - json->length)
		grow(json, length);
	if (json->failed)
		return;
	memcpy(json->at + json->length, bytes, length);
	json->length += length;
}

static void append_byte(struct ndjson *json, char byte)
{
	append(json, &byte, 1);
}

/* RFC 8259 7: beyond the first plane as two surrogates. */
static void append_unit(struct ndjson *json, uint32_t unit)
{
	static const char digits[] = "0123456789abcdef";
	const char escape[] = { '\\',
				'u',
				digits[unit >> 12 & 15],
				digits[unit >> 8 & 15],
				digits[unit >> 4 & 15],
				digits[unit & 15] };

	append(json, escape, sizeof(escape));
}

static void append_escaped(struct ndjson *json, uint32_t codepoint)
{
	if (codepoint > 0xffff) {
		append_unit(json, 0xd800 + ((codepoint - 0x10000) >> 10));
		append_unit(json, 0xdc00 + ((codepoint - 0x10000) & 0x3ff));
	} else {
		append_unit(json, codepoint);
	}
}

static void append_character(struct ndjson *json, struct text *rest)
{
	struct utf8_character c = utf8_take(rest);

	if (!c.is_valid || c.codepoint == 0) {
		append(json, UTF8_REPLACEMENT, strlen(UTF8_REPLACEMENT));
	} else if (!utf8_is_printable(&c)) {
		append_escaped(json, c.codepoint);
	} else {
		if (c.codepoint == '"' || c.codepoint == '\\')
			append_byte(json, '\\');
		append(json, c.at, c.length);
	}
}

/* Most texts are plain ASCII from end to end: that much is copied at once. */
static size_t plain_length(struct text text)
{
	size_t length = 0;

	while (length < text.length && text.at[length] >= 0x20 && text.at[length] < 0x7f &&
	       text.at[length] != '"' && text.at[length] != '\\')
		length++;
	return length;
}

static void append_quoted(struct ndjson *json, struct text text)
{
	append_byte(json, '"');
	while (text.length > 0 && !json->failed) {
		size_t plain = plain_length(text);

		append(json, text.at, plain);
		text.at += plain;
		text.length -= plain;
		if (text.length > 0)
			append_character(json, &text);
	}
	append_byte(json, '"');
}

static void separate(struct ndjson *json)
{
	if (json->needs_comma)
		append_byte(json, ',');
	json->needs_comma = false;
}

static void append_key(struct ndjson *json, struct text key)
{
	separate(json);
	append_byte(json, '"');
	append(json, key.at, key.length);
	append(json, "\":", 2);
}

/* --- which objects are open --- */

/* How much of both paths is the same, in whole names. */
static size_t shared_length(struct text a, struct text b)
{
	size_t shared = 0;

	for (size_t i = 0;; i++) {
		bool a_ends = i == a.length || a.at[i] == '.';
		bool b_ends = i == b.length || b.at[i] == '.';

		if (a_ends && b_ends)
			shared = i;
		if (i == a.length || i == b.length || a.at[i] != b.at[i])
			return shared;
	}
}

static struct text skip(struct text path, size_t length)
{
	size_t dot = length > 0 && length < path.length;

	return (struct text){ path.at + length + dot, path.length - length - dot };
}

static void close_objects(struct ndjson *json, struct text path)
{
	if (path.length > 0)
		append_byte(json, '}');
	for (size_t i = 0; i < path.length; i++)
		if (path.at[i] == '.')
			append_byte(json, '}');
	json->needs_comma |= path.length > 0;
}

static void open_objects(struct ndjson *json, struct text path)
{
	while (path.length > 0) {
		const char *dot = memchr(path.at, '.', path.length);
		size_t length = dot ? (size_t)(dot - path.at) : path.length;

		append_key(json, (struct text){ path.at, length });
		append_byte(json, '{');
		path = skip(path, length);
	}
}

static void enter(struct ndjson *json)
{
	size_t shared;

	if (json->open.at == json->wanted.at && json->open.length == json->wanted.length)
		return;
	shared = shared_length(json->open, json->wanted);
	close_objects(json, skip(json->open, shared));
	open_objects(json, skip(json->wanted, shared));
	json->open = json->wanted;
}

void ndjson_within_text(struct ndjson *json, struct text path)
{
	json->wanted = path;
}

void ndjson_within(struct ndjson *json, const char *path)
{
	ndjson_within_text(json, (struct text){ path, strlen(path) });
}

void ndjson_begin_value(struct ndjson *json)
{
	json->start = json->length;
	json->failed = json->needs_comma = false;
	json->open = (struct text){ "", 0 };
	json->wanted = json->open;
}

void ndjson_begin(struct ndjson *json)
{
	ndjson_begin_value(json);
	append_byte(json, '{');
}

int ndjson_end(struct ndjson *json)
{
	close_objects(json, json->open);
	append(json, "}\n", 2);
	return ndjson_end_value(json);
}

int ndjson_end_value(struct ndjson *json)
{
	if (!json->failed)
		return 0;
	json->length = json->start;
	return -ENOMEM;
}

void ndjson_done(struct ndjson *json)
{
	free(json->at);
	*json = (struct ndjson){ 0 };
}

/* --- keys and values --- */

void ndjson_key(struct ndjson *json, struct text key)
{
	enter(json);
	append_key(json, key);
}

void ndjson_put_plain(struct ndjson *json, struct text plain)
{
	separate(json);
	append(json, plain.at, plain.length);
	json->needs_comma = true;
}

void ndjson_put_text(struct ndjson *json, struct text text)
{
	separate(json);
	append_quoted(json, text);
	json->needs_comma = true;
}

void ndjson_put_number(struct ndjson *json, uint64_t value)
{
	char digits[NUMBER_DIGITS_MAX];
	size_t first = sizeof(digits);

	do {
		digits[--first] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	ndjson_put_plain(json, (struct text){ digits + first, sizeof(digits) - first });
}

void ndjson_put_bool(struct ndjson *json, bool value)
{
	ndjson_put_plain(json, value ? (struct text){ "true", 4 } : (struct text){ "false", 5 });
}

void ndjson_open_array(struct ndjson *json)
{
	separate(json);
	append_byte(json, '[');
}

void ndjson_close_array(struct ndjson *json)
{
	append_byte(json, ']');
	json->needs_comma = true;
}

static void put_name(struct ndjson *json, const char *key)
{
	ndjson_key(json, (struct text){ key, strlen(key) });
}

void ndjson_text(struct ndjson *json, const char *key, struct text text)
{
	if (text.length == 0)
		return;
	put_name(json, key);
	ndjson_put_text(json, text);
}

void ndjson_string(struct ndjson *json, const char *key, const char *string)
{
	ndjson_text(json, key, (struct text){ string, strlen(string) });
}

void ndjson_number(struct ndjson *json, const char *key, uint64_t value)
{
	if (value > INT64_MAX)
		return;
	put_name(json, key);
	ndjson_put_number(json, value);
}

void ndjson_known(struct ndjson *json, const char *key, uint64_t value)
{
	if (value != 0)
		ndjson_number(json, key, value);
}

void ndjson_id(struct ndjson *json, const char *key, uint32_t id)
{
	if (id != UINT32_MAX)
		ndjson_number(json, key, id);
}

void ndjson_flag(struct ndjson *json, const char *key, bool value)
{
	if (!value)
		return;
	put_name(json, key);
	ndjson_put_bool(json, true);
}

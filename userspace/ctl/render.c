/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/render.h"

#include "common/cleanup.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define INDENT 2
#define DEPTH_MAX 32 /* deeper is not for people; jansson itself stops at 2048 */

/* --- text --- */

/* One code point of valid UTF-8 and its length in bytes. */
static uint32_t code_point(const char *text, size_t *ret_length)
{
	const unsigned char *byte = (const unsigned char *)text;
	size_t length = byte[0] < 0x80 ? 1 : byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 : 4;
	uint32_t value = length == 1 ? byte[0] : byte[0] & (0x7fu >> length);
	size_t i = 1;

	for (; i < length && (byte[i] & 0xc0) == 0x80; i++)
		value = value << 6 | (byte[i] & 0x3f);
	*ret_length = i;
	return value;
}

/* C0, DEL and C1 steer terminals; the others reorder, join or hide what is written. */
static bool must_escape(uint32_t point)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x00, 0x1f },	    { 0x7f, 0x9f },	{ 0x61c, 0x61c },   { 0x200b, 0x200f },
		{ 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb },
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
		if (point >= ranges[i].first && point <= ranges[i].last)
			return true;
	return false;
}

size_t render_text(FILE *to, const char *text)
{
	size_t columns = 0;
	size_t length;

	for (; *text; text += length) {
		uint32_t point = code_point(text, &length);
		char escape[16];

		if (!must_escape(point)) {
			if (to)
				fwrite(text, 1, length, to);
			columns++;
			continue;
		}
		snprintf(escape, sizeof(escape), point < 0x100 ? "\\x%02x" : "\\u%04x", point);
		if (to)
			fputs(escape, to);
		columns += strlen(escape);
	}
	return columns;
}

static void pad(FILE *to, size_t columns)
{
	for (; columns > 0; columns--)
		fputc(' ', to);
}

static size_t at_least(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* --- values --- */

static bool is_scalar(const json_t *value)
{
	return !json_is_object(value) && !json_is_array(value);
}

/* A value on one line; the number of columns it takes. `to` NULL: counts only. */
static size_t write_inline(FILE *to, const json_t *value)
{
	_cleanup_free_ char *text = NULL;

	if (!value || json_is_null(value))
		return render_text(to, "-");
	if (json_is_string(value))
		return render_text(to, *json_string_value(value) ? json_string_value(value) : "-");
	if (json_is_boolean(value))
		return render_text(to, json_is_true(value) ? "yes" : "no");
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
	return render_text(to, text ? text : "?");
}

/* Every element an object: then it is a table. */
static bool is_table(const json_t *array)
{
	size_t i;
	json_t *row;

	json_array_foreach((json_t *)(uintptr_t)array, i,
			   row) if (!json_is_object(row)) return false;
	return json_array_size(array) > 0;
}

static void write_list(FILE *to, const json_t *array)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		fputs(i > 0 ? ", " : "", to);
		write_inline(to, json_array_get(array, i));
	}
	fputs(json_array_size(array) > 0 ? "\n" : "none\n", to);
}

/* --- tables --- */

/* The keys of the first row are the columns: rows of one array are alike. */
static size_t column_width(const json_t *array, const char *key)
{
	size_t width = render_text(NULL, key);

	for (size_t i = 0; i < json_array_size(array); i++)
		width = at_least(
			width, write_inline(NULL, json_object_get(json_array_get(array, i), key)));
	return width;
}

/* `row` NULL: the headings. */
static void write_table_line(FILE *to, const json_t *array, const json_t *row, size_t indent)
{
	void *columns = (void *)(uintptr_t)json_array_get(array, 0);
	size_t gap = indent;
	const char *key;
	json_t *ignored;

	json_object_foreach(columns, key, ignored)
	{
		size_t width = column_width(array, key);
		size_t written;

		(void)ignored;
		pad(to, gap);
		written = row ? write_inline(to, json_object_get(row, key)) : render_text(to, key);
		gap = width - written + INDENT;
	}
	fputc('\n', to);
}

static void write_table(FILE *to, const json_t *array, size_t indent)
{
	write_table_line(to, array, NULL, indent);
	for (size_t i = 0; i < json_array_size(array); i++)
		write_table_line(to, array, json_array_get(array, i), indent);
}

/* --- objects --- */

static void write_object(FILE *to, json_t *object, size_t depth);

static void write_member(FILE *to, json_t *value, size_t key_gap, size_t depth)
{
	if (is_scalar(value) || depth >= DEPTH_MAX) {
		pad(to, key_gap);
		write_inline(to, value);
		fputc('\n', to);
	} else if (json_is_object(value)) {
		fputc('\n', to);
		write_object(to, value, depth + 1);
	} else if (is_table(value)) {
		fputc('\n', to);
		write_table(to, value, (depth + 1) * INDENT);
	} else {
		pad(to, key_gap);
		write_list(to, value);
	}
}

static void write_object(FILE *to, json_t *object, size_t depth)
{
	size_t width = 0;
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) width = at_least(width, render_text(NULL, key));
	json_object_foreach(object, key, value)
	{
		pad(to, depth * INDENT);
		write_member(to, value, width - render_text(to, key) + INDENT, depth);
	}
}

int render_row(FILE *to, const char *json)
{
	json_t *row = json_loads(json, JSON_REJECT_DUPLICATES, NULL);

	if (!json_is_object(row)) {
		json_decref(row);
		return -EBADMSG;
	}
	write_object(to, row, 0);
	json_decref(row);
	return 0;
}

void render_rows(FILE *to, const struct json_t *array)
{
	if (is_table(array))
		write_table(to, array, 0);
	else
		fputs("none\n", to);
}

void render_commands(FILE *to, const Yagura__Control__Welcome *welcome)
{
	size_t width = 0;

	for (size_t i = 0; i < welcome->n_commands; i++)
		width = at_least(width, render_text(NULL, welcome->commands[i]->name));
	for (size_t i = 0; i < welcome->n_commands; i++) {
		const Yagura__Control__Command *command = welcome->commands[i];

		pad(to, width - render_text(to, command->name) + INDENT);
		render_text(to, command->help);
		fputs(" (", to);
		render_text(to, command->role);
		fputs(")\n", to);
		for (size_t j = 0; j < command->n_arguments; j++) {
			pad(to, width + 2 * INDENT);
			render_text(to, command->arguments[j]->name);
			fputs("=", to);
			render_text(to, command->arguments[j]->type);
			fputs("  ", to);
			render_text(to, command->arguments[j]->help);
			fputc('\n', to);
		}
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "support/px1_row.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS 12

/* Decodes %XX in place; "%" alone is nothing. The length, or -1. */
static long decode(char *text)
{
	char *to = text;

	if (strcmp(text, "%") == 0)
		return 0;
	for (const char *at = text; *at; at++) {
		char digits[3] = { 0 };

		if (*at != '%') {
			*to++ = *at;
			continue;
		}
		if (!isxdigit((unsigned char)at[1]) || !isxdigit((unsigned char)at[2]))
			return -1;
		memcpy(digits, at + 1, 2);
		*to++ = (char)strtoul(digits, NULL, 16);
		at += 2;
	}
	return to - text;
}

static bool read_args(char *column, struct px1_row *row)
{
	size_t room = strlen(column) + 2;
	char *rest = *column ? column : NULL;
	char *argument;
	size_t used = 0;

	row->args = calloc(1, room);
	while (row->args && (argument = strsep(&rest, " "))) {
		long length = decode(argument);

		if (length < 0)
			return false;
		memcpy(row->args + used, argument, (size_t)length);
		used += (size_t)length + 1;
	}
	if (row->input.args_cut && used > 0)
		used--;
	row->input.args = (struct text){ row->args, used };
	return row->args != NULL;
}

static bool read_ancestors(char *column, struct px1_row *row)
{
	char *rest = *column ? column : NULL;
	char *path;

	while ((path = strsep(&rest, " "))) {
		struct px1_ancestor *ancestor = &row->ancestors[row->input.ancestor_count];
		bool is_known = strcmp(path, "?") != 0;
		long length = decode(path);

		if (length < 0 || row->input.ancestor_count++ == PX1_ROW_ANCESTORS_MAX)
			return false;
		*ancestor = (struct px1_ancestor){ { path, (size_t)length }, is_known };
	}
	row->input.ancestors = row->ancestors;
	return true;
}

static enum px1_answer answer_of(const char *column)
{
	if (column[0] == 'x')
		return PX1_NOT_KNOWN;
	return column[0] == 't' || column[0] == 'c' ? PX1_YES : PX1_NO;
}

static bool read_columns(char *columns[COLUMNS], struct px1_row *row)
{
	long ancestry_length = decode(columns[10]);

	row->name = columns[0];
	row->input.kind = (enum px1_kind)columns[1][0];
	row->input.euid =
		columns[2][0] == 'x' ? UINT32_MAX : (uint32_t)strtoul(columns[2], NULL, 10);
	row->input.terminal = answer_of(columns[3]);
	row->input.container = answer_of(columns[4]);
	if (strcmp(columns[5], "-") != 0)
		row->input.sha256 = (struct text){ columns[5], strlen(columns[5]) };
	row->input.args_cut = columns[7][0] == '1';
	row->shape = strcmp(columns[9], "-") != 0 ? columns[9] : NULL;
	if (ancestry_length != 1 || columns[10][0] != '-')
		row->ancestry = columns[10];
	row->ancestry_length = ancestry_length < 0 ? 0 : (size_t)ancestry_length;
	row->px1 = columns[11];
	return ancestry_length >= 0 && read_args(columns[6], row) &&
	       read_ancestors(columns[8], row);
}

bool px1_row_read(const char *line, struct px1_row *ret_row)
{
	char *columns[COLUMNS];
	char *rest;
	size_t count = 0;

	*ret_row = (struct px1_row){ .line = strdup(line) };
	rest = ret_row->line;
	while (count < COLUMNS && rest)
		columns[count++] = strsep(&rest, "\t");
	return count == COLUMNS && !rest && read_columns(columns, ret_row);
}

void px1_row_free(struct px1_row *row)
{
	free(row->line);
	free(row->args);
}

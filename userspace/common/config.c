/* SPDX-License-Identifier: Apache-2.0 */
#include "common/config.h"

#include "common/cleanup.h"
#include "common/config_value.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#define PATH_SHOWN 200 /* of CONFIG_ERROR_BYTES */
#define NAMES_BYTES 256

/* One file being read. inih as packaged does not tell its handler the line, so the lines are fed to
 * it one by one and counted here. The first error stops the feeding. */
struct reading {
	const struct config_option *table;
	uint8_t *target;
	bool *seen; /* by row of the table */
	const char *path;
	FILE *file;
	unsigned line;
	int result;
	char error[CONFIG_ERROR_BYTES];
};

__attribute__((format(printf, 3, 4))) static int fail(struct reading *reading, int result,
						      const char *format, ...)
{
	int used;
	va_list args;

	if (reading->result < 0)
		return reading->result;
	reading->result = result;
	if (reading->line > 0)
		used = snprintf(reading->error, sizeof(reading->error), "%.*s:%u: ", PATH_SHOWN,
				reading->path, reading->line);
	else
		used = snprintf(reading->error, sizeof(reading->error), "%.*s: ", PATH_SHOWN,
				reading->path);
	va_start(args, format);
	vsnprintf(reading->error + used, sizeof(reading->error) - (size_t)used, format, args);
	va_end(args);
	return result;
}

static int set_option(struct reading *reading, const struct config_option *option, const char *text)
{
	char buffer[CONFIG_WANTED_BYTES];
	const char *wanted = "";
	int r = 0;

	if (option->check && text[0] != '\0' && option->check(text, &wanted) < 0)
		return fail(reading, -EINVAL, "'%s' in [%s] is '%s'; it must be %s", option->name,
			    option->section, text, wanted);
	r = config_value_set(option, reading->target, text);
	if (r == -EINVAL)
		return fail(reading, r, "'%s' in [%s] is '%s'; it must be %s", option->name,
			    option->section, text, config_value_wanted(option, buffer));
	if (r < 0)
		return fail(reading, r, "out of memory");
	return 0;
}

static void add_name(char names[NAMES_BYTES], const char *name)
{
	size_t used = strlen(names);

	snprintf(names + used, NAMES_BYTES - used, "%s%s", used > 0 ? ", " : "", name);
}

static const char *known_keys(const struct config_option *table, const char *section,
			      char ret_names[NAMES_BYTES])
{
	ret_names[0] = '\0';
	for (; table->name; table++) {
		if (strcmp(table->section, section) == 0)
			add_name(ret_names, table->name);
	}
	return ret_names;
}

static bool opens_section(const struct config_option *table, const struct config_option *row)
{
	return row == table || strcmp(row->section, row[-1].section) != 0;
}

static const char *known_sections(const struct config_option *table, char ret_names[NAMES_BYTES])
{
	ret_names[0] = '\0';
	for (const struct config_option *row = table; row->name; row++) {
		if (opens_section(table, row))
			add_name(ret_names, row->section);
	}
	return ret_names;
}

static int fail_unknown(struct reading *reading, const char *section, const char *name)
{
	char names[NAMES_BYTES];

	if (section[0] == '\0')
		return fail(reading, -EINVAL, "'%s' stands before any section; known sections: %s",
			    name, known_sections(reading->table, names));
	if (known_keys(reading->table, section, names)[0] == '\0')
		return fail(reading, -EINVAL, "unknown section [%s]; known sections: %s", section,
			    known_sections(reading->table, names));
	return fail(reading, -EINVAL, "unknown key '%s' in [%s]; known keys: %s", name, section,
		    names);
}

static const struct config_option *find(const struct config_option *table, const char *section,
					const char *name)
{
	for (; table->name; table++) {
		if (strcmp(table->section, section) == 0 && strcmp(table->name, name) == 0)
			return table;
	}
	return NULL;
}

/* inih's handler: 1 goes on, 0 is an error. */
static int take_value(void *context, const char *section, const char *name, const char *value)
{
	struct reading *reading = context;
	const struct config_option *option = find(reading->table, section, name);

	if (!option)
		return fail_unknown(reading, section, name) == 0;
	bool *seen = &reading->seen[option - reading->table];

	if (*seen && option->type != CONFIG_LINES)
		return fail(reading, -EINVAL, "'%s' in [%s] is given twice; keep one of them", name,
			    section) == 0;
	if (!option->fallback && value[0] == '\0')
		return fail(reading, -EINVAL, "'%s' in [%s] is empty and has no default: %s", name,
			    section, option->help) == 0;
	*seen = true;
	return set_option(reading, option, value) == 0;
}

/* inih's reader, like fgets(). Blanks before a line go: inih would take an indented line for more
 * of the value above it. */
static char *next_line(char *ret_line, int size, void *context)
{
	struct reading *reading = context;

	if (reading->result < 0)
		return NULL;
	if (!fgets(ret_line, size, reading->file)) {
		if (ferror(reading->file))
			fail(reading, -errno, "cannot read: %s", strerror(errno));
		return NULL;
	}
	reading->line++;
	if (!strchr(ret_line, '\n') && !feof(reading->file)) {
		fail(reading, -EINVAL, "the line is longer than %d bytes, or not text", size - 2);
		return NULL;
	}
	size_t blank = strspn(ret_line, " \t");

	memmove(ret_line, ret_line + blank, strlen(ret_line + blank) + 1);
	return ret_line;
}

static int read_lines(struct reading *reading)
{
	int r = ini_parse_stream(next_line, reading, take_value, reading);

	if (r < 0)
		return fail(reading, -ENOMEM, "out of memory");
	/* A line that inih could not read never reached the handler; it may be the first error. */
	if (r > 0 && (reading->result == 0 || (unsigned)r < reading->line)) {
		reading->result = 0;
		reading->line = (unsigned)r;
		fail(reading, -EINVAL, "neither 'key = value' nor '[section]' nor '# comment'");
	}
	return reading->result;
}

static int set_fallbacks(struct reading *reading)
{
	int r = 0;

	for (const struct config_option *row = reading->table; row->name && r == 0; row++)
		r = row->fallback ? set_option(reading, row, row->fallback) : 0;
	return r;
}

static int check_required(struct reading *reading)
{
	reading->line = 0;
	for (const struct config_option *row = reading->table; row->name; row++) {
		if (!row->fallback && !reading->seen[row - reading->table])
			return fail(reading, -EINVAL,
				    "'%s' in [%s] is missing and has no default: %s", row->name,
				    row->section, row->help);
	}
	return 0;
}

static size_t count_rows(const struct config_option *table)
{
	size_t count = 0;

	while (table[count].name)
		count++;
	return count;
}

static int read_file(struct reading *reading)
{
	_cleanup_fclose_ FILE *file = fopen(reading->path, "re");
	_cleanup_free_ bool *seen = NULL;
	int r;

	if (!file)
		return fail(reading, -errno, "cannot open: %s", strerror(errno));
	seen = calloc(count_rows(reading->table) + 1, sizeof(*seen));
	if (!seen)
		return fail(reading, -ENOMEM, "out of memory");
	reading->file = file;
	reading->seen = seen;
	r = set_fallbacks(reading);
	if (r == 0)
		r = read_lines(reading);
	if (r == 0)
		r = check_required(reading);
	return r;
}

static bool is_text(const struct config_option *row)
{
	return row->type == CONFIG_TEXT || row->type == CONFIG_LINES;
}

static char **text_field(const struct config_option *row, void *target)
{
	return (char **)(void *)((uint8_t *)target + row->offset);
}

int config_read(const struct config_option *table, void *target, const char *path,
		char ret_error[CONFIG_ERROR_BYTES])
{
	struct reading reading = { .table = table, .target = target, .path = path };
	int r;

	for (const struct config_option *row = table; row->name; row++) {
		if (is_text(row))
			*text_field(row, target) = NULL;
	}
	r = read_file(&reading);
	if (r < 0) {
		config_done(table, target);
		memcpy(ret_error, reading.error, sizeof(reading.error));
	}
	return r;
}

void config_done(const struct config_option *table, void *target)
{
	for (const struct config_option *row = table; row->name; row++) {
		if (is_text(row)) {
			free(*text_field(row, target));
			*text_field(row, target) = NULL;
		}
	}
}

void config_write_example(const struct config_option *table, FILE *to)
{
	char buffer[CONFIG_WANTED_BYTES];

	fputs("# Lines that are commented out show the defaults.\n", to);
	for (const struct config_option *row = table; row->name; row++) {
		if (opens_section(table, row))
			fprintf(to, "\n[%s]\n", row->section);
		fprintf(to, "# %s (%s)\n", row->help, config_value_wanted(row, buffer));
		fprintf(to, "%s%s =%s%s\n", row->fallback ? "#" : "", row->name,
			row->fallback && *row->fallback ? " " : "",
			row->fallback ? row->fallback : "");
	}
}

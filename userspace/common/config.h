/* SPDX-License-Identifier: Apache-2.0 */
/*
 * INI configuration files (read by inih) against a table of options. Each daemon has one table;
 * defaults, types, bounds and help stand in it and nowhere else. Errors name file, line, what and
 * what to do.
 */
#ifndef YAGURA_COMMON_CONFIG_H
#define YAGURA_COMMON_CONFIG_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum config_type {
	CONFIG_TEXT, /* char *: malloc'd */
	CONFIG_LINES, /* char *: malloc'd; the key may be given often, one value a line */
	CONFIG_U32, /* uint32_t within min … max */
	CONFIG_BYTES, /* uint64_t within min … max, written 4096, 64K, 16M, 2G */
	CONFIG_BOOL, /* bool, written yes or no */
	CONFIG_LEVEL, /* enum log_level */
};

/* One row. A table ends with a row whose name is NULL. `fallback` is parsed like a value from a
 * file; NULL means the option must be set. */
struct config_option {
	const char *section;
	const char *name;
	enum config_type type;
	size_t offset; /* of the field in the daemon's struct */
	const char *fallback;
	uint64_t min;
	uint64_t max;
	const char *help;
	/* Texts and lines: is this value, if not empty, what the daemon can use? 0, or -EINVAL with
	 * what it must be. NULL: any will do. */
	int (*check)(const char *value, const char **ret_wanted);
};

#define CONFIG_ERROR_BYTES 512

/* Sets every field of `target` to its fallback, then reads `path` over it. Unknown sections and
 * keys, values out of bounds, a key given twice and a missing required key are errors. 0, or a
 * negative errno with one line in ret_error ("FILE:12: unknown key 'portt' in [listen]; known keys:
 * address, port"): -ENOENT and the like when the file cannot be read, -EINVAL for its content,
 * -ENOMEM. On failure `target` holds nothing to free. */
int config_read(const struct config_option *table, void *target, const char *path,
		char ret_error[CONFIG_ERROR_BYTES]);
/* Frees the CONFIG_TEXT fields and sets them NULL. */
void config_done(const struct config_option *table, void *target);
/* Writes the table as a commented example file: every key with its help, bounds and fallback. */
void config_write_example(const struct config_option *table, FILE *to);

#endif

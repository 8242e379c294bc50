/* SPDX-License-Identifier: Apache-2.0 */
/* Field definitions as a published schema has them, and lines of JSON held against them. */
#ifndef YAGURA_TESTS_SUPPORT_FIELD_TABLE_H
#define YAGURA_TESTS_SUPPORT_FIELD_TABLE_H

#include <stdbool.h>
#include <stddef.h>

enum field_type {
	FIELD_STRING,
	FIELD_NUMBER, /* not negative */
	FIELD_PORT,
	FIELD_BOOL,
	FIELD_IP,
	FIELD_DATE, /* RFC 3339 */
	FIELD_HEX, /* of any length */
};

struct field {
	const char *name; /* dotted; an array's elements have the name of the array */
	enum field_type type;
	const char *values; /* the only ones, each between spaces; NULL: any */
};

/* The name of a value in `line` that is no field of the table, or not of its type, and whose name
 * does not begin with one of `own` (ends with NULL); "" when there is none. Until the next call. */
const char *field_table_wrong(const struct field *table, const char *const *own, const char *line);
/* The first of the names that `line` lacks, or "". */
const char *field_table_lacks(const char *const *names, const char *line);

#endif

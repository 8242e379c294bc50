/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table of telemetry.proto as rows of integers. The generated message descriptor says which
 * columns there are and how wide, so one pair of functions serves every table. By the schema's
 * convention each sint64 column holds deltas: rows carry plain values, the columns differences
 * (unsigned arithmetic, so any value survives). The first column tells how many rows there are;
 * another one in which every value is 0 is left out. Columns are numbered from 1 on without holes
 * and always packed. Private to telemetry/.
 */
#ifndef YAGURA_TELEMETRY_COLUMNS_H
#define YAGURA_TELEMETRY_COLUMNS_H

#include "common/cursor.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COLUMNS_MAX 24
/* The most one row takes on the wire. */
#define COLUMNS_ROW_BYTES_MAX (COLUMNS_MAX * 10)

struct columns {
	const ProtobufCMessageDescriptor *descriptor;
	uint64_t *rows; /* `width` values each, one behind the other */
	size_t width;
	size_t count;
	size_t capacity;
	size_t row_bytes_max; /* of one on the wire */
};

void columns_init(struct columns *columns, const ProtobufCMessageDescriptor *descriptor);
void columns_done(struct columns *columns);

static inline uint64_t *columns_row(const struct columns *columns, size_t at)
{
	return columns->rows + at * columns->width;
}

/* Makes sure that `more` rows fit. 0 or -ENOMEM (nothing changed). */
int columns_reserve(struct columns *columns, size_t more);
/* Appends a row for which room was reserved. */
void columns_push(struct columns *columns, const uint64_t *row);

/* The most bytes that the message of all rows from `first` on takes. */
size_t columns_message_bytes_max(const struct columns *columns, size_t first);
/* Writes that message; the place after it. */
uint8_t *columns_write(const struct columns *columns, size_t first, uint8_t *at);

/* In a column of references that often go on with the row that nobody had before: such a one
 * becomes 0, which costs little however many rows there are; and back. *highest is that of the rows
 * before `first`, and is moved on. */
void columns_hide_next(struct columns *columns, size_t first, size_t column, uint64_t *highest);
void columns_show_next(struct columns *columns, size_t first, size_t column, uint64_t *highest);

/* Appends the rows of a message, up to count_max in all. NULL, or a constant text that says what is
 * wrong with it; *ret_error is then -EBADMSG or -ENOMEM. Fields that this version does not know are
 * skipped. */
const char *columns_read(struct columns *columns, struct cursor message, size_t count_max,
			 int *ret_error);

#endif

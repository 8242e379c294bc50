/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table of telemetry.proto as rows of integers. The generated message descriptor says which
 * columns there are and how wide, so one pair of functions serves every table. By the schema's
 * convention each sint64 column holds deltas: rows carry plain values, the columns differences
 * (unsigned arithmetic, so any value survives). The first column tells how many rows there are;
 * another one in which every value is 0 is left out. Private to telemetry/.
 */
#ifndef YAGURA_TELEMETRY_COLUMNS_H
#define YAGURA_TELEMETRY_COLUMNS_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COLUMNS_MAX 36
/* The most one row takes on the wire. */
#define COLUMNS_ROW_BYTES_MAX (COLUMNS_MAX * 10)

/* Columns being filled. */
struct columns {
	const ProtobufCMessageDescriptor *descriptor;
	size_t count;
	size_t capacity;
	void *values[COLUMNS_MAX];
	bool is_used[COLUMNS_MAX]; /* some value is not 0 */
	uint64_t last[COLUMNS_MAX];
};

void columns_init(struct columns *columns, const ProtobufCMessageDescriptor *descriptor);
void columns_done(struct columns *columns);
/* Forgets the rows and keeps the memory. */
void columns_clear(struct columns *columns);

/* Makes sure that one more row fits. 0 or -ENOMEM (nothing changed). */
int columns_reserve(struct columns *columns);
/* Appends a row for which room was reserved; the most bytes it takes on the wire. */
size_t columns_push(struct columns *columns, const uint64_t *row);
/* Lends the columns to a message of the same type, which must not be freed with them in it. */
void columns_lend(const struct columns *columns, ProtobufCMessage *message);

/* Rows being read from an unpacked message. */
struct columns_reader {
	const ProtobufCMessage *message;
	size_t count;
	size_t next;
	uint64_t last[COLUMNS_MAX];
};

/* `message` may be NULL: no rows. 0, or -EBADMSG when a column is neither left out nor as long as
 * the first. */
int columns_open(struct columns_reader *ret_reader, const ProtobufCMessage *message);
/* False after the last row. Signed 32-bit values come sign-extended. */
bool columns_next(struct columns_reader *reader, uint64_t ret_row[COLUMNS_MAX]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/columns.h"

#include "telemetry/varint.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_FIRST 64
/* Before a column its tag and length. */
#define COLUMN_HEAD_BYTES_MAX (2u * VARINT_BYTES_MAX)
/* Generous for what later versions may add. */
#define UNKNOWN_COLUMNS_MAX 64

static ProtobufCType type_of(const struct columns *columns, size_t column)
{
	return columns->descriptor->fields[column].type;
}

void columns_init(struct columns *columns, const ProtobufCMessageDescriptor *descriptor)
{
	assert(descriptor->n_fields <= COLUMNS_MAX);
	*columns = (struct columns){ .descriptor = descriptor, .width = descriptor->n_fields };
	for (size_t i = 0; i < columns->width; i++)
		columns->row_bytes_max +=
			type_of(columns, i) == PROTOBUF_C_TYPE_UINT32 ? 5 : VARINT_BYTES_MAX;
}

void columns_done(struct columns *columns)
{
	free(columns->rows);
	columns->rows = NULL;
	columns->count = columns->capacity = 0;
}

int columns_reserve(struct columns *columns, size_t more)
{
	size_t capacity = columns->capacity > 0 ? columns->capacity : ROWS_FIRST;
	uint64_t *grown;

	if (columns->count + more <= columns->capacity)
		return 0;
	while (capacity < columns->count + more)
		capacity *= 2;
	grown = reallocarray(columns->rows, capacity, columns->width * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	columns->rows = grown;
	columns->capacity = capacity;
	return 0;
}

void columns_push(struct columns *columns, const uint64_t *row)
{
	assert(columns->count < columns->capacity);
	memcpy(columns_row(columns, columns->count++), row, columns->width * sizeof(*row));
}

void columns_hide_next(struct columns *columns, size_t first, size_t column, uint64_t *highest)
{
	for (size_t i = first; i < columns->count; i++) {
		uint64_t *value = columns_row(columns, i) + column;
		bool is_next = *value == *highest + 1;

		if (*value > *highest)
			*highest = *value;
		if (is_next)
			*value = 0;
	}
}

void columns_show_next(struct columns *columns, size_t first, size_t column, uint64_t *highest)
{
	for (size_t i = first; i < columns->count; i++) {
		uint64_t *value = columns_row(columns, i) + column;

		if (*value == 0)
			*value = *highest + 1;
		if (*value > *highest)
			*highest = *value;
	}
}

/* --- writing --- */

size_t columns_message_bytes_max(const struct columns *columns, size_t first)
{
	return (columns->count - first) * columns->row_bytes_max +
	       columns->width * COLUMN_HEAD_BYTES_MAX;
}

static uint8_t *write_deltas(const uint64_t *value, size_t stride, size_t count, uint8_t *at)
{
	uint64_t last = 0;

	for (; count > 0; count--, value += stride) {
		at = varint_put(at, varint_zigzag(*value - last));
		last = *value;
	}
	return at;
}

static uint8_t *write_plain(const uint64_t *value, size_t stride, size_t count, uint8_t *at)
{
	for (; count > 0; count--, value += stride)
		at = varint_put(at, *value);
	return at;
}

static bool is_used(const uint64_t *value, size_t stride, size_t count)
{
	uint64_t any = 0;

	for (; count > 0; count--, value += stride)
		any |= *value;
	return any != 0;
}

/* The values first, where their head can at most end; then, when their length is known, down to
 * where it does. */
static uint8_t *write_column(const struct columns *columns, size_t column, size_t first,
			     uint8_t *at)
{
	const uint64_t *values = columns_row(columns, first) + column;
	size_t count = columns->count - first;
	uint8_t *body = at + COLUMN_HEAD_BYTES_MAX;
	size_t size;

	if (column > 0 && !is_used(values, columns->width, count))
		return at;
	if (type_of(columns, column) == PROTOBUF_C_TYPE_SINT64)
		size = (size_t)(write_deltas(values, columns->width, count, body) - body);
	else
		size = (size_t)(write_plain(values, columns->width, count, body) - body);
	at = varint_put_tag(at, columns->descriptor->fields[column].id, WIRE_BYTES);
	at = varint_put(at, size);
	memmove(at, body, size);
	return at + size;
}

uint8_t *columns_write(const struct columns *columns, size_t first, uint8_t *at)
{
	for (size_t i = 0; i < columns->width; i++)
		at = write_column(columns, i, first, at);
	return at;
}

/* --- reading --- */

/* Where each column lies in a message. */
struct slices {
	struct cursor at[COLUMNS_MAX];
	bool is_there[COLUMNS_MAX];
};

static const char *find_columns(const struct columns *columns, struct cursor message,
				struct slices *ret_slices)
{
	size_t unknown = 0;

	while (cursor_ok(&message) && message.left > 0) {
		uint64_t tag = varint_take(&message);
		uint64_t column = (tag >> 3) - 1;

		if (tag >> 3 == 0 || column >= columns->width) {
			varint_skip_value(&message, tag & 7);
			if (++unknown > UNKNOWN_COLUMNS_MAX)
				return "too many unknown columns";
			continue;
		}
		if ((tag & 7) != WIRE_BYTES)
			return "a column that is not packed";
		if (ret_slices->is_there[column])
			return "a column comes twice";
		ret_slices->is_there[column] = true;
		ret_slices->at[column] = cursor_take(&message, varint_take(&message));
	}
	return cursor_done(&message) ? NULL : "not a protobuf message";
}

/* As many as there are last bytes of one. */
static size_t count_values(struct cursor column)
{
	size_t count = 0;

	for (size_t i = 0; i < column.left; i++)
		count += column.at[i] < 0x80;
	return count;
}

static void read_column(struct cursor *c, ProtobufCType type, uint64_t *to, size_t stride,
			size_t count)
{
	uint64_t last = 0;

	for (; count > 0; count--, to += stride) {
		uint64_t value = varint_take(c);

		if (type == PROTOBUF_C_TYPE_SINT64)
			value = last += varint_unzigzag(value);
		*to = value;
	}
}

static bool has_only_narrow(const uint64_t *value, size_t stride, size_t count)
{
	uint64_t any = 0;

	for (; count > 0; count--, value += stride)
		any |= *value;
	return any <= UINT32_MAX;
}

static const char *read_columns(struct columns *columns, struct slices *slices, size_t count)
{
	for (size_t i = 0; i < columns->width; i++) {
		uint64_t *to = columns_row(columns, columns->count) + i;
		ProtobufCType type = type_of(columns, i);

		if (!slices->is_there[i])
			continue;
		read_column(&slices->at[i], type, to, columns->width, count);
		if (!cursor_done(&slices->at[i]))
			return "columns of different lengths";
		if (type == PROTOBUF_C_TYPE_UINT32 && !has_only_narrow(to, columns->width, count))
			return "a value out of range";
	}
	return NULL;
}

const char *columns_read(struct columns *columns, struct cursor message, size_t count_max,
			 int *ret_error)
{
	struct slices slices = { 0 };
	const char *why = find_columns(columns, message, &slices);
	size_t count = count_values(slices.at[0]);

	*ret_error = -EBADMSG;
	if (why)
		return why;
	if (count > count_max || columns->count > count_max - count)
		return "too many rows";
	if (columns_reserve(columns, count > 0 ? count : 1) < 0) { /* never NULL */
		*ret_error = -ENOMEM;
		return "out of memory";
	}
	if (count > 0)
		memset(columns_row(columns, columns->count), 0,
		       count * columns->width * sizeof(uint64_t));
	why = read_columns(columns, &slices, count);
	if (!why)
		columns->count += count;
	return why;
}

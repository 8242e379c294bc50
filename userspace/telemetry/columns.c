/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/columns.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_FIRST 64

static size_t value_bytes(ProtobufCType type)
{
	bool is_narrow = type == PROTOBUF_C_TYPE_UINT32 || type == PROTOBUF_C_TYPE_INT32;

	return is_narrow ? sizeof(uint32_t) : sizeof(uint64_t);
}

static bool is_delta(ProtobufCType type)
{
	return type == PROTOBUF_C_TYPE_SINT64;
}

static void store(void *values, size_t at, ProtobufCType type, uint64_t value)
{
	if (value_bytes(type) == sizeof(uint32_t))
		((uint32_t *)values)[at] = (uint32_t)value;
	else
		((uint64_t *)values)[at] = value;
}

static uint64_t load(const void *values, size_t at, ProtobufCType type)
{
	if (type == PROTOBUF_C_TYPE_INT32)
		return (uint64_t)(int64_t)((const int32_t *)values)[at];
	if (value_bytes(type) == sizeof(uint32_t))
		return ((const uint32_t *)values)[at];
	return ((const uint64_t *)values)[at];
}

/* As protobuf writes it: a varint, sint64 zigzagged first. */
static size_t wire_bytes(ProtobufCType type, uint64_t value)
{
	size_t bytes = 1;

	if (type == PROTOBUF_C_TYPE_SINT64)
		value = value << 1 ^ (0 - (value >> 63));
	while (value >>= 7)
		bytes++;
	return bytes;
}

void columns_init(struct columns *columns, const ProtobufCMessageDescriptor *descriptor)
{
	assert(descriptor->n_fields <= COLUMNS_MAX);
	*columns = (struct columns){ .descriptor = descriptor };
}

void columns_done(struct columns *columns)
{
	for (size_t i = 0; i < COLUMNS_MAX; i++)
		free(columns->values[i]);
	*columns = (struct columns){ .descriptor = columns->descriptor };
}

void columns_clear(struct columns *columns)
{
	columns->count = 0;
	memset(columns->last, 0, sizeof(columns->last));
	memset(columns->is_used, 0, sizeof(columns->is_used));
}

int columns_reserve(struct columns *columns)
{
	size_t capacity = columns->capacity ? 2 * columns->capacity : ROWS_FIRST;

	if (columns->count < columns->capacity)
		return 0;
	for (size_t i = 0; i < columns->descriptor->n_fields; i++) {
		ProtobufCType type = columns->descriptor->fields[i].type;
		void *grown = realloc(columns->values[i], capacity * value_bytes(type));

		/* Those grown before are merely larger than `capacity` says. */
		if (!grown)
			return -ENOMEM;
		columns->values[i] = grown;
	}
	columns->capacity = capacity;
	return 0;
}

size_t columns_push(struct columns *columns, const uint64_t *row)
{
	size_t bytes = 0;

	assert(columns->count < columns->capacity);
	for (size_t i = 0; i < columns->descriptor->n_fields; i++) {
		ProtobufCType type = columns->descriptor->fields[i].type;
		uint64_t value = is_delta(type) ? row[i] - columns->last[i] : row[i];

		store(columns->values[i], columns->count, type, value);
		columns->last[i] = row[i];
		columns->is_used[i] |= value != 0;
		bytes += wire_bytes(type, value);
	}
	columns->count++;
	return bytes;
}

/* A repeated field is two members of the generated struct: `size_t n_name; T *name;`. */
static size_t count_of(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	size_t count;

	memcpy(&count, (const char *)message + field->quantifier_offset, sizeof(count));
	return count;
}

static const void *values_of(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	const void *values;

	memcpy(&values, (const char *)message + field->offset, sizeof(values));
	return values;
}

static void lend(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, size_t count,
		 void *values)
{
	memcpy((char *)message + field->quantifier_offset, &count, sizeof(count));
	memcpy((char *)message + field->offset, &values, sizeof(values));
}

void columns_lend(const struct columns *columns, ProtobufCMessage *message)
{
	assert(message->descriptor == columns->descriptor);
	for (size_t i = 0; i < columns->descriptor->n_fields; i++)
		if (i == 0 || columns->is_used[i])
			lend(message, &columns->descriptor->fields[i], columns->count,
			     columns->values[i]);
}

int columns_open(struct columns_reader *ret_reader, const ProtobufCMessage *message)
{
	struct columns_reader reader = { .message = message };

	if (message)
		reader.count = count_of(message, &message->descriptor->fields[0]);
	for (size_t i = 1; message && i < message->descriptor->n_fields; i++) {
		size_t count = count_of(message, &message->descriptor->fields[i]);

		if (count != 0 && count != reader.count)
			return -EBADMSG;
	}
	*ret_reader = reader;
	return 0;
}

bool columns_next(struct columns_reader *reader, uint64_t ret_row[COLUMNS_MAX])
{
	const ProtobufCMessageDescriptor *descriptor;

	if (reader->next >= reader->count)
		return false;
	descriptor = reader->message->descriptor;
	for (size_t i = 0; i < descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
		uint64_t value = 0;

		if (count_of(reader->message, field) > 0)
			value = load(values_of(reader->message, field), reader->next, field->type);
		if (is_delta(field->type))
			value += reader->last[i];
		reader->last[i] = value;
		ret_row[i] = value;
	}
	reader->next++;
	return true;
}

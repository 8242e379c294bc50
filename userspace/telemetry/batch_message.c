/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/batch_epoch.h"
#include "telemetry/varint.h"

/* Generous for what later versions may add. */
#define UNKNOWN_FIELDS_MAX 1024u

static bool belongs(uint64_t field, bool is_first)
{
	return is_first == (field < BATCH_FIELD_TABLES + TABLE_SHARED_COUNT);
}

static uint64_t *number_of(struct batch_message *message, uint64_t field)
{
	switch (field) {
	case BATCH_FIELD_SCHEMA:
		return &message->schema;
	case BATCH_FIELD_EPOCH_INDEX:
		return &message->epoch_index;
	case BATCH_FIELD_BASE_MS:
		return &message->base_ms;
	case BATCH_FIELD_BOOT_MS:
		return &message->boot_ms;
	case BATCH_FIELD_NAMES:
		return &message->names;
	default:
		return NULL;
	}
}

static struct cursor *bytes_of(struct batch_message *message, uint64_t field)
{
	return field == BATCH_FIELD_BOOT_ID ? &message->boot_id
					    : &message->tables[field - BATCH_FIELD_TABLES];
}

/* A field of this version, with the right wire type. */
static const char *read_field(struct batch_message *message, uint64_t field, uint64_t type,
			      struct cursor *c)
{
	uint64_t *number = number_of(message, field);

	if (type != (number ? WIRE_VARINT : WIRE_BYTES))
		return "a field of the wrong type";
	if (field == BATCH_FIELD_TEXTS || field == BATCH_FIELD_BLOBS) {
		cursor_take(c, varint_take(c));
		return NULL;
	}
	if (message->is_there[field])
		return "a singular field comes twice";
	message->is_there[field] = true;
	if (number)
		*number = varint_take(c);
	else
		*bytes_of(message, field) = cursor_take(c, varint_take(c));
	return NULL;
}

const char *batch_message_read(struct batch_message *message, struct cursor section, bool is_first)
{
	const char *why = NULL;
	uint32_t unknown = 0;

	while (!why && cursor_ok(&section) && section.left > 0) {
		uint64_t tag = varint_take(&section);
		uint64_t field = tag >> 3;

		if (field > 0 && field < BATCH_FIELD_TABLES + TABLE_COUNT) {
			why = belongs(field, is_first)
				      ? read_field(message, field, tag & 7, &section)
				      : "a field in the wrong section";
		} else {
			varint_skip_value(&section, tag & 7);
			if (++unknown > UNKNOWN_FIELDS_MAX)
				why = "too many unknown fields";
		}
	}
	if (!why && !cursor_done(&section))
		why = "not a protobuf message";
	return why;
}

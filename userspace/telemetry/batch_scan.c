/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/batch_scan.h"

#include "common/cursor.h"
#include "telemetry/batch_rows.h"

/* Generous for what later versions may add. */
#define UNKNOWN_FIELDS_MAX 1024u

enum field {
	FIELD_UNKNOWN = 0,
	FIELD_TEXTS = 4,
	FIELD_GAPS = 9,
	FIELD_COUNT = 18, /* all others are singular */
};

enum wire_type {
	WIRE_VARINT = 0,
	WIRE_FIXED64 = 1,
	WIRE_LENGTH = 2,
	WIRE_FIXED32 = 5,
};

/* Seven bits a byte, lowest first, the top bit set on all but the last; at most 10 bytes. */
static uint64_t take_varint(struct cursor *c)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 64; shift += 7) {
		uint8_t byte = cursor_u8(c);

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
	c->failed = true;
	return 0;
}

static void skip_value(struct cursor *c, unsigned int wire_type)
{
	switch (wire_type) {
	case WIRE_VARINT:
		take_varint(c);
		break;
	case WIRE_FIXED64:
		cursor_take(c, 8);
		break;
	case WIRE_LENGTH:
		cursor_take(c, take_varint(c));
		break;
	case WIRE_FIXED32:
		cursor_take(c, 4);
		break;
	default: /* groups, which proto3 does not have */
		c->failed = true;
	}
}

static uint32_t field_max(size_t field)
{
	switch (field) {
	case FIELD_UNKNOWN:
		return UNKNOWN_FIELDS_MAX;
	case FIELD_TEXTS:
		return BATCH_TEXTS_MAX;
	case FIELD_GAPS:
		return BATCH_GAPS_MAX;
	default:
		return 1;
	}
}

static const char *excess(size_t field)
{
	switch (field) {
	case FIELD_UNKNOWN:
		return "too many unknown fields";
	case FIELD_TEXTS:
		return "too many texts";
	case FIELD_GAPS:
		return "too many gaps";
	default:
		return "a singular field comes twice";
	}
}

const char *batch_scan(const uint8_t *raw, size_t size)
{
	struct cursor c = cursor_of(raw, size);
	uint32_t counts[FIELD_COUNT] = { 0 };

	while (cursor_ok(&c) && c.left > 0) {
		uint64_t tag = take_varint(&c);
		size_t field = tag >> 3 < FIELD_COUNT ? tag >> 3 : FIELD_UNKNOWN;

		skip_value(&c, tag & 7);
		counts[field]++;
		if (counts[field] > field_max(field))
			return excess(field);
	}
	return cursor_done(&c) ? NULL : "not a protobuf message";
}

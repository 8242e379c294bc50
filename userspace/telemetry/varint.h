/* SPDX-License-Identifier: Apache-2.0 */
/* Protobuf's integers: seven bits a byte, lowest first, the top bit set on all but the last.
 * Private to telemetry/. */
#ifndef YAGURA_TELEMETRY_VARINT_H
#define YAGURA_TELEMETRY_VARINT_H

#include "common/cursor.h"

#define VARINT_BYTES_MAX 10

enum wire_type {
	WIRE_VARINT = 0,
	WIRE_FIXED64 = 1,
	WIRE_BYTES = 2,
	WIRE_FIXED32 = 5,
};

static inline size_t varint_bytes(uint64_t value)
{
	size_t bytes = 1;

	while (value >>= 7)
		bytes++;
	return bytes;
}

/* The place after it. */
static inline uint8_t *varint_put(uint8_t *at, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*at++ = (uint8_t)(value | 0x80);
	*at++ = (uint8_t)value;
	return at;
}

static inline uint8_t *varint_put_tag(uint8_t *at, uint32_t field, enum wire_type type)
{
	return varint_put(at, (uint64_t)field << 3 | type);
}

/* 0, and the cursor fails, when there is no end within 10 bytes. What goes beyond 64 bits is lost,
 * as in any protobuf reader. */
static inline uint64_t varint_take(struct cursor *c)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 7 * VARINT_BYTES_MAX && c->left > 0; shift += 7) {
		uint8_t byte = *c->at;

		c->at++;
		c->left--;
		value |= (uint64_t)(byte & 0x7f) << (shift & 63);
		if (byte < 0x80)
			return value;
	}
	cursor_take(c, SIZE_MAX);
	return 0;
}

/* Passes over the value of a field that nobody knows. Groups, which proto3 does not have, fail. */
static inline void varint_skip_value(struct cursor *c, uint64_t wire_type)
{
	if (wire_type == WIRE_VARINT)
		varint_take(c);
	else if (wire_type == WIRE_BYTES)
		cursor_take(c, varint_take(c));
	else if (wire_type == WIRE_FIXED64)
		cursor_take(c, 8);
	else
		cursor_take(c, wire_type == WIRE_FIXED32 ? 4 : SIZE_MAX);
}

/* sint64: the sign goes to the lowest bit, so that small differences stay short. */
static inline uint64_t varint_zigzag(uint64_t value)
{
	return value << 1 ^ (0 - (value >> 63));
}

static inline uint64_t varint_unzigzag(uint64_t value)
{
	return value >> 1 ^ (0 - (value & 1));
}

#endif

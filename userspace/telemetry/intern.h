/* SPDX-License-Identifier: Apache-2.0 */
/* Equal byte strings, or equal rows, get one number: 1, 2, 3 … in the order they first came, as the
 * reference columns of telemetry.proto want it. Private to telemetry/. */
#ifndef YAGURA_TELEMETRY_INTERN_H
#define YAGURA_TELEMETRY_INTERN_H

#include "telemetry/columns.h"
#include "telemetry/text.h"

#include <stddef.h>
#include <stdint.h>

/* From hash to reference. Zeroed: empty. What others choose the bytes of may collide on purpose:
 * then the search ends early, and equal ones get several numbers. */
struct intern_index {
	uint32_t *slots; /* references, 0 free */
	uint32_t *hashes; /* of reference n at n - 1 */
	uint32_t slot_count; /* a power of two, or 0 */
	uint32_t capacity; /* of `hashes` */
};

/* Byte strings, one behind the other. Zeroed: empty. */
struct intern {
	struct intern_index index;
	uint8_t *bytes;
	size_t size;
	size_t room;
	size_t *ends; /* of reference n at n - 1 */
	uint32_t count;
	uint32_t capacity;
};

/* 1 when `bytes` are new (and were copied), 0 when they were known, -ENOMEM. */
int intern_add(struct intern *intern, const void *bytes, size_t length, uint32_t *ret_reference);
/* Forgets all and keeps the memory. */
void intern_clear(struct intern *intern);
void intern_done(struct intern *intern);

/* The bytes of a reference from 1 to count, until the next intern_add. */
static inline struct text intern_text(const struct intern *intern, uint32_t reference)
{
	size_t start = reference > 1 ? intern->ends[reference - 2] : 0;

	return (struct text){ .at = (const char *)intern->bytes + start,
			      .length = intern->ends[reference - 1] - start };
}

/* Rows. columns_init the columns, zero the rest: empty. */
struct intern_rows {
	struct columns columns;
	struct intern_index index;
};

/* As intern_add; a reference is the row's place + 1. */
int intern_row(struct intern_rows *rows, const uint64_t *row, uint32_t *ret_reference);
void intern_rows_clear(struct intern_rows *rows);
void intern_rows_done(struct intern_rows *rows);

#endif

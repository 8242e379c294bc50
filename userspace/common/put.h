/* SPDX-License-Identifier: Apache-2.0 */
/* Big-endian integers into memory: what cursor.h reads. */
#ifndef YAGURA_COMMON_PUT_H
#define YAGURA_COMMON_PUT_H

#include <stddef.h>
#include <stdint.h>

/* Writes the low `width` bytes of `value`; the place after them. */
static inline uint8_t *put_be(uint8_t *at, uint64_t value, size_t width)
{
	for (size_t i = width; i > 0; i--) {
		at[i - 1] = (uint8_t)value;
		value >>= 8;
	}
	return at + width;
}

#endif

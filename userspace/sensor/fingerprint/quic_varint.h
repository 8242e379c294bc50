/* SPDX-License-Identifier: Apache-2.0 */
#ifndef YAGURA_FINGERPRINT_QUIC_VARINT_H
#define YAGURA_FINGERPRINT_QUIC_VARINT_H

#include "common/cursor.h"

/* A variable-length integer, RFC 9000 16: the first two bits say whether it has 1, 2, 4 or 8 bytes.
 * Zero and a failed cursor where it does not fit. */
static inline uint64_t quic_varint(struct cursor *c)
{
	struct cursor ahead = *c;
	size_t width = (size_t)1 << (cursor_u8(&ahead) >> 6);
	uint64_t value = cursor_be(c, width);

	return value & (UINT64_MAX >> (66 - 8 * width));
}

#endif

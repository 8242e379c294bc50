/* SPDX-License-Identifier: Apache-2.0 */
/* Deflated bytes (RFC 1950) that say themselves where they end. Private to telemetry/. */
#ifndef YAGURA_TELEMETRY_SECTION_H
#define YAGURA_TELEMETRY_SECTION_H

#include <stddef.h>
#include <stdint.h>

/* The most that `raw_size` bytes take when they are deflated. */
size_t section_bytes_max(size_t raw_size);
/* Deflates into `ret_bytes`, which has room for section_bytes_max. 0 with *ret_size, or -ENOMEM. */
int section_deflate(const uint8_t *raw, size_t raw_size, uint8_t *ret_bytes, size_t *ret_size);
/* Inflates the section at the beginning of `bytes` into `ret_raw`, which has room for `room`.
 * *ret_size is what it took of `bytes`, *ret_raw_size what came out. 0; -EBADMSG: not a whole
 * section; -E2BIG: more than `room`; -ENOMEM. */
int section_inflate(const uint8_t *bytes, size_t size, uint8_t *ret_raw, size_t room,
		    size_t *ret_size, size_t *ret_raw_size);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Test bytes written as hexadecimal digits; blanks between them are free. */
#ifndef YAGURA_SUPPORT_HEX_H
#define YAGURA_SUPPORT_HEX_H

#include <stddef.h>
#include <stdint.h>

/* The number of bytes; *ret_bytes is a heap copy of exactly that size, so that ASan sees one byte
 * over. Fails the test when `hex` is malformed. */
size_t hex_decode(const char *hex, uint8_t **ret_bytes);
/* A heap copy of exactly `size` bytes, for the same reason. */
uint8_t *hex_copy(const void *bytes, size_t size);
/* Lower case, no blanks; free it. */
char *hex_encode(const void *bytes, size_t size);

#endif

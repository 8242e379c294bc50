/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as people write them: decimal digits only, no sign, no blanks. */
#ifndef YAGURA_COMMON_PARSE_H
#define YAGURA_COMMON_PARSE_H

#include <stdint.h>

/* 0, -EINVAL (not a number) or -ERANGE (does not fit). */
int parse_u64(const char *text, uint64_t *ret_value);
/* The same with an optional suffix K, M or G (powers of 1024). */
int parse_bytes(const char *text, uint64_t *ret_value);

#endif

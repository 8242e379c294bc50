/* SPDX-License-Identifier: Apache-2.0 */
/* 16-byte identities and their text form, "8-4-4-4-12" hexadecimal digits (RFC 9562 4). */
#ifndef YAGURA_COMMON_UUID_H
#define YAGURA_COMMON_UUID_H

#include <stdint.h>

#define UUID_BYTES 16
#define UUID_TEXT_BYTES 37 /* the terminating zero included */

/* Reads exactly one UUID, in either case. 0 or -EINVAL. */
int uuid_parse(const char *text, uint8_t ret_uuid[UUID_BYTES]);
/* Writes it in lower case. */
void uuid_format(const uint8_t uuid[UUID_BYTES], char ret_text[UUID_TEXT_BYTES]);
/* A random one (version 4). 0 or -errno. */
int uuid_random(uint8_t ret_uuid[UUID_BYTES]);

#endif

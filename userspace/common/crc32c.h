/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32C (Castagnoli polynomial 0x1edc6f41, reflected; RFC 3720 12.1 and its appendix B.4
 * vectors). */
#ifndef YAGURA_COMMON_CRC32C_H
#define YAGURA_COMMON_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Continue with what the last call returned; start with 0. */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t size);

#endif

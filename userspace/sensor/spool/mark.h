/* SPDX-License-Identifier: Apache-2.0 */
/* A mark as bytes: version u8 | instance u64 | ring position u64 | per class: count
 * u32 | raw_size u32 | epoch_index u8, big-endian. It stands in the aux part of a segment record.
 */
#ifndef YAGURA_SPOOL_MARK_H
#define YAGURA_SPOOL_MARK_H

#include "sensor/spool/spool.h"

#include <stddef.h>
#include <stdint.h>

#define SPOOL_MARK_BYTES (1 + 8 + 8 + RECORD_CLASS_COUNT * 4 + 4 + 1)

void spool_mark_write(uint8_t ret_bytes[SPOOL_MARK_BYTES], const struct spool_mark *mark);
/* 0, or -EBADMSG: another version, or not just as long as a mark. */
int spool_mark_read(const uint8_t *bytes, size_t size, struct spool_mark *ret_mark);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outermost fields of a serialized Batch, counted before protobuf-c allocates for them. It
 * merges a sub-message that comes twice by copying what it has, so a batch of many small ones would
 * cost time that grows with the square of its size. Private to telemetry/.
 */
#ifndef YAGURA_TELEMETRY_BATCH_SCAN_H
#define YAGURA_TELEMETRY_BATCH_SCAN_H

#include <stddef.h>
#include <stdint.h>

/* NULL when the fields are well-formed, the singular ones come at most once, and the repeated ones
 * keep to the limits of batch_rows.h; else a constant text that says what is wrong. Fields that
 * this version does not know are skipped. */
const char *batch_scan(const uint8_t *raw, size_t size);

#endif

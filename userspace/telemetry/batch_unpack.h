/* SPDX-License-Identifier: Apache-2.0 */
/* protobuf-c's unpacker under a memory budget, so that a small message that claims much fails
 * cleanly. Private to telemetry/. */
#ifndef YAGURA_TELEMETRY_BATCH_UNPACK_H
#define YAGURA_TELEMETRY_BATCH_UNPACK_H

#include "proto/telemetry.pb-c.h"

#include <stddef.h>
#include <stdint.h>

/* 0 with *ret_batch for batch_unpacked_free, -EBADMSG with *ret_why a constant text, or -ENOMEM. */
int batch_unpack(const uint8_t *raw, size_t size, Yagura__Telemetry__Batch **ret_batch,
		 const char **ret_why);
/* Takes NULL. */
void batch_unpacked_free(Yagura__Telemetry__Batch *batch);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding without deflate, for batch_decode itself and for tests and fuzzing, which reach the
 * checks more easily this way. Private to telemetry/. */
#ifndef YAGURA_TELEMETRY_BATCH_RAW_H
#define YAGURA_TELEMETRY_BATCH_RAW_H

#include "telemetry/batch_codec.h"

/* As batch_decode, for bytes already inflated. `ret_why` is required; it is written on -EBADMSG
 * only. */
int batch_decode_raw(const uint8_t *raw, size_t size, batch_record_fn each, void *context,
		     const char **ret_why);

#endif

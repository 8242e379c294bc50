/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding without deflate, for batch_decode itself and for tests and fuzzing, which reach the
 * checks more easily this way. Private to telemetry/. */
#ifndef YAGURA_TELEMETRY_BATCH_RAW_H
#define YAGURA_TELEMETRY_BATCH_RAW_H

#include "common/cursor.h"
#include "telemetry/batch_codec.h"

/* The two sections of a batch, inflated. */
struct batch_sections {
	struct cursor tables;
	struct cursor rows;
	uint64_t seq;
	uint32_t epoch_index; /* as declared */
};

/* As batch_decode, for bytes already inflated; `each` NULL: checks and delivers nothing. `ret_why`
 * is required; it is written on -EBADMSG, -ESTALE and -ENOMEM only. */
int batch_decode_raw(struct batch_epoch *epoch, const struct batch_sections *sections,
		     batch_record_fn each, void *context, const char **ret_why);
/* As batch_take_tables. */
int batch_take_tables_raw(struct batch_epoch *epoch, const struct batch_sections *sections,
			  const char **ret_why);

#endif

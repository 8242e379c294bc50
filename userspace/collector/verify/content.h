/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a batch's payload can be decoded: what nobody can read must not be acknowledged. A batch
 * builds on the tables of those before it in its epoch; a session keeps these as they came, and
 * hands them on with the batch, so that whoever reads it later needs nothing else.
 */
#ifndef YAGURA_COLLECTOR_CONTENT_H
#define YAGURA_COLLECTOR_CONTENT_H

#include "collector/verify/verify.h"
#include "telemetry/batch_codec.h"

#include <stdbool.h>

/* What a session has sent of a lane's epoch. All zero: nothing. */
struct content_epoch {
	uint64_t first_seq;
	uint32_t next_index;
	uint8_t *bytes; /* deflated tables of its batches, then room for one more batch */
	size_t size;
	size_t capacity;
};

void content_done(struct content_epoch *epoch);

struct content_outcome {
	const char *why; /* a constant text that says what is wrong, of -EBADMSG and -ESTALE */
	struct verify_batch whole; /* history before the batch; until the next call */
};

/* Of a batch that is there already (`is_known`) only the tables are looked at. `scratch` is any
 * epoch object that is nobody's. 0; -EBADMSG; -ESTALE: what it builds on was not sent in this
 * session; -ENOMEM. */
int content_check(struct content_epoch *epoch, struct batch_epoch *scratch,
		  const struct verify_batch *batch, bool is_known,
		  struct content_outcome *ret_outcome);

#endif

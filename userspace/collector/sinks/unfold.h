/* SPDX-License-Identifier: Apache-2.0 */
/* An entry of the intake log as the records that are in it. */
#ifndef YAGURA_COLLECTOR_UNFOLD_H
#define YAGURA_COLLECTOR_UNFOLD_H

#include "collector/sinks/sink.h"

struct unfold_target {
	const struct sink *sink;
	void *state; /* the sink's */
	struct batch_epoch *scratch; /* nobody else's; every entry is read by itself */
};

/* Writes what a batch holds, and the hole before it, to the sink; then the entry itself. A batch
 * that cannot be decoded becomes a gap, and *ret_why says what is wrong with it (else NULL). 0 or
 * what the sink said. */
int unfold(const struct unfold_target *target, const struct entry *entry, uint64_t *ret_records,
	   const char **ret_why);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What the batches nobody has acknowledged yet hold, oldest first: acknowledging, dropping and
 * counting need no disk. */
#ifndef YAGURA_SPOOL_LEDGER_H
#define YAGURA_SPOOL_LEDGER_H

#include "telemetry/record.h"

#include <stdint.h>

struct ledger_sums {
	uint64_t records[RECORD_CLASS_COUNT]; /* of this instance */
	uint64_t earlier_records; /* of earlier instances */
};

struct ledger_entry {
	uint64_t seq;
	struct ledger_sums sums;
};

void ledger_sums_add(struct ledger_sums *sums, const struct ledger_sums *more);

/* All zero is an empty one. */
struct ledger {
	struct ledger_entry *entries; /* a ring */
	size_t capacity;
	size_t first;
	size_t count;
	struct ledger_sums sums; /* of all entries */
};

void ledger_done(struct ledger *ledger);
/* Makes sure that one ledger_push succeeds. 0 or -ENOMEM. */
int ledger_reserve(struct ledger *ledger);
/* Adds an entry whose seq is above all others'. */
void ledger_push(struct ledger *ledger, const struct ledger_entry *entry);
/* Removes every entry up to and including `seq`; adds what they held to `sums`. */
void ledger_pop_through(struct ledger *ledger, uint64_t seq, struct ledger_sums *sums);
/* Empties the entry `seq`, if there is one, but leaves it in its place; adds what it held to
 * `sums`. */
void ledger_write_off(struct ledger *ledger, uint64_t seq, struct ledger_sums *sums);
/* The oldest entry's seq, or `otherwise` when there is none. */
uint64_t ledger_first_seq(const struct ledger *ledger, uint64_t otherwise);

#endif

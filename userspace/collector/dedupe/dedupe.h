/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has this batch been stored already? One high-water mark a (sensor, generation, lane); what is at
 * or below it is stored. The marks live with whoever makes them durable together with the rows, so
 * that neither can be there without the other: this room keeps nothing itself.
 */
#ifndef YAGURA_COLLECTOR_DEDUPE_H
#define YAGURA_COLLECTOR_DEDUPE_H

#include <stdbool.h>
#include <stdint.h>

struct dedupe_key {
	const uint8_t *sensor; /* 16 bytes */
	uint64_t generation;
	uint32_t lane;
};

/* Where the marks live. Both answer 0 or -errno; an unknown key has the mark 0. */
struct dedupe_marks {
	void *context;
	int (*get)(void *context, const struct dedupe_key *key, uint64_t *ret_mark);
	int (*set)(void *context, const struct dedupe_key *key, uint64_t mark);
};

struct dedupe_verdict {
	uint64_t mark; /* before this batch */
	bool is_duplicate; /* drop it; acknowledge up to `mark` */
	uint64_t missing_first; /* a hole before this batch, first … last; 0 when there is none */
	uint64_t missing_last;
};

/* What batch `seq` is against the mark of its key; moves no mark. 0, or what marks->get said. */
int dedupe_judge(const struct dedupe_marks *marks, const struct dedupe_key *key, uint64_t seq,
		 struct dedupe_verdict *ret_verdict);

#endif

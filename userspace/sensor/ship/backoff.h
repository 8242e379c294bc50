/* SPDX-License-Identifier: Apache-2.0 */
/* How long to wait before the next attempt: twice as long each time, at a random place of the upper
 * half, so that a fleet does not come back to its collector in one moment. Pure: randomness is an
 * argument. */
#ifndef YAGURA_SHIP_BACKOFF_H
#define YAGURA_SHIP_BACKOFF_H

#include <stdint.h>

struct backoff {
	uint32_t min_ms;
	uint32_t max_ms;
	uint32_t span_ms; /* no delay is longer, until the next one */
};

/* A maximum below the minimum is taken as the minimum. */
void backoff_init(struct backoff *backoff, uint32_t min_ms, uint32_t max_ms);
/* It went well: the next failure waits as short as the first. */
void backoff_reset(struct backoff *backoff);
/* A delay within [max(min, span / 2), span], chosen by `random`; then doubles the span, up
 * to max. */
uint32_t backoff_next_ms(struct backoff *backoff, uint32_t random);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/ship/backoff.h"

static uint32_t doubled(uint32_t span_ms, uint32_t max_ms)
{
	return span_ms > max_ms / 2 ? max_ms : span_ms * 2;
}

void backoff_init(struct backoff *backoff, uint32_t min_ms, uint32_t max_ms)
{
	backoff->min_ms = min_ms;
	backoff->max_ms = max_ms < min_ms ? min_ms : max_ms;
	backoff_reset(backoff);
}

void backoff_reset(struct backoff *backoff)
{
	backoff->span_ms = doubled(backoff->min_ms, backoff->max_ms);
}

uint32_t backoff_next_ms(struct backoff *backoff, uint32_t random)
{
	uint32_t high = backoff->span_ms;
	uint32_t low = high / 2 < backoff->min_ms ? backoff->min_ms : high / 2;
	uint64_t width = (uint64_t)high - low + 1; /* 64 bits: the whole range has 2^32 values */

	backoff->span_ms = doubled(high, backoff->max_ms);
	return low + (uint32_t)(random % width);
}

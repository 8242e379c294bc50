/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/quota.h"

#include "common/clock.h"

#define WAIT_MS_MAX 1000u

static uint32_t wait_ms(uint64_t due_ns, uint64_t now_ns)
{
	uint64_t ms = due_ns < now_ns ? 0 : (due_ns - now_ns) / NS_PER_MS + 1;

	return ms < WAIT_MS_MAX ? (uint32_t)ms : WAIT_MS_MAX;
}

uint32_t quota_wait_ms(const struct quota *quota, const struct quota_limits *limits,
		       uint64_t now_ns)
{
	uint32_t batches = limits->batches_per_s > 0 ? wait_ms(quota->batches_ns, now_ns) : 0;
	uint32_t bytes = limits->bytes_per_s > 0 ? wait_ms(quota->bytes_ns, now_ns) : 0;

	return batches > bytes ? batches : bytes;
}

/* Nobody saves up more than a second. `amount` below 2^32, so that the product fits. */
static uint64_t pay(uint64_t due_ns, uint64_t amount, uint64_t rate, uint64_t now_ns)
{
	uint64_t earliest_ns = now_ns > NS_PER_S ? now_ns - NS_PER_S : 0;

	if (rate == 0)
		return due_ns;
	return (due_ns > earliest_ns ? due_ns : earliest_ns) + amount * NS_PER_S / rate;
}

void quota_take(struct quota *quota, const struct quota_limits *limits, uint32_t bytes,
		uint64_t now_ns)
{
	quota->batches_ns = pay(quota->batches_ns, 1, limits->batches_per_s, now_ns);
	quota->bytes_ns = pay(quota->bytes_ns, bytes, limits->bytes_per_s, now_ns);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/quota.h"

#include "common/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct quota_limits ten = { .batches_per_s = 10 };
static const struct quota_limits bytes = { .bytes_per_s = 1000 };

static void a_second_at_once_then_the_rate(void **state)
{
	struct quota quota = { 0 };
	uint64_t now_ns = NS_PER_S;

	(void)state;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(quota_wait_ms(&quota, &ten, now_ns), 0);
		quota_take(&quota, &ten, 1 << 30, now_ns); /* bytes do not count here */
	}
	assert_in_range(quota_wait_ms(&quota, &ten, now_ns), 1, 100);
	now_ns += NS_PER_S / 10 + NS_PER_MS;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(quota_wait_ms(&quota, &ten, now_ns), 0);
		quota_take(&quota, &ten, 0, now_ns);
	}
	assert_true(quota_wait_ms(&quota, &ten, now_ns) > 0);
	now_ns += 30 * NS_PER_S; /* idle: a second's worth, no more */
	for (int i = 0; i < 10; i++) {
		assert_int_equal(quota_wait_ms(&quota, &ten, now_ns), 0);
		quota_take(&quota, &ten, 0, now_ns);
	}
	assert_true(quota_wait_ms(&quota, &ten, now_ns) > 0);
}

static void a_large_batch_passes_and_is_paid_for(void **state)
{
	struct quota quota = { 0 };
	uint64_t now_ns = NS_PER_S;

	(void)state;
	assert_int_equal(quota_wait_ms(&quota, &bytes, now_ns), 0);
	quota_take(&quota, &bytes, 6000, now_ns);
	assert_int_equal(quota_wait_ms(&quota, &bytes, now_ns), 1000); /* ask again then */
	now_ns += 3 * NS_PER_S;
	assert_int_equal(quota_wait_ms(&quota, &bytes, now_ns), 1000);
	now_ns += 2 * NS_PER_S - 10 * NS_PER_MS;
	assert_in_range(quota_wait_ms(&quota, &bytes, now_ns), 1, 11);
	now_ns += 20 * NS_PER_MS;
	assert_int_equal(quota_wait_ms(&quota, &bytes, now_ns), 0);
}

static void without_limits_nobody_waits(void **state)
{
	static const struct quota_limits none = { 0 };
	struct quota quota = { 0 };

	(void)state;
	for (int i = 0; i < 100000; i++) {
		assert_int_equal(quota_wait_ms(&quota, &none, NS_PER_S), 0);
		quota_take(&quota, &none, UINT32_MAX, NS_PER_S);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_at_once_then_the_rate),
		cmocka_unit_test(a_large_batch_passes_and_is_paid_for),
		cmocka_unit_test(without_limits_nobody_waits),
	};

	return cmocka_run_group_tests_name("quota", tests, NULL, NULL);
}

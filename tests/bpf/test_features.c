/* SPDX-License-Identifier: Apache-2.0 */
/* What the trials find against what is known otherwise: the kernel's version and its lockdown. */
#include "bpf/kernel_case.h"

#include "sensor/keeper/features.h"

#include <bpf/btf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include <cmocka.h>

static int has(uint32_t feature)
{
	static uint32_t found;
	struct btf *kernel;

	if (!found) {
		kernel = btf__load_vmlinux_btf();
		assert_non_null(kernel);
		found = features_detect(kernel);
		btf__free(kernel);
	}
	return (found & feature) != 0;
}

static void features_follow_the_version(void **state)
{
	(void)state;
	assert_int_equal(has(FEATURE_ATOMICS), kernel_version() >= 5012);
	assert_int_equal(has(FEATURE_CURRENT_TASK), kernel_version() >= 5011);
	assert_int_equal(has(FEATURE_TRACING_STORAGE), kernel_version() >= 5011);
}

static void lockdown_forbids_reading(void **state)
{
	(void)state;
	assert_int_equal(has(FEATURE_KERNEL_READS), !is_confidential());
}

/* Stock kernels allow the enhanced tier; hosts may not, and no file says so. */
static void the_enhanced_tier_is_open_in_a_guest(void **state)
{
	(void)state;
	if (!is_guest())
		skip();
	assert_int_equal(has(FEATURE_FUNCTION_EXIT), kernel_version() >= 5017);
	assert_int_equal(has(FEATURE_SECURITY_HOOKS), is_bpf_security_module());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(features_follow_the_version),
		cmocka_unit_test(lockdown_forbids_reading),
		cmocka_unit_test(the_enhanced_tier_is_open_in_a_guest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

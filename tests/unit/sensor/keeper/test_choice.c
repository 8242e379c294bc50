/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/choice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct probe three_ways = {
	.name = "probe",
	.ways = { { "best", PROBE_HOOK_TRACEPOINT, "there",
		    FEATURE_ATOMICS | FEATURE_KERNEL_READS },
		  { "second", PROBE_HOOK_TRACEPOINT, "there", FEATURE_KERNEL_READS },
		  { "last", PROBE_HOOK_CGROUP, NULL, FEATURE_CURRENT_TASK } },
};
static const struct probe elsewhere = {
	.name = "elsewhere",
	.ways = { { "only", PROBE_HOOK_TRACEPOINT, "absent", 0 } },
};

static struct choice_case {
	const char *name;
	const struct probe *probe;
	uint32_t features;
	const char *want; /* NULL: none */
	const char *want_reason;
} cases[] = {
	{ "everything there: the first", &three_ways, ~0u, "best", "" },
	{ "one feature short: the next", &three_ways, ~0u & ~(uint32_t)FEATURE_ATOMICS, "second",
	  "no atomic instructions that return the old value" },
	{ "two short: the one after", &three_ways, FEATURE_CURRENT_TASK, "last",
	  "no atomic instructions that return the old value" },
	{ "the reason is of the first way", &three_ways, FEATURE_ATOMICS | FEATURE_CURRENT_TASK,
	  "last", "no free reading of kernel memory (lockdown)" },
	{ "nothing there: none", &three_ways, 0, NULL,
	  "no atomic instructions that return the old value" },
	{ "no such hook: none", &elsewhere, ~0u, NULL, "no such hook here" },
};

static void check_case(void **state)
{
	const struct choice_case *c = *state;
	struct btf *kernel = btf__new_empty();
	struct choice choice;

	assert_true(btf__add_struct(kernel, "there", 4) > 0);
	choice = choice_make(c->probe, kernel, c->features);
	assert_string_equal(choice.reason, c->want_reason);
	if (c->want)
		assert_string_equal(choice.way->program, c->want);
	else
		assert_null(choice.way);
	btf__free(kernel);
}

/* What status shows must be whole. */
static void reasons_fit(void **state)
{
	struct keeper_probe probe;

	(void)state;
	for (unsigned int i = 0; i < FEATURE_COUNT; i++)
		assert_true(strlen("no ") + strlen(feature_text(1u << i)) < sizeof(probe.reason));
}

#define CASES (sizeof(cases) / sizeof(*cases))

int main(void)
{
	struct CMUnitTest tests[CASES + 1];

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ cases[i].name, check_case, NULL, NULL, &cases[i] };
	tests[CASES] = (struct CMUnitTest)cmocka_unit_test(reasons_fit);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

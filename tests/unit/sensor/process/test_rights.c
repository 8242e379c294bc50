/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/rights.h"

#include "telemetry/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NOT_KNOWN                                                                                  \
	{                                                                                          \
		.euid = UINT32_MAX                                                                 \
	}

static const struct rights_case {
	const char *name;
	struct process_rights before, after;
	uint32_t gained;
	uint32_t former_euid;
} cases[] = {
	{ "the same", { 7, 7, 0, 0, 1 }, { 7, 7, 0, 0, 1 }, 0, UINT32_MAX },
	{ "a setuid program",
	  { 0, 0, 0, 1000, 1 },
	  { 7, 7, 0, 0, 1 },
	  FACT_GAINED_PERMITTED | FACT_GAINED_EFFECTIVE,
	  1000 },
	{ "capabilities of the file, not in effect",
	  { 0, 0, 0, 5, 1 },
	  { 4, 0, 0, 5, 1 },
	  FACT_GAINED_PERMITTED,
	  UINT32_MAX },
	{ "one for another",
	  { 1, 1, 0, 5, 1 },
	  { 2, 1, 0, 5, 1 },
	  FACT_GAINED_PERMITTED,
	  UINT32_MAX },
	{ "in effect again",
	  { 3, 1, 0, 5, 1 },
	  { 3, 3, 0, 5, 1 },
	  FACT_GAINED_EFFECTIVE,
	  UINT32_MAX },
	{ "ambient", { 3, 3, 0, 5, 1 }, { 3, 3, 2, 5, 1 }, FACT_GAINED_AMBIENT, UINT32_MAX },
	{ "fewer", { 7, 7, 7, 0, 1 }, { 0, 0, 0, 1000, 1 }, 0, 0 },
	{ "the highest bit",
	  { 0, 0, 0, 5, 1 },
	  { 1ull << 63, 0, 0, 5, 1 },
	  FACT_GAINED_PERMITTED,
	  UINT32_MAX },
	{ "all, in a user namespace of its own",
	  { 0, 0, 0, 5, 1 },
	  { 7, 7, 0, 5, 2 },
	  0,
	  UINT32_MAX },
	{ "nobody knows what was before", NOT_KNOWN, { 7, 7, 7, 0, 1 }, 0, UINT32_MAX },
};

static void check(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct rights_case *c = &cases[i];

		if (process_rights_gained(&c->before, &c->after) != c->gained ||
		    process_rights_former_euid(&c->before, &c->after) != c->former_euid)
			fail_msg("%s", c->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(check) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

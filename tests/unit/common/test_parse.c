/* SPDX-License-Identifier: Apache-2.0 */
#include "common/parse.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct number_case {
	const char *text;
	int want_u64;
	int want_bytes;
	uint64_t value;
} cases[] = {
	{ "0", 0, 0, 0 },
	{ "4096", 0, 0, 4096 },
	{ "18446744073709551615", 0, 0, UINT64_MAX },
	{ "18446744073709551616", -ERANGE, -ERANGE, 0 },
	{ "99999999999999999999", -ERANGE, -ERANGE, 0 },
	{ "64K", -EINVAL, 0, 64 << 10 },
	{ "16M", -EINVAL, 0, 16 << 20 },
	{ "2G", -EINVAL, 0, 2ull << 30 },
	{ "17179869183G", -EINVAL, 0, 17179869183ull << 30 },
	{ "17179869184G", -EINVAL, -ERANGE, 0 },
	{ "", -EINVAL, -EINVAL, 0 },
	{ "K", -EINVAL, -EINVAL, 0 },
	{ "-1", -EINVAL, -EINVAL, 0 },
	{ "+1", -EINVAL, -EINVAL, 0 },
	{ " 1", -EINVAL, -EINVAL, 0 },
	{ "1 ", -EINVAL, -EINVAL, 0 },
	{ "0x10", -EINVAL, -EINVAL, 0 },
	{ "1k", -EINVAL, -EINVAL, 0 },
	{ "1KB", -EINVAL, -EINVAL, 0 },
	{ "1T", -EINVAL, -EINVAL, 0 },
};

static void check(const struct number_case *c, int (*parse)(const char *, uint64_t *), int want)
{
	uint64_t value = 0xa5;

	if (parse(c->text, &value) != want || value != (want == 0 ? c->value : 0xa5))
		fail_msg("'%s'", c->text);
}

static void check_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check(&cases[i], parse_u64, cases[i].want_u64);
		check(&cases[i], parse_bytes, cases[i].want_bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(check_cases) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

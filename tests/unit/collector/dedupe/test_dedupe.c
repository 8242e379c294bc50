/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/dedupe/dedupe.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct dedupe_case {
	const char *name;
	uint64_t mark;
	uint64_t seq;
	struct dedupe_verdict want;
} cases[] = {
	{ "the first batch of all", 0, 1, { .mark = 0 } },
	{ "the next one", 7, 8, { .mark = 7 } },
	{ "the last one again", 7, 7, { .mark = 7, .is_duplicate = true } },
	{ "an old one again", 7, 1, { .mark = 7, .is_duplicate = true } },
	{ "one is missing", 7, 9, { .mark = 7, .missing_first = 8, .missing_last = 8 } },
	{ "many are missing", 7, 100, { .mark = 7, .missing_first = 8, .missing_last = 99 } },
	{ "an unknown sensor starts late",
	  0,
	  500,
	  { .mark = 0, .missing_first = 1, .missing_last = 499 } },
	{ "the highest number there is", INT64_MAX - 1, INT64_MAX, { .mark = INT64_MAX - 1 } },
	{ "the highest number at once",
	  0,
	  INT64_MAX,
	  { .mark = 0, .missing_first = 1, .missing_last = INT64_MAX - 1 } },
};

static const struct dedupe_key key = { .generation = 5, .lane = 1 };

static int get_mark(void *context, const struct dedupe_key *asked, uint64_t *ret_mark)
{
	assert_ptr_equal(asked, &key);
	*ret_mark = *(const uint64_t *)context;
	return 0;
}

static int get_nothing(void *context, const struct dedupe_key *asked, uint64_t *ret_mark)
{
	(void)context;
	(void)asked;
	(void)ret_mark;
	return -EIO;
}

static void check_case(void **state)
{
	struct dedupe_case *c = *state;
	struct dedupe_marks marks = { .context = &c->mark, .get = get_mark };
	struct dedupe_verdict verdict = { .mark = 99, .missing_first = 99, .missing_last = 99 };

	assert_int_equal(dedupe_judge(&marks, &key, c->seq, &verdict), 0);
	assert_int_equal(verdict.mark, c->want.mark);
	assert_int_equal(verdict.is_duplicate, c->want.is_duplicate);
	assert_int_equal(verdict.missing_first, c->want.missing_first);
	assert_int_equal(verdict.missing_last, c->want.missing_last);
}

static void passes_failure_on(void **state)
{
	struct dedupe_marks marks = { .get = get_nothing };
	struct dedupe_verdict verdict = { .mark = 42 };

	(void)state;
	assert_int_equal(dedupe_judge(&marks, &key, 1, &verdict), -EIO);
	assert_int_equal(verdict.mark, 42);
}

#define CASES (sizeof(cases) / sizeof(cases[0]))

int main(void)
{
	struct CMUnitTest tests[CASES + 1];

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ cases[i].name, check_case, NULL, NULL, &cases[i] };
	tests[CASES] = (struct CMUnitTest)cmocka_unit_test(passes_failure_on);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

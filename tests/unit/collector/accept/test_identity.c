/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/accept/identity.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define UUID "0123abcd-4567-89ab-cdef-0123456789ab"

static struct identity_case {
	const char *name;
	const char *uri;
	int want;
} cases[] = {
	{ "a sensor", "spiffe://yagura/sensor/" UUID, 0 },
	{ "another trust domain", "spiffe://agency.example/sensor/" UUID, 0 },
	{ "no trust domain", "spiffe:///sensor/" UUID, -EINVAL },
	{ "no path", "spiffe://yagura", -EINVAL },
	{ "another kind of holder", "spiffe://yagura/collector/" UUID, -EINVAL },
	{ "a deeper path", "spiffe://yagura/x/sensor/" UUID, -EINVAL },
	{ "something behind", "spiffe://yagura/sensor/" UUID "/x", -EINVAL },
	{ "no identity", "spiffe://yagura/sensor/", -EINVAL },
	{ "half an identity", "spiffe://yagura/sensor/0123abcd-4567", -EINVAL },
	{ "not hexadecimal", "spiffe://yagura/sensor/0123abcd-4567-89ab-cdef-0123456789ax",
	  -EINVAL },
	{ "another scheme", "https://yagura/sensor/" UUID, -EINVAL },
	{ "empty", "", -EINVAL },
};

/* An exact-size copy, so that a read behind it is noticed. */
static int parse(const char *uri, size_t length, uint8_t sensor[16])
{
	char *copy = malloc(length + (length == 0));
	int r;

	assert_non_null(copy);
	memcpy(copy, uri, length);
	r = identity_parse(copy, length, sensor);
	free(copy);
	return r;
}

static void check_case(void **state)
{
	static const uint8_t want[16] = { 0x01, 0x23, 0xab, 0xcd, 0x45, 0x67, 0x89, 0xab,
					  0xcd, 0xef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab };
	const struct identity_case *c = *state;
	uint8_t sensor[16] = { 0 };

	assert_int_equal(parse(c->uri, strlen(c->uri), sensor), c->want);
	if (c->want == 0)
		assert_memory_equal(sensor, want, sizeof(want));
	for (size_t cut = 0; c->want == 0 && cut < strlen(c->uri); cut++)
		assert_int_equal(parse(c->uri, cut, sensor), -EINVAL);
}

static void hidden_ends_are_refused(void **state)
{
	static const char uri[] = "spiffe://yagura/sensor/" UUID "\0.example";
	char long_uri[1024] = "spiffe://";
	uint8_t sensor[16];

	(void)state;
	assert_int_equal(parse(uri, sizeof(uri) - 1, sensor), -EINVAL);
	memset(long_uri + 9, 'x', sizeof(long_uri) - 9);
	assert_int_equal(parse(long_uri, sizeof(long_uri), sensor), -EINVAL);
}

#define CASES (sizeof(cases) / sizeof(cases[0]))

int main(void)
{
	struct CMUnitTest tests[CASES + 1];

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ cases[i].name, check_case, NULL, NULL, &cases[i] };
	tests[CASES] = (struct CMUnitTest)cmocka_unit_test(hidden_ends_are_refused);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

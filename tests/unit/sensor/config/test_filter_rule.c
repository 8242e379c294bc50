/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/config/filter_rule.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* What stands for the rule's value: prefix length, port and protocol, user, or whether a path. */
static struct rule_case {
	const char *text;
	int kind; /* enum filter_rule_kind, or -1: refused */
	unsigned value;
	unsigned protocol;
} cases[] = {
	{ "address 192.0.2.0/24", FILTER_RULE_ADDRESS, 120, 0 },
	{ "address 192.0.2.7", FILTER_RULE_ADDRESS, 128, 0 },
	{ "address 0.0.0.0/0", FILTER_RULE_ADDRESS, 96, 0 },
	{ "address ::/0", FILTER_RULE_ADDRESS, 0, 0 },
	{ "address 2001:db8::/32", FILTER_RULE_ADDRESS, 32, 0 },
	{ "address ::ffff:192.0.2.0/120", FILTER_RULE_ADDRESS, 120, 0 },
	{ "address\t2001:db8::1", FILTER_RULE_ADDRESS, 128, 0 },
	{ "address 192.0.2.1/24", -1, 0, 0 },
	{ "address 192.0.2.0/33", -1, 0, 0 },
	{ "address 2001:db8::/129", -1, 0, 0 },
	{ "address 192.0.2.0/", -1, 0, 0 },
	{ "address 192.0.2/24", -1, 0, 0 },
	{ "address example.org", -1, 0, 0 },
	{ "address 1111:2222:3333:4444:5555:6666:7777:8888:9999:0000/1", -1, 0, 0 },
	{ "address", -1, 0, 0 },
	{ "port 53", FILTER_RULE_PORT, 53, 0 },
	{ "port tcp/65535", FILTER_RULE_PORT, 65535, 6 },
	{ "port udp/1", FILTER_RULE_PORT, 1, 17 },
	{ "port 0", -1, 0, 0 },
	{ "port 65536", -1, 0, 0 },
	{ "port sctp/1", -1, 0, 0 },
	{ "port tcp/udp/1", -1, 0, 0 },
	{ "port -1", -1, 0, 0 },
	{ "uid 0", FILTER_RULE_UID, 0, 0 },
	{ "uid 4294967294", FILTER_RULE_UID, 4294967294u, 0 },
	{ "uid 4294967295", -1, 0, 0 },
	{ "uid root", -1, 0, 0 },
	{ "cgroup /", FILTER_RULE_CGROUP, 1, 0 },
	{ "cgroup system.slice", -1, 0, 0 },
	{ "executable /usr/bin/two words", FILTER_RULE_EXECUTABLE, 1, 0 },
	{ "executable curl", -1, 0, 0 },
	{ "addresses 192.0.2.0/24", -1, 0, 0 },
	{ "addr 192.0.2.0/24", -1, 0, 0 },
	{ "", -1, 0, 0 },
};

static unsigned value_of(const struct filter_rule *rule)
{
	switch (rule->kind) {
	case FILTER_RULE_ADDRESS:
		return rule->prefix_bits;
	case FILTER_RULE_PORT:
		return rule->port;
	case FILTER_RULE_UID:
		return rule->uid;
	case FILTER_RULE_CGROUP:
	case FILTER_RULE_EXECUTABLE:
		break;
	}
	return rule->path[0] == '/';
}

static void check_case(void **state)
{
	const struct rule_case *c = *state;
	struct filter_rule rule = { .uid = 77 };
	const char *wanted = NULL;

	if (c->kind < 0) {
		assert_int_equal(filter_rule_parse(c->text, &rule, &wanted), -EINVAL);
		assert_non_null(wanted);
		assert_int_equal(rule.uid, 77);
		return;
	}
	assert_int_equal(filter_rule_parse(c->text, &rule, &wanted), 0);
	assert_int_equal(rule.kind, c->kind);
	assert_int_equal(value_of(&rule), c->value);
	assert_int_equal(rule.protocol, c->protocol);
}

static void ipv4_is_mapped(void **state)
{
	static const uint8_t want[16] = { [10] = 0xff, 0xff, 192, 0, 2, 7 };
	struct filter_rule rule;
	const char *wanted;

	(void)state;
	assert_int_equal(filter_rule_parse("address 192.0.2.7", &rule, &wanted), 0);
	assert_memory_equal(rule.addr, want, sizeof(want));
}

#define CASES (sizeof(cases) / sizeof(*cases))

int main(void)
{
	struct CMUnitTest tests[CASES + 1] = { [CASES] = cmocka_unit_test(ipv4_is_mapped) };

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ *cases[i].text ? cases[i].text : "nothing",
						check_case, NULL, NULL, &cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

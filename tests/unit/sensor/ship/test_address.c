/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/ship/address.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define LABEL_63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define NAME_253                                                                                   \
	LABEL_63 "." LABEL_63 "." LABEL_63                                                         \
		 ".bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct address_case {
	const char *name;
	const char *text;
	int want;
	int family; /* 0: a name */
	const char *host;
	uint16_t port;
} cases[] = {
	{ "IPv4", "192.0.2.7:7443", 0, AF_INET, "", 7443 },
	{ "IPv6", "[2001:db8::7]:65535", 0, AF_INET6, "", 65535 },
	{ "name", "collector.example.org:1", 0, 0, "collector.example.org", 1 },
	{ "longest name", NAME_253 ":7443", 0, 0, NAME_253, 7443 },
	{ "name one too long", "a" NAME_253 ":7443", -EINVAL },
	{ "empty", "", -EINVAL },
	{ "no host", ":7443", -EINVAL },
	{ "name without port", "collector", -EINVAL },
	{ "IPv4 without port", "192.0.2.7", -EINVAL },
	{ "IPv6 without port", "2001:db8::7", -EINVAL },
	{ "IPv6 in brackets without port", "[2001:db8::7]", -EINVAL },
	{ "port 0", "collector:0", -EINVAL },
	{ "IPv4 port 0", "192.0.2.7:0", -EINVAL },
	{ "port too large", "collector:65536", -EINVAL },
	{ "port with sign", "collector:+80", -EINVAL },
	{ "port with rest", "collector:80/", -EINVAL },
	{ "port missing", "collector:", -EINVAL },
	{ "two colons", "collector:80:80", -EINVAL },
	{ "URL", "https://collector:443", -EINVAL },
	{ "blank in the name", "coll ector:443", -EINVAL },
	{ "bracket left open", "[2001:db8::7:443", -EINVAL },
};

static void check_case(void **state)
{
	const struct address_case *c = *state;
	struct address address;

	memset(&address, 0x5a, sizeof(address));
	assert_int_equal(address_parse(c->text, &address), c->want);
	if (c->want < 0) {
		assert_int_equal(address.port, 0x5a5a); /* never clobbered on failure */
		return;
	}
	assert_int_equal(address.is_numeric, c->family != 0);
	assert_int_equal(address.port, c->port);
	if (c->family != 0)
		assert_int_equal(address.numeric.ss_family, c->family);
	else
		assert_string_equal(address.host, c->host);
}

int main(void)
{
	struct CMUnitTest tests[sizeof(cases) / sizeof(*cases)];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		tests[i] = (struct CMUnitTest){ cases[i].name, check_case, NULL, NULL, &cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

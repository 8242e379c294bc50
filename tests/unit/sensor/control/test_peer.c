/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/control/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static const struct peer_policy full = {
	.own_uid = 990,
	.viewer_gid = 101,
	.operator_gid = 102,
	.admin_gid = 103,
};

static const struct peer_policy empty = {
	.own_uid = 990,
	.viewer_gid = PEER_NO_GROUP,
	.operator_gid = PEER_NO_GROUP,
	.admin_gid = PEER_NO_GROUP,
};

static struct role_case {
	const char *name;
	const struct peer_policy *policy;
	struct peer peer;
	enum control_role want;
} cases[] = {
	{ "root", &full, { 0, { 0 }, 1 }, CONTROL_ADMIN },
	{ "root without any group configured", &empty, { 0, { 0 }, 1 }, CONTROL_ADMIN },
	{ "the daemon's own user", &full, { 990, { 990 }, 1 }, CONTROL_ADMIN },
	{ "no group of ours", &full, { 1000, { 1000, 27 }, 2 }, CONTROL_NOBODY },
	{ "no group at all", &full, { 1000, { 0 }, 0 }, CONTROL_NOBODY },
	{ "root's group is not root", &full, { 1000, { 0 }, 1 }, CONTROL_NOBODY },
	{ "viewer by primary group", &full, { 1000, { 101 }, 1 }, CONTROL_VIEWER },
	{ "viewer by last group", &full, { 1000, { 5, 6, 7, 101 }, 4 }, CONTROL_VIEWER },
	{ "a group beyond the count", &full, { 1000, { 5, 103 }, 1 }, CONTROL_NOBODY },
	{ "operator", &full, { 1000, { 102 }, 1 }, CONTROL_OPERATOR },
	{ "admin", &full, { 1000, { 103 }, 1 }, CONTROL_ADMIN },
	{ "the highest of several", &full, { 1000, { 101, 103, 102 }, 3 }, CONTROL_ADMIN },
	{ "a missing group matches nobody", &empty, { 1000, { (gid_t)-1 }, 1 }, CONTROL_NOBODY },
};

static void check_case(void **state)
{
	const struct role_case *c = *state;

	assert_int_equal(peer_role(c->policy, &c->peer), c->want);
}

static void test_identify(void **state)
{
	static struct peer peer;
	int pair[2];
	int found = 0;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(peer_identify(pair[0], &peer), 0);
	assert_int_equal(peer.uid, geteuid());
	for (int i = 0; i < peer.group_count; i++)
		found += peer.groups[i] == getegid();
	assert_true(found > 0);
	close(pair[0]);
	close(pair[1]);
	assert_true(peer_identify(-1, &peer) < 0);
}

static void test_policy(void **state)
{
	const struct control_options options = {
		.viewer_group = "root",
		.operator_group = "",
		.admin_group = "there is no such group",
	};
	struct peer_policy policy;

	(void)state;
	peer_policy_read(&options, &policy);
	assert_int_equal(policy.own_uid, geteuid());
	assert_int_equal(policy.viewer_gid, 0);
	assert_int_equal(policy.operator_gid, PEER_NO_GROUP);
	assert_int_equal(policy.admin_gid, PEER_NO_GROUP);
}

int main(void)
{
	struct CMUnitTest tests[sizeof(cases) / sizeof(*cases) + 2];
	size_t count = 0;

	for (; count < sizeof(cases) / sizeof(*cases); count++)
		tests[count] = (struct CMUnitTest){ cases[count].name, check_case, NULL, NULL,
						    &cases[count] };
	tests[count++] =
		(struct CMUnitTest){ "the kernel says who", test_identify, NULL, NULL, NULL };
	tests[count++] = (struct CMUnitTest){ "groups by name", test_policy, NULL, NULL, NULL };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

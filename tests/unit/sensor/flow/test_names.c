/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/flow/names.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECOND 1000000000ull

struct answer {
	const char *name, *type, *data, *ttl;
};

/* IPv4 as mapped IPv6. */
static const uint8_t client[16] = { 1 };

static const uint8_t *addr_of(const char *string)
{
	static uint8_t addr[16];
	char mapped[64];

	snprintf(mapped, sizeof(mapped), "%s%s", strchr(string, ':') ? "" : "::ffff:", string);
	assert_int_equal(inet_pton(AF_INET6, mapped, addr), 1);
	return addr;
}

static struct name_key key_of(const char *string)
{
	struct name_key key;

	memcpy(key.client, client, sizeof(key.client));
	memcpy(key.addr, addr_of(string), sizeof(key.addr));
	return key;
}

static void learn(struct flow_names *names, const struct answer *answers, uint64_t now_ns)
{
	struct marks marks = { 0 };

	for (; answers->name; answers++) {
		marks_add_string(&marks, MARK_DNS_ANSWER_NAME, answers->name);
		marks_add_string(&marks, MARK_DNS_ANSWER_TYPE, answers->type);
		marks_add_string(&marks, MARK_DNS_ANSWER_DATA, answers->data);
		marks_add_string(&marks, MARK_DNS_ANSWER_TTL, answers->ttl);
	}
	flow_names_learn_marks(names, client, &marks, UINT64_MAX, now_ns);
	marks_done(&marks);
}

static void assert_name(const struct flow_names *names, const char *addr, uint64_t now_ns,
			const char *want)
{
	struct name_key key = key_of(addr);
	struct text name = flow_names_find(names, &key, now_ns);

	assert_int_equal(name.length, strlen(want));
	assert_memory_equal(name.at, want, name.length);
}

static int set_up(void **state)
{
	*state = flow_names_new(3);
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	flow_names_free(*state);
	return 0;
}

static void addresses_are_called_what_was_asked_for(void **state)
{
	static const struct answer answers[] = {
		{ "www.example", "CNAME", "a.cdn.example", "60" },
		{ "A.cdn.example", "CNAME", "b.cdn.example", "60" },
		{ "b.CDN.example", "A", "192.0.2.1", "60" },
		{ "b.cdn.example", "AAAA", "2001:db8::1", "60" },
		{ "other.example", "A", "192.0.2.2", "60" },
		{ NULL },
	};

	learn(*state, answers, 1);
	assert_name(*state, "192.0.2.1", 2, "www.example");
	assert_name(*state, "2001:db8::1", 2, "www.example");
	assert_name(*state, "192.0.2.2", 2, "other.example");
	assert_name(*state, "192.0.2.3", 2, "");
}

static void a_name_holds_for_its_ttl_or_ten_minutes(void **state)
{
	static const struct answer answers[] = {
		{ "short.example", "A", "192.0.2.1", "5" },
		{ "long.example", "A", "192.0.2.2", "3600" },
		{ "ever.example", "A", "192.0.2.3", "4294967295" },
		{ NULL },
	};

	learn(*state, answers, 0);
	assert_name(*state, "192.0.2.1", 600 * SECOND - 1, "short.example");
	assert_name(*state, "192.0.2.1", 600 * SECOND, "");
	assert_name(*state, "192.0.2.2", 3600 * SECOND - 1, "long.example");
	assert_name(*state, "192.0.2.2", 3600 * SECOND, "");
	assert_name(*state, "192.0.2.3", 7 * 24 * 3600 * SECOND - 1, "ever.example");
	assert_name(*state, "192.0.2.3", 7 * 24 * 3600 * SECOND, "");
}

static void the_latest_answer_counts(void **state)
{
	static const struct answer before[] = { { "a.example", "A", "192.0.2.1", "60" }, { NULL } };
	static const struct answer after[] = { { "bb.example", "A", "192.0.2.1", "60" }, { NULL } };

	learn(*state, before, 1);
	learn(*state, after, 2);
	assert_name(*state, "192.0.2.1", 3, "bb.example");
	assert_int_equal(flow_names_count(*state), 1);
}

static void the_oldest_gives_way(void **state)
{
	static const char *const addrs[] = { "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.1",
					     "192.0.2.4" };

	for (size_t i = 0; i < sizeof(addrs) / sizeof(*addrs); i++) {
		struct answer answers[] = { { "a.example", "A", addrs[i], "60" }, { NULL } };

		learn(*state, answers, i);
	}
	assert_int_equal(flow_names_count(*state), 3);
	assert_name(*state, "192.0.2.1", 9, "a.example");
	assert_name(*state, "192.0.2.2", 9, "");
	assert_name(*state, "192.0.2.4", 9, "a.example");
}

static void what_is_no_address_is_not_learned(void **state)
{
	static const struct answer answers[] = {
		{ "a.example", "A", "192.0.2", "60" },
		{ "a.example", "A", "2001:db8::1", "60" },
		{ "a.example", "AAAA", "192.0.2.1", "60" },
		{ "a.example", "MX", "10 192.0.2.1", "60" },
		{ "a.example", "TXT", "192.0.2.1", "60" },
		{ "a.example", "A",
		  "192.0.2.1 and much more that would not fit where an address does", "60" },
		{ "", "A", "192.0.2.9", "60" },
		{ NULL },
	};

	learn(*state, answers, 1);
	assert_int_equal(flow_names_count(*state), 0);
}

static void aliases_in_a_circle_come_to_an_end(void **state)
{
	static const struct answer answers[] = {
		{ "a.example", "CNAME", "b.example", "60" },
		{ "b.example", "CNAME", "a.example", "60" },
		{ "b.example", "A", "192.0.2.1", "60" },
		{ NULL },
	};

	learn(*state, answers, 1);
	assert_name(*state, "192.0.2.1", 2, "b.example");
}

static void what_one_host_was_told_another_was_not(void **state)
{
	struct text name = { "a.example", 9 };
	struct name_key key = key_of("192.0.2.1");

	assert_int_equal(flow_names_learn(*state, &key, name, 9), 0);
	assert_name(*state, "192.0.2.1", 2, "a.example");
	key.client[0]++;
	assert_int_equal(flow_names_find(*state, &key, 2).length, 0);
}

static void what_nobody_asked_for_names_nothing(void **state)
{
	static const char *const addresses[] = { "192.0.2.1", "192.0.2.2" };
	struct marks marks = { 0 };

	for (int i = 0; i < 2; i++) {
		marks_add_string(&marks, MARK_DNS_ANSWER_NAME, "a.example");
		marks_add_string(&marks, MARK_DNS_ANSWER_TYPE, "A");
		marks_add_string(&marks, MARK_DNS_ANSWER_DATA, addresses[i]);
		marks_add_string(&marks, MARK_DNS_ANSWER_TTL, "60");
	}
	flow_names_learn_marks(*state, client, &marks, 1 << 1, 1);
	assert_name(*state, addresses[0], 2, "");
	assert_name(*state, addresses[1], 2, "a.example");
	marks_done(&marks);
}

static void incomplete_lists_are_read_as_far_as_they_go(void **state)
{
	struct marks marks = { 0 };

	marks_add_string(&marks, MARK_DNS_ANSWER_NAME, "a.example");
	marks_add_string(&marks, MARK_DNS_ANSWER_TYPE, "A");
	marks_add_string(&marks, MARK_DNS_ANSWER_DATA, "192.0.2.1");
	flow_names_learn_marks(*state, client, &marks, UINT64_MAX, 1);
	assert_int_equal(flow_names_count(*state), 0);
	marks_add_string(&marks, MARK_DNS_ANSWER_TTL, "60");
	flow_names_learn_marks(*state, client, &marks, UINT64_MAX, 1);
	assert_int_equal(flow_names_count(*state), 1);
	marks_done(&marks);
}

static void no_room_learns_nothing(void **state)
{
	struct flow_names *names = flow_names_new(0);
	const struct name_key key = key_of("::1");
	struct text name = { "a", 1 };

	(void)state;
	assert_non_null(names);
	assert_int_equal(flow_names_learn(names, &key, name, 9), 0);
	assert_int_equal(flow_names_count(names), 0);
	flow_names_free(names);
	flow_names_free(NULL);
}

#define NAMES_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMES_TEST(addresses_are_called_what_was_asked_for),
		NAMES_TEST(a_name_holds_for_its_ttl_or_ten_minutes),
		NAMES_TEST(the_latest_answer_counts),
		NAMES_TEST(the_oldest_gives_way),
		NAMES_TEST(what_is_no_address_is_not_learned),
		NAMES_TEST(aliases_in_a_circle_come_to_an_end),
		NAMES_TEST(what_one_host_was_told_another_was_not),
		NAMES_TEST(what_nobody_asked_for_names_nothing),
		NAMES_TEST(incomplete_lists_are_read_as_far_as_they_go),
		cmocka_unit_test(no_room_learns_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

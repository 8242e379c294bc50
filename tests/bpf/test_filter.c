/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filter rules, from their text to the verdict on real connections and processes. What a rule keeps
 * away is looked for up to an event that was made later and is told: each case has its own proof
 * that it would have been seen.
 */
#include "bpf/datagram_case.h"
#include "bpf/flow_case.h"
#include "bpf/group_case.h"
#include "bpf/kernel_case.h"

#include "sensor/keeper/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* In rules @PORT is the server's port, @SELF this program, @GROUP its control group. */
struct filter_case {
	const char *name;
	const char *drop;
	const char *keep;
	bool drops_by_default;
	int family; /* of the connection; 0: a process is run instead */
	bool is_told;
	bool is_udp;
};

static const struct filter_case cases[] = {
	{ "flow: no rule", "", "", false, AF_INET, true },
	{ "flow: IPv4 network", "address 127.0.0.0/8", "", false, AF_INET, false },
	{ "flow: IPv4 network, IPv6 flow", "address 127.0.0.0/8", "", false, AF_INET6, true },
	{ "flow: another IPv4 address", "address 127.0.0.2", "", false, AF_INET, true },
	{ "flow: IPv4-mapped address", "address ::ffff:127.0.0.1", "", false, AF_INET, false },
	{ "flow: IPv4-mapped network", "address ::ffff:127.0.0.0/104", "", false, AF_INET, false },
	{ "flow: IPv6 address", "address ::1", "", false, AF_INET6, false },
	{ "flow: every IPv4 address, IPv6 flow", "address 0.0.0.0/0", "", false, AF_INET6, true },
	{ "flow: every address at all", "address ::/0", "", false, AF_INET, false },
	{ "flow: the longest prefix speaks", "address 127.0.0.0/8\naddress ::1",
	  "address 127.0.0.1", false, AF_INET, true },
	{ "flow: port", "port @PORT", "", false, AF_INET, false },
	{ "flow: port of TCP", "port tcp/@PORT", "", false, AF_INET6, false },
	{ "flow: port of UDP", "port udp/@PORT", "", false, AF_INET, true },
	{ "flow: user", "uid 0", "", false, AF_INET, false },
	{ "flow: another user", "uid 54321", "", false, AF_INET, true },
	{ "flow: control group", "cgroup @GROUP", "", false, AF_INET, false },
	{ "flow: executable", "executable @SELF", "", false, AF_INET, false },
	{ "flow: another executable", "executable /bin/true", "", false, AF_INET, true },
	{ "flow: keep wins over drop", "port @PORT", "uid 0", false, AF_INET, true },
	{ "flow: nothing by default", "", "", true, AF_INET, false },
	{ "flow: nothing but one port", "", "port @PORT", true, AF_INET, true },
	{ "datagrams: no rule", "", "", false, AF_INET, true, true },
	{ "datagrams: port", "port @PORT", "", false, AF_INET, false, true },
	{ "datagrams: port of UDP", "port udp/@PORT", "", false, AF_INET6, false, true },
	{ "datagrams: port of TCP", "port tcp/@PORT", "", false, AF_INET, true, true },
	{ "datagrams: IPv4 network", "address 127.0.0.0/8", "", false, AF_INET, false, true },
	{ "datagrams: IPv6 address", "address ::1", "", false, AF_INET6, false, true },
	{ "datagrams: user", "uid 0", "", false, AF_INET, false, true },
	{ "datagrams: control group", "cgroup @GROUP", "", false, AF_INET, false, true },
	{ "datagrams: executable", "executable @SELF", "", false, AF_INET, false, true },
	{ "process: no rule", "", "", false, 0, true },
	{ "process: executable", "executable /bin/true", "", false, 0, false },
	{ "process: another executable", "executable @SELF", "", false, 0, true },
	{ "process: user", "uid 0", "", false, 0, false },
	{ "process: another user", "uid 54321", "", false, 0, true },
	{ "process: control group", "cgroup @GROUP", "", false, 0, false },
	{ "process: keep wins over drop", "uid 0", "executable /bin/true", false, 0, true },
	{ "process: nothing but one", "", "executable @SELF", true, 0, false },
	{ "process: rules for flows say nothing", "port 1", "port 2", true, 0, true },
};

static struct probe_fixture *fixture;

static void replace(char *text, size_t size, const char *word, const char *with)
{
	char copy[1024];
	char *at = strstr(text, word);

	if (!at)
		return;
	snprintf(copy, sizeof(copy), "%.*s%s%s", (int)(at - text), text, with, at + strlen(word));
	snprintf(text, size, "%s", copy);
}

static void fill_in(const char *rules, in_port_t port, char ret_text[1024])
{
	char number[16], self[512] = "", group[512];

	snprintf(ret_text, 1024, "%s", rules);
	snprintf(number, sizeof(number), "%u", port ? ntohs(port) : 1);
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	group_own_path(group, sizeof(group));
	replace(ret_text, 1024, "@PORT", number);
	replace(ret_text, 1024, "@SELF", self);
	replace(ret_text, 1024, "@GROUP", group);
}

static void set_rules(const struct filter_case *c, in_port_t port)
{
	char drop[1024], keep[1024];

	fill_in(c->drop, port, drop);
	fill_in(c->keep, port, keep);
	policy_set(fixture, (struct policy){ .drop = drop,
					     .keep = keep,
					     .drops_by_default = c->drops_by_default });
}

static void set_nothing(void)
{
	policy_set(fixture, (struct policy){ 0 });
}

static uint64_t counted(enum counter counter)
{
	struct counters counters;

	loader_counters(fixture->loader, &counters);
	return counters.value[counter];
}

static int bound(const struct filter_case *c)
{
	struct sockaddr_storage address;
	socklen_t size = loopback(c->family, 0, &address);
	int fd;

	if (!c->is_udp)
		return listening(c->family);
	fd = socket(c->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	return fd;
}

/* One datagram; the port it came from. */
static in_port_t send_once(int family, int server)
{
	int client = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_storage address;
	socklen_t size = loopback(family, local_port(server), &address);
	in_port_t port;
	char byte = 0;

	assert_int_equal(connect(client, (struct sockaddr *)&address, size), 0);
	assert_int_equal(send(client, &byte, 1, 0), 1);
	assert_int_equal(recv(server, &byte, 1, 0), 1);
	port = local_port(client);
	close(client);
	for (int pass = 0; pass < 2 && !first_flow_is_apart(); pass++)
		sweep_datagrams(fixture); /* tells of ends there */
	return port;
}

/* A connection to the listener; the port it came from. */
static in_port_t connect_once(int family, int listener)
{
	int client = connected(family, local_port(listener));
	in_port_t port;

	assert_true(client >= 0);
	port = local_port(client);
	close(accept(listener, NULL, NULL));
	close(client);
	return port;
}

struct wanted_pair {
	struct wanted_flow first;
	struct wanted_flow second;
};

static bool is_either_flow(const struct decoded_event *event, const void *context)
{
	const struct wanted_pair *pair = context;

	return flow_is_wanted(event, &pair->first) || flow_is_wanted(event, &pair->second);
}

static void check_flow(const struct filter_case *c)
{
	in_port_t (*speak)(int, int) = c->is_udp ? send_once : connect_once;
	/* There the current task is an address: flows are told, whatever program they are of. */
	bool is_told = c->is_told || (!executables_are_filtered() && strstr(c->drop, "executable"));
	uint64_t filtered = counted(COUNTER_FILTERED_FLOW);
	struct wanted_pair pair;
	int listener;

	set_rules(c, 0); /* who listens is looked at as it begins to */
	listener = bound(c);
	set_rules(c, local_port(listener));
	pair.first = (struct wanted_flow){ FLOW_EGRESS, speak(c->family, listener),
					   local_port(listener) };
	set_nothing();
	pair.second = (struct wanted_flow){ FLOW_EGRESS, speak(c->family, listener),
					    local_port(listener) };
	assert_true(probe_fixture_find(fixture, EVENT_RING_BULK, is_either_flow, &pair, 5000));
	assert_int_equal(flow_is_wanted(&fixture->event, &pair.first), is_told);
	if (!is_told) /* at both ends */
		assert_true(counted(COUNTER_FILTERED_FLOW) >= filtered + 2);
	close(listener);
}

static pid_t run_true(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/true", "true", NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return pid;
}

static bool is_of(const struct decoded_event *event, const void *context)
{
	uint32_t pid = (uint32_t) * (const pid_t *)context;

	switch (event->kind) {
	case EVENT_FORK:
		return event->fork.process.pid == pid;
	case EVENT_EXEC:
		return event->exec.fixed.process.pid == pid;
	case EVENT_EXIT:
	case EVENT_GONE:
		return event->exit.process.pid == pid;
	case EVENT_SNAPSHOT:
	case EVENT_CGROUP:
	case EVENT_THROTTLE:
	case EVENT_FLOW:
	case EVENT_BYTES:
	case EVENT_KIND_NONE:
	case EVENT_KIND_COUNT:
		break;
	}
	return false;
}

static enum event_kind next_of(pid_t pid)
{
	assert_true(probe_fixture_find(fixture, EVENT_RING_VALUABLE, is_of, &pid, 5000));
	return fixture->event.kind;
}

/* The fork always comes, and its end: whoever keeps processes must not keep it for ever. */
static void check_process(const struct filter_case *c)
{
	uint64_t execs = counted(COUNTER_FILTERED_EXEC), exits = counted(COUNTER_FILTERED_EXIT);
	pid_t pid;

	set_rules(c, 0);
	pid = run_true();
	set_nothing();
	assert_int_equal(next_of(pid), EVENT_FORK);
	if (c->is_told)
		assert_int_equal(next_of(pid), EVENT_EXEC);
	assert_int_equal(next_of(pid), c->is_told ? EVENT_EXIT : EVENT_GONE);
	if (!c->is_told) {
		assert_true(counted(COUNTER_FILTERED_EXEC) > execs);
		assert_true(counted(COUNTER_FILTERED_EXIT) > exits);
	}
}

static void check_case(void **state)
{
	const struct filter_case *c = *state;

	if (c->family)
		check_flow(c);
	else
		check_process(c);
}

static uint32_t filters_with_rules(void)
{
	struct live_config live;

	assert_int_equal(rules_live(fixture->loader, &live), 0);
	return live.filters;
}

static void rules_take_the_place_of_others(void **state)
{
	const struct keeper_rule uid = { FILTER_UID, FILTER_KEEP, .key.uid = 5 };
	const struct keeper_rule both[] = { { FILTER_PORT, FILTER_DROP, .key.port.port = 1 }, uid };

	(void)state;
	assert_int_equal(rules_replace(fixture->loader, both, 2), 0);
	assert_int_equal(filters_with_rules(), 1u << FILTER_PORT | 1u << FILTER_UID);
	assert_int_equal(rules_replace(fixture->loader, &uid, 1), 0);
	assert_int_equal(filters_with_rules(), 1u << FILTER_UID);
	assert_int_equal(rules_replace(fixture->loader, NULL, 0), 0);
	assert_int_equal(filters_with_rules(), 0);
}

static void what_is_no_rule_is_refused(void **state)
{
	const struct keeper_rule uid = { FILTER_UID, FILTER_KEEP, .key.uid = 5 };
	const struct keeper_rule wrong[] = {
		{ FILTER_UID, FILTER_NONE, .key.uid = 6 },
		{ FILTER_COUNT, FILTER_DROP, .key.uid = 6 },
		{ FILTER_ADDRESS, FILTER_DROP, .key.address.prefix_bits = 129 },
	};

	(void)state;
	assert_int_equal(rules_replace(fixture->loader, &uid, 1), 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(rules_replace(fixture->loader, &wrong[i], 1), -EINVAL);
	assert_int_equal(filters_with_rules(), 1u << FILTER_UID);
	set_nothing();
}

/* Which maps have rules is the keeper's own to say. */
static void knobs_leave_the_filters_alone(void **state)
{
	struct live_config live;

	(void)state;
	assert_int_equal(rules_live(fixture->loader, &live), 0);
	live.filters = ~0u;
	live.flow_burst = 77;
	assert_int_equal(rules_live_set(fixture->loader, &live), 0);
	assert_int_equal(rules_live(fixture->loader, &live), 0);
	assert_int_equal(live.filters, 0);
	assert_int_equal(live.flow_burst, 77);
	live.filter_default = FILTER_NONE;
	assert_int_equal(rules_live_set(fixture->loader, &live), -EINVAL);
	set_nothing();
}

/* A group's state would hide the cases. */
static int set_up(void **state)
{
	int r = probe_fixture_setup(state);

	fixture = *state;
	*state = NULL;
	return r;
}

static int tear_down(void **state)
{
	*state = fixture;
	return probe_fixture_teardown(state);
}

#define CASES (sizeof(cases) / sizeof(*cases))

int main(void)
{
	struct CMUnitTest tests[CASES + 3] = {
		[CASES] = cmocka_unit_test(rules_take_the_place_of_others),
		cmocka_unit_test(what_is_no_rule_is_refused),
		cmocka_unit_test(knobs_leave_the_filters_alone),
	};

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ cases[i].name, check_case, NULL, NULL,
						(void *)(uintptr_t)&cases[i] };
	return cmocka_run_group_tests(tests, set_up, tear_down);
}

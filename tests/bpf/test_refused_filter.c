/* SPDX-License-Identifier: Apache-2.0 */
/* Filters of attempts at closed ports: there is no socket and no process, only addresses and
 * ports. */
#include "bpf/datagram_case.h"
#include "bpf/group_case.h"
#include "bpf/kernel_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <unistd.h>

#define PORT_A 20011 /* nobody listens there: a network namespace of our own */
#define PORT_B 20022
#define IDLE_MS 100

static struct refused_case {
	const char *name;
	const char *drop;
	const char *keep;
	bool drops_by_default;
	unsigned int told; /* of one attempt at each port */
} cases[] = {
	{ "no rule", "", "", false, 2 },
	{ "the network", "address 127.0.0.0/8", "", false, 0 },
	{ "another network", "address 10.0.0.0/8", "", false, 2 },
	{ "one port", "port 20011", "", false, 1 },
	{ "one port of TCP", "port tcp/20011", "", false, 1 },
	{ "one port of UDP", "port udp/20011", "", false, 2 },
	{ "keep wins over drop", "address 127.0.0.1", "port 20022", false, 1 },
	{ "nothing by default", "", "", true, 0 },
	{ "nothing but one port", "", "port 20022", true, 1 },
	{ "users are not known", "uid 0", "", false, 2 },
	{ "nor are programs", "executable /bin/true", "", false, 2 },
};

static struct probe_fixture *shared;

static void knock(in_port_t port)
{
	assert_int_equal(connected(AF_INET, htons(port)), -1);
}

static uint64_t filtered(void)
{
	struct counters counters;

	loader_counters(shared->loader, &counters);
	return counters.value[COUNTER_FILTERED_FLOW];
}

/* The client has flows of its own that meet the same rules, and are counted as well. */
static void attempts_are_filtered(void **state)
{
	const struct refused_case *row = *state;
	struct told told = { .netns = own_netns(), .last_only = true };
	uint64_t received = 0, before;

	policy_set(shared, (struct policy){ .drop = row->drop,
					    .keep = row->keep,
					    .drops_by_default = row->drops_by_default });
	probe_fixture_drain(shared);
	before = filtered();
	knock(PORT_A);
	knock(PORT_B);
	assert_true(filtered() - before >= 2 - row->told);
	usleep((IDLE_MS + 50) * 1000);
	sweep_datagrams(shared);
	sweep_datagrams(shared);
	policy_set(shared, (struct policy){ 0 });
	told_read(shared, &told);
	for (size_t i = 0; i < told.count; i++)
		if (told.flow[i].state == FLOW_STATE_REFUSED)
			received += told.flow[i].received_packets;
	assert_int_equal(received, refusals_are_seen() && !is_confidential() ? row->told : 0);
}

#define CASES (sizeof(cases) / sizeof(*cases))

int main(void)
{
	struct CMUnitTest tests[CASES];

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ cases[i].name, attempts_are_filtered, NULL, NULL,
						&cases[i] };
	probe_fixture_options.refused_idle_ms = IDLE_MS;
	enter_netns();
	return datagram_tests("refused_filter", tests, CASES, &shared);
}

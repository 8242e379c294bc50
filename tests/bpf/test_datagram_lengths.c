/* SPDX-License-Identifier: Apache-2.0 */
/* Lengths and times of a flow's first datagrams, and the kind of the first one's bytes: at both
 * ends, in a socket's own storage and in the table of all others. */
#include "bpf/datagram_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <unistd.h>

#include "bpf/lib/shape.h"
#include "bpf/lib/splt.h"

static struct probe_fixture *shared;

/* What one end sends, or is answered: below 0. */
static void exchange(int client, int server, in_port_t port, const int *lengths, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (lengths[i] > 0) {
			send_to(client, AF_INET, port, (size_t)lengths[i]);
			assert_int_equal(take_and_answer(server, i + 1 < count && lengths[i + 1] < 0
									 ? -lengths[i + 1]
									 : -1),
					 lengths[i]);
		} else {
			assert_int_equal(take_and_answer(client, -1), -lengths[i]);
		}
		usleep(2000);
	}
}

static void check(const struct event_flow *flow, const int *lengths, size_t count)
{
	assert_int_equal(flow->splt.count, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(flow->splt.length[i], lengths[i]);
		/* 2 ms between what is sent; an answer leaves at once. */
		assert_true(i == 0 || lengths[i] < 0 || flow->splt.gap[i] >= 11);
	}
	assert_int_equal(flow->splt.gap[0], 0);
	assert_int_equal(flow->first_bytes, SHAPE_BINARY); /* zeros */
}

/* The only last record of these two ports. */
static const struct event_flow *of_ports(const struct told *told, in_port_t local, in_port_t remote)
{
	const struct event_flow *found = NULL;

	for (size_t i = 0; i < told->count; i++) {
		const struct event_flow *flow = &told->flow[i];

		if (flow->local_port != local || flow->remote_port != remote)
			continue;
		assert_null(found);
		found = flow;
	}
	assert_non_null(found);
	return found;
}

/* One socket talks to two: its second flow is in the table of all others. */
static void lengths_in_their_order(void **state)
{
	static const int lengths[2][5] = { { 100, -200, 300, 32767, -7 },
					   { 60, 61, -62, 63, -64 } };
	static struct told told;
	int client = datagram_socket(AF_INET), server[2];
	in_port_t from = local_port(client), to[2];

	(void)state;
	told = (struct told){ .netns = own_netns(), .last_only = true };
	probe_fixture_drain(shared);
	for (int i = 0; i < 2; i++) {
		server[i] = datagram_socket(AF_INET);
		to[i] = local_port(server[i]);
		exchange(client, server[i], to[i], lengths[i], 5);
	}
	close(client);
	close(server[0]);
	close(server[1]);
	for (int pass = 0; pass < 2; pass++)
		sweep_datagrams(shared);
	told_read(shared, &told);
	for (int i = 0; i < 2; i++) {
		check(of_ports(&told, from, to[i]), lengths[i], 5);
		check(of_ports(&told, to[i], from), lengths[i], 5);
	}
}

/* What has no bytes has no length; those after the first 32 are not told. */
static void only_the_first_count(void **state)
{
	static struct told told;
	int client = datagram_socket(AF_INET), server = datagram_socket(AF_INET);
	in_port_t from = local_port(client), to = local_port(server);
	const struct event_flow *flow;

	(void)state;
	told = (struct told){ .netns = own_netns(), .last_only = true };
	probe_fixture_drain(shared);
	for (size_t i = 0; i < 40; i++) {
		send_to(client, AF_INET, to, i);
		assert_int_equal(take_and_answer(server, -1), i);
	}
	close(client);
	close(server);
	for (int pass = 0; pass < 2; pass++)
		sweep_datagrams(shared);
	told_read(shared, &told);
	flow = of_ports(&told, to, from);
	assert_int_equal(flow->splt.count, SPLT_LENGTHS);
	for (int i = 0; i < SPLT_LENGTHS; i++)
		assert_int_equal(flow->splt.length[i], i + 1);
	assert_int_equal(flow->received_packets, 40);
	assert_int_equal(flow->first_bytes, SHAPE_NONE); /* the first is too short */
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths_in_their_order),
		cmocka_unit_test(only_the_first_count),
	};

	probe_fixture_options.looks_at_tcp = PROBE_LOOK_LENGTHS;
	probe_fixture_options.first_bytes = DISSECT_ALL;
	probe_fixture_options.arena_bytes = 64 * ARENA_SLOT_BYTES;
	return datagram_tests("lengths", tests, 2, &shared);
}

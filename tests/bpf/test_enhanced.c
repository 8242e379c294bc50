/* SPDX-License-Identifier: Apache-2.0 */
/* The enhanced tier: what it adds where it is allowed, and what stands in for it where it is not.
 */
#include "bpf/datagram_case.h"
#include "bpf/kernel_case.h"

#include "sensor/keeper/features.h"
#include "sensor/keeper/probe_table.h"

#include <bpf/btf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct probe_fixture *shared;

static bool is_allowed(void)
{
	struct btf *kernel = btf__load_vmlinux_btf();
	uint32_t found;

	assert_non_null(kernel);
	found = features_detect(kernel);
	btf__free(kernel);
	return found & FEATURE_FUNCTION_EXIT && !is_old_kernel();
}

/* Each row of the tier is served, with a reason where it is not by its best program. The digest has
 * no other program, but the hasher; test_measured looks at it. */
static void every_row_is_served(void **state)
{
	struct keeper_probes probes;
	unsigned int rows = 0;

	(void)state;
	loader_probes(shared->loader, &probes);
	for (uint32_t i = 0; i < probes.count; i++) {
		const struct keeper_probe *probe = &probes.probe[i];
		const char *best = probe_table[i].ways[0].program;

		if (!probe->enhanced || strcmp(probe->name, "process-digest") == 0)
			continue;
		rows++;
		assert_int_equal(probe->required, 0);
		assert_int_equal(probe->state, KEEPER_PROBE_ATTACHED);
		assert_int_equal(strcmp(probe->program, best) == 0, is_allowed());
		assert_int_equal(probe->reason[0] == '\0', is_allowed());
	}
	assert_int_equal(rows, 2);
}

/* Receives without asking from whom: takes a datagram, or finds none waiting. */
static pid_t receive_in_child(int fd, bool finds_nothing)
{
	pid_t child = fork_bound();
	char byte;

	if (child == 0)
		_exit(recv(fd, &byte, 1, finds_nothing ? MSG_DONTWAIT : 0) ==
				      (finds_nothing ? -1 : 1)
			      ? 0
			      : 1);
	return child;
}

static void must_end_well(pid_t child)
{
	int status = -1;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* A worker takes a datagram from a socket that its parent made: the owner is the worker. Another
 * one that found nothing before is none. */
static void check_reader(int family)
{
	int server = datagram_socket(family), client = datagram_socket(family);
	struct told told = { .port = local_port(server) };
	const struct event_flow *flow;
	pid_t reader;

	probe_fixture_drain(shared);
	must_end_well(receive_in_child(server, true));
	send_to(client, family, told.port, 1);
	reader = receive_in_child(server, false);
	must_end_well(reader);
	close(server);
	close(client);
	told_read(shared, &told);
	flow = told_one(&told, told.port, FLOW_FINAL);
	assert_int_equal(flow->owner.pid, is_allowed() ? reader : getpid());
	assert_int_equal(flow->received_packets, 1);
	assert_int_equal(flow->flags & FLOW_SHARED, 0);
	/* The creator closes it: the core tier has seen no other use. */
	assert_int_equal(flow->owner_quality, OWNER_CALLER);
}

static void the_reader_is_named(void **state)
{
	(void)state;
	check_reader(AF_INET);
}

static void the_reader_is_named_ipv6(void **state)
{
	(void)state;
	check_reader(AF_INET6);
}

static int older; /* held by two */

/* Which of two holders uses an older socket is seen as soon as one of them reads. */
static void the_reader_of_an_older_socket_is_named(void **state)
{
	int client = datagram_socket(AF_INET);
	struct told told = { .port = local_port(older) };
	const struct event_flow *flow;
	pid_t holder, reader;

	(void)state;
	holder = fork_bound();
	if (holder == 0)
		pause();
	assert_int_equal(loader_iterate(shared->loader, PROBE_DATAGRAM_HELD), 0);
	probe_fixture_drain(shared);
	send_to(client, AF_INET, told.port, 1);
	reader = receive_in_child(older, false);
	must_end_well(reader);
	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);
	close(older);
	close(client);
	told_read(shared, &told);
	flow = told_one(&told, told.port, FLOW_FINAL);
	assert_int_equal(flow->owner.pid, is_allowed() ? reader : 0);
	assert_int_equal(flow->owner_quality, is_allowed() ? OWNER_CALLER : OWNER_UNKNOWN);
	assert_int_equal(flow->flags, FLOW_FINAL | FLOW_PREEXISTING | FLOW_SHARED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_served), cmocka_unit_test(the_reader_is_named),
		cmocka_unit_test(the_reader_is_named_ipv6),
		cmocka_unit_test(the_reader_of_an_older_socket_is_named), /* needs stock */
	};
	const size_t count = sizeof(tests) / sizeof(*tests) - !stock_is_taken();

	older = datagram_socket(AF_INET);
	return datagram_tests("enhanced", tests, count, &shared);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* TCP sockets that are older than the sensor: each test makes its own before it loads the programs.
 */
#include "bpf/flow_case.h"
#include "bpf/kernel_case.h"

#include "sensor/keeper/probe_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static struct probe_fixture *sensor_start(void)
{
	void *fixture = NULL;

	assert_int_equal(probe_fixture_setup(&fixture), 0);
	return fixture;
}

static void sensor_stop(struct probe_fixture *fixture)
{
	void *state = fixture;

	probe_fixture_teardown(&state);
}

static void take_stock(const struct probe_fixture *fixture)
{
	assert_int_equal(loader_iterate(fixture->loader, PROBE_TCP_HELD), 0);
	assert_int_equal(loader_iterate(fixture->loader, PROBE_TCP_UNHELD), 0);
}

static void check_found(const struct event_flow *flow, enum event_flow_direction direction)
{
	assert_int_equal(flow->direction, direction);
	assert_int_equal(flow->owner.pid, getpid());
	assert_int_equal(flow->owner_quality, OWNER_SNAPSHOT);
	assert_int_equal(flow->listener.pid, 0);
	assert_int_equal(flow->flags, FLOW_FINAL | FLOW_PREEXISTING);
	assert_int_equal(flow->state, FLOW_STATE_CLOSED);
	assert_int_equal(flow->handshake_us, 0);
}

/* What had moved before the sensor came counts, too; and who began it is still to be seen. */
static void connections_are_found(void **state)
{
	static const struct {
		size_t client_bytes;
		size_t server_bytes;
		bool client_has_shut_down;
	} rows[] = {
		{ 0, 0, false }, { 1000, 5000, false }, { 300000, 0, false }, { 20, 30, true }
	};
	struct pair pairs[sizeof(rows) / sizeof(*rows)];
	struct probe_fixture *fixture;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		pair_connect(&pairs[i], i & 1 ? AF_INET6 : AF_INET);
		send_bytes(pairs[i].client, rows[i].client_bytes);
		receive_bytes(pairs[i].server, rows[i].client_bytes);
		send_bytes(pairs[i].server, rows[i].server_bytes);
		receive_bytes(pairs[i].client, rows[i].server_bytes);
		if (rows[i].client_has_shut_down)
			shutdown(pairs[i].client, SHUT_WR);
	}
	usleep(60000); /* for a delayed acknowledgement */
	fixture = sensor_start();
	take_stock(fixture);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct both_ends ends;

		send_bytes(pairs[i].server, 11);
		receive_bytes(pairs[i].client, 11);
		pair_close(&pairs[i]);
		both_ends_must_come(fixture, pairs[i].client_port, pairs[i].server_port, &ends);
		ends.client.flags &= (uint8_t)~FLOW_IPV6;
		ends.server.flags &= (uint8_t)~FLOW_IPV6;
		check_found(&ends.client, FLOW_EGRESS);
		check_found(&ends.server, FLOW_INGRESS);
		assert_int_equal(ends.client.sent_bytes, rows[i].client_bytes);
		assert_int_equal(ends.client.received_bytes, rows[i].server_bytes + 11);
		assert_int_equal(ends.client.ending, ENDING_FIN_LOCAL);
		assert_int_equal(ends.server.ending, ENDING_FIN_REMOTE);
	}
	sensor_stop(fixture);
}

/* Without taking stock nothing is known of them: that is what the iterators are for. */
static void unasked_nothing_is_found(void **state)
{
	struct probe_fixture *fixture;
	struct wanted_flow egress = { .direction = FLOW_EGRESS };
	struct pair pair;

	(void)state;
	pair_connect(&pair, AF_INET);
	fixture = sensor_start();
	egress.local_port = pair.client_port;
	pair_close(&pair);
	assert_false(probe_fixture_find(fixture, EVENT_RING_BULK, flow_is_wanted, &egress, 100));
	sensor_stop(fixture);
}

/* With another process that holds the socket it is shared, and nobody's: which of them uses it
 * cannot be seen. One that has closed its copy is no holder. */
static void several_holders_share(void **state)
{
	struct probe_fixture *fixture;
	struct both_ends ends;
	struct pair pair;
	pid_t holder;
	int ready[2];
	char byte;

	(void)state;
	pair_connect(&pair, AF_INET);
	assert_int_equal(pipe(ready), 0);
	holder = fork();
	if (holder == 0) {
		close(pair.client);
		(void)!write(ready[1], "r", 1);
		pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	fixture = sensor_start();
	take_stock(fixture);
	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);
	pair_close(&pair);
	both_ends_must_come(fixture, pair.client_port, pair.server_port, &ends);
	assert_int_equal(ends.client.flags & FLOW_SHARED, 0);
	assert_int_equal(ends.server.flags & FLOW_SHARED, FLOW_SHARED);
	assert_int_equal(ends.server.owner_quality, OWNER_UNKNOWN);
	assert_int_equal(ends.server.owner.pid, 0);
	close(ready[0]);
	close(ready[1]);
	sensor_stop(fixture);
}

/* What is accepted later knows who listens. */
static void listeners_are_found(void **state)
{
	int listener = listening(AF_INET);
	struct probe_fixture *fixture = sensor_start();
	in_port_t port = local_port(listener);
	struct both_ends ends;
	in_port_t client_port;
	pid_t worker;
	int client;

	(void)state;
	take_stock(fixture);
	worker = fork();
	if (worker == 0) {
		int fd = accept(listener, NULL, NULL);

		receive_bytes(fd, 5);
		_exit(0);
	}
	client = connected(AF_INET, port);
	client_port = local_port(client);
	send_bytes(client, 5);
	waitpid(worker, NULL, 0);
	close(client);
	close(listener);
	both_ends_must_come(fixture, client_port, port, &ends);
	assert_int_equal(ends.server.listener.pid, getpid());
	assert_int_equal(ends.server.owner.pid, worker);
	assert_int_equal(ends.server.owner_quality, OWNER_CALLER);
	assert_int_equal(ends.server.flags, FLOW_FINAL);
	sensor_stop(fixture);
}

/* As much as the other end takes without reading. */
static uint64_t fill(int fd)
{
	static char bytes[65536];
	uint64_t filled = 0;
	ssize_t sent;

	do {
		sent = send(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		filled += sent > 0 ? (uint64_t)sent : 0;
	} while (sent > 0);
	return filled;
}

static uint64_t read_all(int fd)
{
	static char bytes[65536];
	uint64_t total = 0;
	ssize_t got;

	while ((got = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		total += (uint64_t)got;
	return total;
}

/* Nobody holds them: closed, but with bytes still to send; in the queue of a listener, until it is
 * accepted. */
static void what_nobody_holds_is_found(void **state)
{
	int listener = listening(AF_INET);
	in_port_t port = local_port(listener), client_port;
	int client = connected(AF_INET, port), server;
	struct probe_fixture *fixture;
	struct both_ends ends;
	uint64_t filled;

	(void)state;
	client_port = local_port(client);
	filled = fill(client);
	close(client);
	fixture = sensor_start();
	take_stock(fixture);
	server = accept(listener, NULL, NULL);
	assert_int_equal(read_all(server), filled);
	close(server);
	close(listener);
	both_ends_must_come(fixture, client_port, port, &ends);
	assert_int_equal(ends.client.owner.pid, 0);
	assert_int_equal(ends.client.owner_quality, OWNER_UNKNOWN);
	assert_int_equal(ends.client.flags, FLOW_FINAL | FLOW_PREEXISTING);
	assert_int_equal(ends.client.sent_bytes, filled);
	assert_int_equal(ends.client.ending, ENDING_FIN_LOCAL);
	assert_int_equal(ends.server.owner.pid, 0); /* who reads from it is not seen */
	assert_int_equal(ends.server.owner_quality, OWNER_UNKNOWN);
	assert_int_equal(ends.server.direction, FLOW_INGRESS);
	assert_int_equal(ends.server.flags, FLOW_FINAL | FLOW_PREEXISTING);
	assert_int_equal(ends.server.received_bytes, filled);
	sensor_stop(fixture);
}

/* Taking stock leaves alone what the hooks know better, and may be done again. */
static void what_is_known_stays(void **state)
{
	struct probe_fixture *fixture = sensor_start();
	struct both_ends ends;
	struct pair pair;

	(void)state;
	pair_connect(&pair, AF_INET);
	take_stock(fixture);
	take_stock(fixture);
	send_bytes(pair.server, 3);
	receive_bytes(pair.client, 3);
	pair_close(&pair);
	both_ends_must_come(fixture, pair.client_port, pair.server_port, &ends);
	assert_int_equal(ends.client.owner_quality, OWNER_CALLER);
	assert_int_equal(ends.client.flags, FLOW_FINAL);
	assert_true(ends.client.handshake_us > 0);
	assert_int_equal(ends.server.owner_quality, OWNER_CALLER);
	assert_int_equal(ends.server.flags, FLOW_FINAL);
	sensor_stop(fixture);
}

/* Linux 5.10 has no way from a file to its socket: they stay unknown, and the keeper can say so. */
static void an_old_kernel_says_that_it_cannot(void **state)
{
	struct probe_fixture *fixture = sensor_start();

	(void)state;
	assert_int_equal(loader_iterate(fixture->loader, PROBE_TCP_HELD), -EOPNOTSUPP);
	assert_int_equal(loader_iterate(fixture->loader, PROBE_TCP_UNHELD), -EOPNOTSUPP);
	sensor_stop(fixture);
}

int main(void)
{
	const struct CMUnitTest old[] = {
		cmocka_unit_test(an_old_kernel_says_that_it_cannot),
		cmocka_unit_test(unasked_nothing_is_found),
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connections_are_found),
		cmocka_unit_test(unasked_nothing_is_found),
		cmocka_unit_test(several_holders_share),
		cmocka_unit_test(listeners_are_found),
		cmocka_unit_test(what_nobody_holds_is_found),
		cmocka_unit_test(what_is_known_stays),
	};

	if (!stock_is_taken())
		return cmocka_run_group_tests_name("flow_preexisting", old, NULL, NULL);
	return cmocka_run_group_tests_name("flow_preexisting", tests, NULL, NULL);
}

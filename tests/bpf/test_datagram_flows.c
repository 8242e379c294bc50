/* SPDX-License-Identifier: Apache-2.0 */
/* UDP on the running kernel: both ends of an exchange, exact fields. */
#include "bpf/datagram_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <linux/udp.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define IDLE_MS 400

/* What a client sends and what it is answered. */
struct exchange {
	const char *name;
	int family;
	bool mapped; /* an IPv6 socket talks IPv4 */
	bool connected;
	unsigned int sends;
	size_t size;
	unsigned int answers;
	size_t answer_size;
	int segment; /* UDP_SEGMENT: one send makes many datagrams of this size */
	bool gro; /* UDP_GRO: the server takes many at once */
};

static const struct exchange exchanges[] = {
	{ "connected client", AF_INET, false, true, 3, 100, 3, 500, 0, false },
	{ "unconnected client", AF_INET, false, false, 3, 100, 3, 500, 0, false },
	{ "connected client, IPv6", AF_INET6, false, true, 2, 70, 2, 1, 0, false },
	{ "unconnected client, IPv6", AF_INET6, false, false, 2, 70, 2, 1, 0, false },
	{ "IPv4-mapped, connected", AF_INET, true, true, 5, 9, 1, 8, 0, false },
	{ "IPv4-mapped, unconnected", AF_INET, true, false, 5, 9, 1, 8, 0, false },
	{ "datagrams of no bytes", AF_INET, false, false, 4, 0, 4, 0, 0, false },
	{ "the largest datagram", AF_INET, false, true, 2, 65507, 1, 65507, 0, false },
	{ "nothing is answered", AF_INET, false, true, 6, 33, 0, 0, 0, false },
	{ "segmentation offload", AF_INET, false, true, 2, 10500, 1, 5, 1000, false },
	{ "segmentation offload, IPv6", AF_INET6, false, true, 2, 10500, 1, 5, 1000, false },
	{ "segmentation offload, taken as one", AF_INET, false, true, 2, 10000, 1, 5, 1000, true },
};

static struct probe_fixture *shared;

/* A datagram on the wire holds at most so much. */
static unsigned int datagrams_of(const struct exchange *exchange)
{
	size_t each = exchange->segment ? (size_t)exchange->segment : exchange->size;

	return each ? (unsigned int)((exchange->size + each - 1) / each) : 1;
}

static void prepare(int fd, const struct exchange *exchange, const struct sockaddr *to,
		    socklen_t length)
{
	if (exchange->segment)
		assert_int_equal(setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &exchange->segment,
					    sizeof(exchange->segment)),
				 0);
	if (exchange->connected)
		assert_int_equal(connect(fd, to, length), 0);
}

/* The client: tells its port, sends, waits for its answers, ends. */
static void ask(const struct exchange *exchange, in_port_t port, int report)
{
	static char bytes[65536];
	int fd = socket(exchange->mapped ? AF_INET6 : exchange->family, SOCK_DGRAM, 0);
	struct sockaddr_storage to;
	socklen_t length = loopback(exchange->family, port, &to);
	in_port_t own;

	if (exchange->mapped) {
		length = loopback(AF_INET6, port, &to);
		inet_pton(AF_INET6, "::ffff:127.0.0.1", &((struct sockaddr_in6 *)&to)->sin6_addr);
	}
	prepare(fd, exchange, (struct sockaddr *)&to, length);
	for (unsigned int i = 0; i < exchange->sends; i++)
		if (sendto(fd, bytes, exchange->size, 0,
			   exchange->connected ? NULL : (struct sockaddr *)&to,
			   exchange->connected ? 0 : length) != (ssize_t)exchange->size)
			_exit(3);
	own = local_port(fd);
	(void)!write(report, &own, sizeof(own));
	for (unsigned int i = 0; i < exchange->answers; i++)
		if (recv(fd, bytes, sizeof(bytes), 0) != (ssize_t)exchange->answer_size)
			_exit(4);
	_exit(0);
}

/* Plays it; the server is this process. Returns the client's pid and port. */
static pid_t play(const struct exchange *exchange, int server, in_port_t *ret_client_port)
{
	unsigned int expected = exchange->sends * (exchange->gro ? 1 : datagrams_of(exchange));
	unsigned int answered = 0;
	int report[2], status;
	pid_t client;

	assert_int_equal(pipe(report), 0);
	client = fork();
	if (client == 0)
		ask(exchange, local_port(server), report[1]);
	for (unsigned int i = 0; i < expected; i++) {
		bool answer = answered < exchange->answers;

		take_and_answer(server, answer ? (ssize_t)exchange->answer_size : -1);
		answered += answer;
	}
	assert_int_equal(read(report[0], ret_client_port, sizeof(*ret_client_port)),
			 sizeof(*ret_client_port));
	assert_int_equal(waitpid(client, &status, 0), client);
	assert_int_equal(status, 0);
	close(report[0]);
	close(report[1]);
	return client;
}

static void check_common(const struct event_flow *flow, const struct exchange *exchange)
{
	assert_int_equal(flow->flags, FLOW_FINAL | (exchange->family == AF_INET6 ? FLOW_IPV6 : 0));
	assert_int_equal(flow->protocol, IPPROTO_UDP);
	assert_int_equal(flow->state, FLOW_STATE_CLOSED);
	assert_int_equal(flow->ending, ENDING_CLOSED);
	assert_int_equal(flow->owner_quality, OWNER_CALLER);
	assert_int_equal(flow->count, 1);
	assert_int_equal(flow->part, 0);
	assert_int_equal(flow->index, 0);
	assert_int_equal(flow->uid, getuid());
	assert_int_equal(flow->netns, own_netns());
	assert_true(flow->cgroup_id != 0);
	assert_true(flow->cookie != 0);
	assert_true(flow->opened_ns <= flow->header.time_ns);
	assert_memory_equal(flow->local_addr, flow->remote_addr, 16);
	assert_int_equal(flow->local_addr[15], 1);
}

static void both_ends_are_told_exactly(void **state)
{
	const struct exchange *exchange = *state;
	unsigned int datagrams = exchange->sends * datagrams_of(exchange);
	int server = datagram_socket(exchange->family), on = 1;
	struct told told = { .port = local_port(server) };
	const struct event_flow *flow;
	in_port_t client_port;
	pid_t client;

	if (exchange->gro)
		assert_int_equal(setsockopt(server, IPPROTO_UDP, UDP_GRO, &on, sizeof(on)), 0);
	probe_fixture_drain(shared);
	client = play(exchange, server, &client_port);
	close(server);
	told_read(shared, &told);
	assert_int_equal(told.count, 2);

	flow = told_one(&told, client_port, FLOW_FINAL);
	check_common(flow, exchange);
	assert_int_equal(flow->direction, FLOW_EGRESS);
	assert_int_equal(flow->remote_port, told.port);
	assert_int_equal(flow->owner.pid, client);
	assert_int_equal(flow->sent_bytes, exchange->sends * exchange->size);
	assert_int_equal(flow->sent_packets, datagrams);
	assert_int_equal(flow->received_bytes, exchange->answers * exchange->answer_size);
	assert_int_equal(flow->received_packets, exchange->answers);

	flow = told_one(&told, told.port, FLOW_FINAL);
	check_common(flow, exchange);
	assert_int_equal(flow->direction, FLOW_INGRESS);
	assert_int_equal(flow->remote_port, client_port);
	assert_int_equal(flow->owner.pid, getpid());
	assert_int_equal(flow->received_bytes, exchange->sends * exchange->size);
	assert_int_equal(flow->received_packets, datagrams);
	assert_int_equal(flow->sent_bytes, exchange->answers * exchange->answer_size);
}

#define PEERS 20

/* A socket with many peers: a flow each, in the table, and all end when it closes. */
static void a_server_has_a_flow_for_each_peer(void **state)
{
	int server = datagram_socket(AF_INET), client[PEERS];
	struct told told = { .port = local_port(server), .last_only = true };
	uint32_t indexes = 0;

	(void)state;
	probe_fixture_drain(shared);
	for (size_t i = 0; i < PEERS; i++) {
		client[i] = datagram_socket(AF_INET);
		send_to(client[i], AF_INET, told.port, i + 1);
		assert_int_equal(take_and_answer(server, (ssize_t)(2 * i)), i + 1);
	}
	close(server);
	sweep_datagrams(shared);
	sweep_datagrams(shared);
	told_read(shared, &told);
	assert_int_equal(told.count, PEERS);
	for (size_t i = 0; i < PEERS; i++) {
		const struct event_flow *flow = &told.flow[i];
		size_t peer = flow->received_bytes - 1;

		assert_true(peer < PEERS);
		assert_int_equal(flow->remote_port, local_port(client[peer]));
		assert_int_equal(flow->sent_bytes, 2 * peer);
		assert_int_equal(flow->ending, ENDING_CLOSED);
		assert_int_equal(flow->flags, FLOW_FINAL);
		assert_int_equal(flow->owner.pid, getpid());
		assert_int_equal(flow->netns, own_netns());
		assert_true(flow->cookie == told.flow[0].cookie);
		indexes |= 1u << flow->index;
	}
	assert_int_equal(indexes, (1u << PEERS) - 1);
	for (size_t i = 0; i < PEERS; i++)
		close(client[i]);
	sweep_datagrams(shared);
	told_read(shared, &told);
	assert_int_equal(told.count, 2 * PEERS); /* and each client's own */
}

/* Silence ends a flow, in two passes; what moves between them keeps it; what comes later is
 * another flow. */
static void silence_ends_a_flow(void **state)
{
	int server = datagram_socket(AF_INET), client = datagram_socket(AF_INET);
	struct told told = { .port = local_port(client) };
	const struct event_flow *flow;

	(void)state;
	probe_fixture_drain(shared);
	send_to(client, AF_INET, local_port(server), 10);
	usleep((IDLE_MS + 50) * 1000);
	sweep_datagrams(shared);
	send_to(client, AF_INET, local_port(server), 20);
	sweep_datagrams(shared);
	sweep_datagrams(shared);
	told_read(shared, &told);
	for (size_t i = 0; i < told.count; i++)
		assert_int_equal(told.flow[i].flags & FLOW_FINAL, 0);

	usleep((IDLE_MS + 50) * 1000);
	sweep_datagrams(shared);
	sweep_datagrams(shared);
	send_to(client, AF_INET, local_port(server), 5);
	told_read(shared, &told);
	flow = told_one(&told, local_port(client), FLOW_FINAL);
	assert_int_equal(flow->ending, ENDING_IDLE);
	assert_int_equal(flow->sent_bytes, 30);
	assert_int_equal(flow->sent_packets, 2);
	assert_int_equal(flow->index, 0);
	close(client);
	told.count = 0;
	told_read(shared, &told);
	flow = told_one(&told, told.port, FLOW_FINAL);
	assert_int_equal(flow->ending, ENDING_CLOSED);
	assert_int_equal(flow->sent_bytes, 5);
	assert_int_equal(flow->index, 1);
	close(server);
}

/* connect() to another peer ends the flow with the one before. */
static void another_peer_is_another_flow(void **state)
{
	int server[2] = { datagram_socket(AF_INET), datagram_socket(AF_INET) };
	int client = datagram_socket(AF_INET);
	struct told told = { .port = local_port(client), .last_only = true };

	(void)state;
	probe_fixture_drain(shared);
	for (size_t i = 0; i < 2; i++) {
		struct sockaddr_storage to;
		socklen_t length = loopback(AF_INET, local_port(server[i]), &to);

		assert_int_equal(connect(client, (struct sockaddr *)&to, length), 0);
		assert_int_equal(send(client, "abcdefg", 3 + i, 0), 3 + i);
	}
	sweep_datagrams(shared);
	sweep_datagrams(shared);
	close(client);
	sweep_datagrams(shared);
	sweep_datagrams(shared);
	told_read(shared, &told);
	assert_int_equal(told.count, 2);
	for (size_t i = 0; i < 2; i++) { /* in the order of their ends, which may be the same */
		bool is_first = told.flow[0].remote_port == local_port(server[i]);
		const struct event_flow *flow = &told.flow[is_first ? 0 : 1];

		assert_int_equal(flow->remote_port, local_port(server[i]));
		assert_int_equal(flow->sent_bytes, 3 + i);
		assert_int_equal(flow->index, i);
		assert_int_equal(flow->ending, ENDING_CLOSED);
		assert_int_equal(flow->flags, FLOW_FINAL);
	}
	close(server[0]);
	close(server[1]);
}

#define PORTS 4 /* the first flow is in the socket's storage, the others are in the table */

/* A socket that is disconnected is given another port: the same peer sees another flow. */
static void another_port_is_another_flow(void **state)
{
	int server = datagram_socket(AF_INET), client = socket(AF_INET, SOCK_DGRAM, 0);
	struct told told = { .port = local_port(server), .last_only = true };
	struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	struct sockaddr_storage to;
	socklen_t length = loopback(AF_INET, local_port(server), &to);
	in_port_t port[PORTS];

	(void)state;
	probe_fixture_drain(shared);
	for (size_t i = 0; i < PORTS; i++) {
		assert_int_equal(connect(client, (struct sockaddr *)&to, length), 0);
		port[i] = local_port(client);
		for (size_t before = 0; before < i; before++)
			assert_int_not_equal(port[i], port[before]);
		assert_int_equal(send(client, "abcdefg", 3 + i, 0), 3 + i);
		assert_int_equal(connect(client, &nobody, sizeof(nobody)), 0);
	}
	close(client);
	sweep_datagrams(shared);
	sweep_datagrams(shared);
	told_read(shared, &told);
	for (size_t i = 0; i < PORTS; i++)
		assert_int_equal(told_one(&told, port[i], FLOW_FINAL)->sent_bytes, 3 + i);
	close(server);
}

/* One that goes on is told of once an interval (100 ms here); its end is the last part. */
static void a_flow_that_goes_on_is_told_of(void **state)
{
	int server = datagram_socket(AF_INET), client = datagram_socket(AF_INET);
	struct told told = { .port = local_port(server) };
	const struct event_flow *flow;

	(void)state;
	probe_fixture_drain(shared);
	for (uint32_t part = 0; part < 3; part++) {
		send_to(client, AF_INET, told.port, 7);
		take_and_answer(server, 2);
		if (part == 0)
			sweep_datagrams(shared); /* not due yet */
		usleep(110000);
		told.count = 0;
		sweep_datagrams(shared);
		told_read(shared, &told);
		flow = told_one(&told, local_port(client), 0);
		assert_int_equal(flow->part, part);
		assert_int_equal(flow->flags, 0);
		assert_int_equal(flow->ending, 0);
		assert_int_equal(flow->state, FLOW_STATE_ESTABLISHED);
		assert_int_equal(flow->sent_bytes, 7 * (part + 1));
		assert_int_equal(flow->received_bytes, 2 * (part + 1));
	}
	told.count = 0;
	close(client);
	told_read(shared, &told);
	flow = told_one(&told, flow->local_port, FLOW_FINAL);
	assert_int_equal(flow->part, 3);
	close(server);
}

int main(void)
{
	struct CMUnitTest tests[sizeof(exchanges) / sizeof(*exchanges) + 5];
	size_t count = 0;

	for (size_t i = 0; i < sizeof(exchanges) / sizeof(*exchanges); i++)
		tests[count++] = (struct CMUnitTest){ exchanges[i].name, both_ends_are_told_exactly,
						      NULL, NULL, (void *)&exchanges[i] };
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_server_has_a_flow_for_each_peer);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(silence_ends_a_flow);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(another_peer_is_another_flow);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(another_port_is_another_flow);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_flow_that_goes_on_is_told_of);
	probe_fixture_options.datagram_idle_ms = IDLE_MS;
	return datagram_tests("datagram_flows", tests, count, &shared);
}

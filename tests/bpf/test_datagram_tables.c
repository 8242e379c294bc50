/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams when tables are full, when flows end while packets come, and whose they are. */
#include "bpf/datagram_case.h"
#include "bpf/kernel_case.h"

#include "sensor/keeper/probe_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FLOWS_MAX 8
#define PEERS 40
#define IDLE_MS 2

static struct probe_fixture *shared;
static int older[2]; /* sockets made before the programs were loaded */

struct sums {
	in_port_t port; /* of the server, network order */
	uint32_t pid; /* whose folded flows count */
	uint64_t received_bytes;
	uint64_t received_packets;
	uint64_t sent_bytes;
	uint64_t sent_packets;
	unsigned int finals;
	unsigned int folded; /* what `count` of folded records adds up to */
};

/* Adds up the last records of the server's socket; never satisfied. */
static bool add_up(const struct decoded_event *event, const void *context)
{
	struct sums *sums = (struct sums *)(uintptr_t)context;
	const struct event_flow *flow = &event->flow;
	bool folded = flow->flags & FLOW_FOLDED;

	if (event->kind != EVENT_FLOW || !(flow->flags & FLOW_FINAL) ||
	    flow->protocol != IPPROTO_UDP)
		return false;
	if (folded ? flow->owner.pid != sums->pid : flow->local_port != sums->port)
		return false;
	sums->received_bytes += flow->received_bytes;
	sums->received_packets += flow->received_packets;
	sums->sent_bytes += flow->sent_bytes;
	sums->sent_packets += flow->sent_packets;
	sums->finals++;
	if (folded)
		sums->folded += flow->count;
	return false;
}

static void end_all(void)
{
	for (int i = 0; i < 4; i++) {
		usleep((IDLE_MS + 5) * 1000);
		sweep_datagrams(shared);
	}
}

static uint64_t counter_of(enum counter counter)
{
	struct counters counters;

	loader_counters(shared->loader, &counters);
	return counters.value[counter];
}

/* One flow in the socket, eight in the table, the rest in the sums of the process: nothing is
 * missing. */
static void a_full_table_loses_nothing(void **state)
{
	int server = datagram_socket(AF_INET), client[PEERS];
	struct sums sums = { .port = local_port(server), .pid = (uint32_t)getpid() };
	uint64_t folded = counter_of(COUNTER_FLOW_FOLDED), sent = 0;

	(void)state;
	if (!first_flow_is_apart()) /* the clients' flows are in the same table and the same sums */
		skip();
	probe_fixture_drain(shared);
	for (size_t i = 0; i < PEERS; i++)
		client[i] = datagram_socket(AF_INET);
	for (size_t round = 0; round < 3; round++)
		for (size_t i = 0; i < PEERS; i++) {
			send_to(client[i], AF_INET, sums.port, 10 + i);
			assert_int_equal(take_and_answer(server, 5), 10 + i);
			sent += 10 + i;
		}
	close(server);
	end_all();
	probe_fixture_find(shared, EVENT_RING_BULK, add_up, &sums, 20);
	for (size_t i = 0; i < PEERS; i++)
		close(client[i]);
	assert_int_equal(sums.received_bytes, sent);
	assert_int_equal(sums.received_packets, 3 * PEERS);
	assert_int_equal(sums.sent_bytes, 5 * 3 * PEERS);
	assert_int_equal(sums.sent_packets, 3 * PEERS);
	assert_int_equal(sums.finals, 1 + FLOWS_MAX + 1);
	assert_in_range(sums.folded, PEERS - 1 - FLOWS_MAX - 3, PEERS - 1 - FLOWS_MAX);
	assert_in_range(counter_of(COUNTER_FLOW_FOLDED) - folded, sums.folded, UINT64_MAX);
}

#define SENDERS 3
#define SENDS 30000

struct sender {
	pthread_t thread;
	in_port_t port;
	uint64_t bytes;
};

static atomic_uint senders_left;

/* Pauses now and then, so that flows fall silent while others are busy. */
static void *send_many(void *context)
{
	struct sender *sender = context;
	static const char bytes[64];
	struct sockaddr_storage to;
	socklen_t length = loopback(AF_INET, sender->port, &to);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	for (unsigned int i = 0; i < SENDS; i++) {
		size_t size = i % sizeof(bytes);

		if (sendto(fd, bytes, size, 0, (struct sockaddr *)&to, length) == (ssize_t)size)
			sender->bytes += size;
		if (i % 31 == 0)
			usleep(i % 8 ? 100 : 1000 * (5 + i * 7919 % 20)); /* about two passes */
	}
	close(fd);
	senders_left--;
	return NULL;
}

/* Flows that end and begin all the time, on several CPUs, swept all the time: the sum of all last
 * records is what was sent, to the byte. */
static void ends_and_packets_may_meet(void **state)
{
	int server = datagram_socket(AF_INET);
	struct sums sums = { .port = local_port(server), .pid = (uint32_t)getpid() };
	struct sender sender[SENDERS] = { 0 };
	uint64_t bytes = 0;

	(void)state;
	probe_fixture_drain(shared);
	senders_left = SENDERS;
	for (size_t i = 0; i < SENDERS; i++) {
		sender[i].port = sums.port;
		pthread_create(&sender[i].thread, NULL, send_many, &sender[i]);
	}
	while (senders_left > 0) {
		sweep_datagrams(shared);
		probe_fixture_find(shared, EVENT_RING_BULK, add_up, &sums, 5);
	}
	for (size_t i = 0; i < SENDERS; i++) {
		pthread_join(sender[i].thread, NULL);
		bytes += sender[i].bytes;
	}
	end_all();
	close(server);
	probe_fixture_find(shared, EVENT_RING_BULK, add_up, &sums, 20);
	assert_int_equal(sums.received_packets, SENDERS * SENDS);
	assert_int_equal(sums.received_bytes, bytes);
	assert_true(sums.finals > SENDERS); /* they did end in between */
}

/* A process made by the test answers one datagram on the socket, then ends. */
static pid_t answer_in_child(int server)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		take_and_answer(server, 3);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	return pid;
}

/* Made and bound here, used by two workers: the first of them is the owner, and it is shared. */
static void a_shared_socket_is_its_first_users(void **state)
{
	int server = datagram_socket(AF_INET), client = datagram_socket(AF_INET);
	struct told told = { .port = local_port(server) };
	const struct event_flow *flow;
	pid_t first;

	(void)state;
	probe_fixture_drain(shared);
	send_to(client, AF_INET, told.port, 9);
	send_to(client, AF_INET, told.port, 9);
	first = answer_in_child(server);
	answer_in_child(server);
	close(server);
	told_read(shared, &told);
	flow = told_one(&told, told.port, FLOW_FINAL);
	assert_int_equal(flow->owner.pid, first);
	assert_int_equal(flow->owner_quality, OWNER_CALLER);
	assert_int_equal(flow->flags, FLOW_FINAL | FLOW_SHARED);
	assert_int_equal(flow->direction, FLOW_INGRESS);
	close(client);
}

/* Bytes arrive, but nobody asks from whom: what is known is who made the socket. */
static void an_unused_socket_is_its_creators(void **state)
{
	int server = datagram_socket(AF_INET), client = datagram_socket(AF_INET);
	struct told told = { .port = local_port(server) };
	const struct event_flow *flow;
	int status;

	(void)state;
	probe_fixture_drain(shared);
	send_to(client, AF_INET, told.port, 9);
	if (fork() == 0) {
		usleep(20000);
		_exit(0); /* the last to close it, and no user of it */
	}
	close(server);
	assert_true(wait(&status) > 0);
	told_read(shared, &told);
	flow = told_one(&told, told.port, FLOW_FINAL);
	assert_int_equal(flow->owner.pid, getpid());
	assert_int_equal(flow->owner_quality, OWNER_CREATOR);
	assert_int_equal(flow->received_packets, 1);
	close(client);
}

/* Sockets older than the programs: found by an iterator; the one that is used then has a caller. */
static void an_older_socket_is_found(void **state)
{
	struct told told = { .port = local_port(older[0]) };
	const struct event_flow *flow;
	int client = datagram_socket(AF_INET);

	(void)state;
	if (!stock_is_taken()) { /* its iterators have no socket storage: found when they are used
				  */
		assert_int_equal(loader_iterate(shared->loader, PROBE_DATAGRAM_HELD), -EOPNOTSUPP);
		return;
	}
	assert_int_equal(loader_iterate(shared->loader, PROBE_DATAGRAM_HELD), 0);
	probe_fixture_drain(shared);
	send_to(client, AF_INET, told.port, 9);
	send_to(older[1], AF_INET, told.port, 11);
	end_all();
	told_read(shared, &told);
	for (size_t i = 0; i < told.count; i++) {
		flow = &told.flow[i];
		assert_int_equal(flow->owner.pid, getpid());
		assert_int_equal(flow->netns, own_netns());
		assert_int_equal(flow->uid, getuid());
		if (flow->local_port == told.port)
			assert_int_equal(flow->owner_quality, OWNER_SNAPSHOT);
	}
	assert_int_equal(told.count, 4); /* both peers, at both ends */
	flow = told_one(&told, local_port(older[1]), FLOW_FINAL);
	assert_int_equal(flow->owner_quality, OWNER_CALLER);
	assert_int_equal(flow->flags, FLOW_FINAL | FLOW_PREEXISTING);
	close(client);
	close(older[0]);
	close(older[1]);
}

static int shared_older; /* also held by … */
static pid_t holder;

static pid_t hold_too(int fd)
{
	pid_t child = fork_bound();

	if (child == 0) {
		for (int other = 3; other < 64; other++)
			if (other != fd)
				close(other);
		pause();
	}
	return child;
}

/* Which of the two uses it is not seen: neither by what leaves, nor by who closes it last. */
static void an_older_socket_of_two_is_nobodys(void **state)
{
	struct told told = { .port = local_port(shared_older) };
	const struct event_flow *flow;
	int client = datagram_socket(AF_INET);

	(void)state;
	probe_fixture_drain(shared);
	send_to(client, AF_INET, told.port, 9);
	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);
	close(shared_older);
	close(client);
	told_read(shared, &told);
	flow = told_one(&told, told.port, FLOW_FINAL);
	assert_int_equal(flow->owner.pid, 0);
	assert_int_equal(flow->owner_quality, OWNER_UNKNOWN);
	assert_int_equal(flow->flags & FLOW_SHARED, stock_is_taken() ? FLOW_SHARED : 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_older_socket_is_found),
		cmocka_unit_test(an_older_socket_of_two_is_nobodys),
		cmocka_unit_test(a_full_table_loses_nothing),
		cmocka_unit_test(ends_and_packets_may_meet),
		cmocka_unit_test(a_shared_socket_is_its_first_users),
		cmocka_unit_test(an_unused_socket_is_its_creators),
	};

	older[0] = datagram_socket(AF_INET);
	older[1] = datagram_socket(AF_INET);
	shared_older = datagram_socket(AF_INET);
	holder = hold_too(shared_older);
	probe_fixture_options.datagram_idle_ms = IDLE_MS;
	probe_fixture_options.sweep_interval_ms = 0;
	probe_fixture_options.datagram_flows_max = FLOWS_MAX;
	return datagram_tests("datagram_tables", tests, sizeof(tests) / sizeof(*tests), &shared);
}

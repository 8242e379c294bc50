/* SPDX-License-Identifier: Apache-2.0 */
/* bpf/probes/flow.bpf.c on the running kernel: real sockets, exact fields, at both ends. */
#include "bpf/flow_case.h"

#include "sensor/keeper/probe_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* How two ends talk: who sends how much, who closes first and how. */
struct dialogue {
	const char *name;
	int family;
	size_t client_bytes;
	size_t server_bytes;
	bool server_closes_first;
	bool reset; /* the one that closes first sends RST instead of FIN */
};

static const struct dialogue dialogues[] = {
	{ "IPv4, client closes", AF_INET, 1000, 5000, false, false },
	{ "IPv4, server closes", AF_INET, 1000, 5000, true, false },
	{ "IPv6, client closes", AF_INET6, 17, 70000, false, false },
	{ "IPv6, server closes", AF_INET6, 70000, 17, true, false },
	{ "nothing is sent", AF_INET, 0, 0, false, false },
	{ "nothing is sent, server closes", AF_INET6, 0, 0, true, false },
	{ "only the client sends", AF_INET, 5000000, 0, false, false },
	{ "only the server sends", AF_INET, 0, 5000000, true, false },
	{ "the client resets", AF_INET, 300, 200, false, true },
	{ "the server resets", AF_INET, 300, 200, true, true },
};

/* What was really used, to compare the events with. */
struct seen {
	pid_t client;
	pid_t server;
	in_port_t client_port; /* network order */
	in_port_t server_port;
};

static void finish(int fd, bool first, bool reset)
{
	const struct linger abort_now = { .l_onoff = 1, .l_linger = 0 };
	char byte;

	if (!first)
		(void)!recv(fd, &byte, 1, 0); /* the other end goes first */
	else if (reset)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort_now, sizeof(abort_now));
	close(fd);
}

/* The client is a process of its own; so is the server's worker, which inherits the listener: the
 * listener's process, the worker and the client are three. */
static void speak(const struct dialogue *dialogue, struct seen *ret_seen)
{
	int listener = listening(dialogue->family);
	int report[2], status;

	assert_int_equal(pipe(report), 0);
	ret_seen->server_port = local_port(listener);
	ret_seen->server = fork();
	if (ret_seen->server == 0) {
		int fd = accept(listener, NULL, NULL);

		receive_bytes(fd, dialogue->client_bytes);
		send_bytes(fd, dialogue->server_bytes);
		finish(fd, dialogue->server_closes_first, dialogue->reset);
		_exit(0);
	}
	ret_seen->client = fork();
	if (ret_seen->client == 0) {
		int fd = connected(dialogue->family, ret_seen->server_port);
		in_port_t port = local_port(fd);

		(void)!write(report[1], &port, sizeof(port));
		send_bytes(fd, dialogue->client_bytes);
		receive_bytes(fd, dialogue->server_bytes);
		finish(fd, !dialogue->server_closes_first, dialogue->reset);
		_exit(0);
	}
	assert_int_equal(read(report[0], &ret_seen->client_port, sizeof(ret_seen->client_port)),
			 sizeof(ret_seen->client_port));
	assert_int_equal(waitpid(ret_seen->client, &status, 0), ret_seen->client);
	assert_int_equal(status, 0);
	assert_int_equal(waitpid(ret_seen->server, &status, 0), ret_seen->server);
	assert_int_equal(status, 0);
	close(report[0]);
	close(report[1]);
	close(listener);
}

static struct probe_fixture *shared;

/* Where these tests run, as the system says it. */
static struct {
	uint32_t netns;
	uint64_t cgroup_id;
} here;

/* The identity of a control group is the inode number of its directory. */
static uint64_t own_cgroup_id(void)
{
	static const char *const roots[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	char line[PATH_MAX] = "", path[2 * PATH_MAX];
	FILE *file = fopen("/proc/self/cgroup", "re");
	struct stat info;

	while (file && fgets(line, sizeof(line), file) && strncmp(line, "0::", 3) != 0)
		;
	if (file)
		fclose(file);
	line[strcspn(line, "\n")] = '\0';
	for (size_t i = 0; i < sizeof(roots) / sizeof(*roots); i++) {
		snprintf(path, sizeof(path), "%s/cgroup.controllers", roots[i]);
		if (access(path, F_OK) < 0)
			continue;
		snprintf(path, sizeof(path), "%s%s", roots[i], line + 3);
		if (stat(path, &info) == 0)
			return info.st_ino;
	}
	return 0;
}

static void learn_where(void)
{
	struct stat info;

	if (stat("/proc/self/ns/net", &info) == 0)
		here.netns = (uint32_t)info.st_ino;
	here.cgroup_id = own_cgroup_id();
}

/* What does not depend on the dialogue, of a socket of ours. */
static void check_socket(const struct event_flow *flow, int family)
{
	assert_int_equal(flow->state, FLOW_STATE_CLOSED);
	assert_int_equal(flow->flags, FLOW_FINAL | (family == AF_INET6 ? FLOW_IPV6 : 0));
	assert_int_equal(flow->owner_quality, OWNER_CALLER);
	assert_int_equal(flow->protocol, IPPROTO_TCP);
	assert_int_equal(flow->count, 1);
	assert_int_equal(flow->uid, getuid());
	assert_int_equal(flow->netns, here.netns);
	assert_int_equal(flow->cgroup_id, here.cgroup_id);
	assert_true(flow->cookie != 0);
	assert_true(flow->opened_ns < flow->header.time_ns);
	assert_true(flow->min_rtt_us > 0);
	assert_true(flow->srtt_us >= flow->min_rtt_us);
	assert_memory_equal(flow->local_addr, flow->remote_addr, 16);
}

static void both_ends_are_told_exactly(void **state)
{
	const struct dialogue *dialogue = *state;
	const struct event_flow *client, *server;
	struct both_ends ends;
	struct seen seen;

	probe_fixture_drain(shared);
	speak(dialogue, &seen);
	both_ends_must_come(shared, seen.client_port, seen.server_port, &ends);
	client = &ends.client;
	server = &ends.server;
	check_socket(client, dialogue->family);
	check_socket(server, dialogue->family);
	assert_int_equal(client->direction, FLOW_EGRESS);
	assert_int_equal(client->owner.pid, seen.client);
	assert_int_equal(client->listener.pid, 0);
	assert_true(client->handshake_us > 0);
	assert_int_equal(server->direction, FLOW_INGRESS);
	assert_int_equal(server->owner.pid, seen.server);
	assert_int_equal(server->listener.pid, getpid());
	assert_int_equal(server->handshake_us, 0);
	assert_int_equal(client->sent_bytes, dialogue->client_bytes);
	assert_int_equal(client->received_bytes, dialogue->server_bytes);
	assert_int_equal(server->sent_bytes, dialogue->server_bytes);
	assert_int_equal(server->received_bytes, dialogue->client_bytes);
	/* Nothing is lost on the way: what one end counts, the other does. */
	assert_int_equal(client->sent_data_packets, server->received_data_packets);
	assert_int_equal(server->sent_data_packets, client->received_data_packets);
	assert_int_equal(client->sent_data_packets > 0, dialogue->client_bytes > 0);
	assert_int_equal(server->sent_data_packets > 0, dialogue->server_bytes > 0);
}

/* One segment a message: each waits for the answer to the one before. */
static void packets_with_data_are_counted(void **state)
{
	enum { MESSAGES = 10 };
	struct both_ends ends;
	struct pair pair;

	(void)state;
	probe_fixture_drain(shared);
	pair_connect(&pair, AF_INET);
	for (int i = 0; i < MESSAGES; i++) {
		send_bytes(pair.client, 100);
		receive_bytes(pair.server, 100);
		send_bytes(pair.server, 7);
		receive_bytes(pair.client, 7);
	}
	pair_close(&pair);
	both_ends_must_come(shared, pair.client_port, pair.server_port, &ends);
	assert_int_equal(ends.client.sent_data_packets, MESSAGES);
	assert_int_equal(ends.client.received_data_packets, MESSAGES);
	assert_int_equal(ends.server.sent_data_packets, MESSAGES);
	assert_int_equal(ends.server.received_data_packets, MESSAGES);
	assert_true(ends.client.sent_packets > MESSAGES);
	assert_int_equal(ends.client.retransmits, 0);
	assert_int_equal(ends.client.sent_bytes, 100 * MESSAGES);
}

/* A socket that connects to itself: both ends open at once, and are one. */
static void a_socket_that_meets_itself_is_one_flow(void **state)
{
	struct wanted_flow wanted = { .direction = FLOW_EGRESS };
	const struct event_flow *flow;
	struct sockaddr_storage address;
	socklen_t size = loopback(AF_INET, 0, &address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	wanted.local_port = local_port(fd);
	wanted.remote_port = wanted.local_port;
	loopback(AF_INET, wanted.local_port, &address);
	probe_fixture_drain(shared);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, size), 0);
	send_bytes(fd, 9);
	receive_bytes(fd, 9);
	close(fd);
	flow = flow_must_come(shared, wanted);
	assert_int_equal(flow->state, FLOW_STATE_CLOSED);
	assert_int_equal(flow->sent_bytes, 9);
	assert_int_equal(flow->received_bytes, 9);
	assert_int_equal(flow->owner.pid, getpid());
	assert_false(probe_fixture_find(shared, EVENT_RING_BULK, flow_is_wanted, &wanted, 20));
	wanted.direction = FLOW_INGRESS;
	assert_false(probe_fixture_find(shared, EVENT_RING_BULK, flow_is_wanted, &wanted, 0));
}

static void a_refused_attempt_says_why(void **state)
{
	const struct event_flow *flow;
	int listener = listening(AF_INET);
	in_port_t port = local_port(listener);
	struct sockaddr_storage address;
	socklen_t size = loopback(AF_INET, port, &address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	in_port_t from;

	(void)state;
	close(listener);
	probe_fixture_drain(shared);
	/* Bound first, as the port is given back before it could be asked for. */
	loopback(AF_INET, 0, &address);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	from = local_port(fd);
	loopback(AF_INET, port, &address);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, size), -1);
	assert_int_equal(errno, ECONNREFUSED);
	close(fd);
	flow = flow_must_come(shared, (struct wanted_flow){ FLOW_EGRESS, from, port });
	assert_int_equal(flow->state, FLOW_STATE_FAILED);
	assert_int_equal(flow->error, ECONNREFUSED);
	assert_int_equal(flow->owner.pid, getpid());
	assert_int_equal(flow->sent_bytes, 0);
	assert_int_equal(flow->received_bytes, 0);
}

struct nth {
	uint32_t owner_pid;
	uint16_t index;
};

static bool is_nth(const struct decoded_event *event, const void *context)
{
	const struct nth *nth = context;

	return event->kind == EVENT_FLOW && event->flow.direction == FLOW_EGRESS &&
	       event->flow.owner.pid == nth->owner_pid && event->flow.index == nth->index;
}

/* One socket, refused twice, then connected: three flows with three indexes, each told once. */
static void one_socket_carries_several_flows(void **state)
{
	int listener = listening(AF_INET);
	in_port_t port = local_port(listener);
	int closed = listening(AF_INET);
	in_port_t closed_port = local_port(closed);
	struct sockaddr_storage address;
	socklen_t size = loopback(AF_INET, closed_port, &address);
	int fd = socket(AF_INET, SOCK_STREAM, 0), accepted;
	uint64_t cookie = 0;

	(void)state;
	close(closed);
	probe_fixture_drain(shared);
	for (int i = 0; i < 2; i++)
		assert_int_equal(connect(fd, (struct sockaddr *)&address, size), -1);
	loopback(AF_INET, port, &address);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, size), 0);
	accepted = accept(listener, NULL, NULL);
	assert_int_equal(send(fd, "abc", 3, 0), 3);
	receive_bytes(accepted, 3);
	close(fd);
	close(accepted);
	close(listener);
	for (uint16_t i = 0; i < 3; i++) {
		struct nth nth = { (uint32_t)getpid(), i };

		assert_true(probe_fixture_find(shared, EVENT_RING_BULK, is_nth, &nth, 5000));
		assert_int_equal(shared->event.flow.state,
				 i < 2 ? FLOW_STATE_FAILED : FLOW_STATE_CLOSED);
		assert_int_equal(shared->event.flow.error, i < 2 ? ECONNREFUSED : 0);
		assert_int_equal(shared->event.flow.remote_port, i < 2 ? closed_port : port);
		assert_int_equal(shared->event.flow.sent_bytes, i < 2 ? 0 : 3);
		if (i > 0)
			assert_true(shared->event.flow.cookie == cookie);
		cookie = shared->event.flow.cookie;
	}
}

/* A connection that goes on is told of when it is due and not before; its end is the last part. */
static void a_flow_that_goes_on_is_told_of(void **state)
{
	int listener = listening(AF_INET);
	int client = connected(AF_INET, local_port(listener));
	int server = accept(listener, NULL, NULL);
	struct wanted_flow egress = { FLOW_EGRESS, local_port(client), local_port(listener) };
	const struct event_flow *flow;

	(void)state;
	probe_fixture_drain(shared);
	assert_int_equal(loader_iterate(shared->loader, PROBE_TCP_SWEEP), 0);
	assert_false(probe_fixture_find(shared, EVENT_RING_BULK, flow_is_wanted, &egress, 20));

	for (uint32_t part = 0; part < 3; part++) {
		assert_int_equal(send(client, "12345", 5, 0), 5);
		receive_bytes(server, 5);
		usleep(part == 0 ? 110000 : 1000); /* the fixture's interval is 100 ms */
		assert_int_equal(send(server, "1", 1, 0), 1);
		receive_bytes(client, 1);
		assert_int_equal(loader_iterate(shared->loader, PROBE_TCP_SWEEP), 0);
		flow = flow_must_come(shared, egress);
		assert_int_equal(flow->part, part);
		assert_int_equal(flow->flags, 0);
		assert_int_equal(flow->state, FLOW_STATE_ESTABLISHED);
		assert_int_equal(flow->owner.pid, getpid());
		assert_int_equal(flow->sent_bytes, 5 * (part + 1));
		assert_int_equal(flow->received_bytes, part + 1);
	}
	close(client);
	close(server);
	close(listener);
	flow = flow_must_come(shared, egress);
	assert_int_equal(flow->part, 3);
	assert_int_equal(flow->flags, FLOW_FINAL);
	assert_int_equal(flow->sent_bytes, 15);
}

int main(void)
{
	struct CMUnitTest tests[sizeof(dialogues) / sizeof(*dialogues) + 5];
	size_t count = 0;
	void *fixture = NULL;
	int failed;

	for (size_t i = 0; i < sizeof(dialogues) / sizeof(*dialogues); i++)
		tests[count++] = (struct CMUnitTest){ dialogues[i].name, both_ends_are_told_exactly,
						      NULL, NULL, (void *)&dialogues[i] };
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(packets_with_data_are_counted);
	tests[count++] =
		(struct CMUnitTest)cmocka_unit_test(a_socket_that_meets_itself_is_one_flow);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_refused_attempt_says_why);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(one_socket_carries_several_flows);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_flow_that_goes_on_is_told_of);
	if (probe_fixture_setup(&fixture) < 0)
		return 1;
	shared = fixture;
	learn_where();
	failed = _cmocka_run_group_tests("flow_probes", tests, count, NULL, NULL);
	probe_fixture_teardown(&fixture);
	return failed;
}

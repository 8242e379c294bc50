/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/flow_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

bool flow_is_wanted(const struct decoded_event *event, const void *context)
{
	const struct wanted_flow *wanted = context;

	return event->kind == EVENT_FLOW && event->flow.direction == wanted->direction &&
	       event->flow.local_port == wanted->local_port &&
	       (!wanted->remote_port || event->flow.remote_port == wanted->remote_port);
}

const struct event_flow *flow_must_come(struct probe_fixture *fixture, struct wanted_flow wanted)
{
	assert_true(probe_fixture_find(fixture, EVENT_RING_BULK, flow_is_wanted, &wanted, 5000));
	return &fixture->event.flow;
}

struct awaited {
	in_port_t client_port;
	in_port_t server_port;
	struct both_ends ends;
	unsigned int client_finals;
	unsigned int server_finals;
};

/* True once both have come. */
static bool collect_final(const struct decoded_event *event, const void *context)
{
	struct awaited *awaited = (struct awaited *)(uintptr_t)context;
	const struct event_flow *flow = &event->flow;

	if (event->kind != EVENT_FLOW || !(flow->flags & FLOW_FINAL))
		return false;
	if (flow->local_port == awaited->client_port && flow->remote_port == awaited->server_port) {
		awaited->ends.client = *flow;
		awaited->client_finals++;
	} else if (flow->local_port == awaited->server_port &&
		   flow->remote_port == awaited->client_port) {
		awaited->ends.server = *flow;
		awaited->server_finals++;
	}
	return awaited->client_finals > 0 && awaited->server_finals > 0;
}

void both_ends_must_come(struct probe_fixture *fixture, in_port_t client_port,
			 in_port_t server_port, struct both_ends *ret_ends)
{
	struct awaited awaited = { .client_port = client_port, .server_port = server_port };

	assert_true(probe_fixture_find(fixture, EVENT_RING_BULK, collect_final, &awaited, 5000));
	probe_fixture_find(fixture, EVENT_RING_BULK, collect_final, &awaited, 20);
	assert_int_equal(awaited.client_finals, 1);
	assert_int_equal(awaited.server_finals, 1);
	*ret_ends = awaited.ends;
}

void pair_connect(struct pair *ret_pair, int family)
{
	ret_pair->listener = listening(family);
	ret_pair->server_port = local_port(ret_pair->listener);
	ret_pair->client = connected(family, ret_pair->server_port);
	assert_true(ret_pair->client >= 0);
	ret_pair->client_port = local_port(ret_pair->client);
	ret_pair->server = accept4(ret_pair->listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(ret_pair->server >= 0);
}

void pair_close(struct pair *pair)
{
	int *const open[] = { &pair->client, &pair->server, &pair->listener };

	for (size_t i = 0; i < 3; i++) {
		if (*open[i] >= 0)
			close(*open[i]);
		*open[i] = -1;
	}
}

socklen_t loopback(int family, in_port_t port, struct sockaddr_storage *ret_address)
{
	memset(ret_address, 0, sizeof(*ret_address));
	if (family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)ret_address;

		*in = (struct sockaddr_in){ .sin_family = AF_INET,
					    .sin_port = port,
					    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		return sizeof(*in);
	}
	*(struct sockaddr_in6 *)ret_address = (struct sockaddr_in6){
		.sin6_family = AF_INET6, .sin6_port = port, .sin6_addr = in6addr_loopback
	};
	return sizeof(struct sockaddr_in6);
}

in_port_t local_port(int fd)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	return address.ss_family == AF_INET ? ((struct sockaddr_in *)&address)->sin_port
					    : ((struct sockaddr_in6 *)&address)->sin6_port;
}

int listening(int family)
{
	struct sockaddr_storage address;
	socklen_t size = loopback(family, 0, &address);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(fd, 512), 0);
	return fd;
}

int connected(int family, in_port_t port)
{
	struct sockaddr_storage address;
	socklen_t size = loopback(family, port, &address);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&address, size) == 0)
		return fd;
	close(fd);
	return -1;
}

pid_t fork_bound(void)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return child;
}

void send_bytes(int fd, size_t count)
{
	static char bytes[65536];

	while (count > 0) {
		ssize_t sent = send(fd, bytes, count < sizeof(bytes) ? count : sizeof(bytes), 0);

		if (sent <= 0)
			_exit(3);
		count -= (size_t)sent;
	}
}

void receive_bytes(int fd, size_t count)
{
	static char bytes[65536];

	while (count > 0) {
		ssize_t got = recv(fd, bytes, count < sizeof(bytes) ? count : sizeof(bytes), 0);

		if (got <= 0)
			_exit(4);
		count -= (size_t)got;
	}
}

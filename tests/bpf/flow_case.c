/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/flow_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>
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

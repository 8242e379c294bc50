/* SPDX-License-Identifier: Apache-2.0 */
/* TCP over loopback, and the flow events it must make: shared by the tests of flow.bpf.c. */
#ifndef YAGURA_TESTS_BPF_FLOW_CASE_H
#define YAGURA_TESTS_BPF_FLOW_CASE_H

#include "bpf/probe_fixture.h"

#include <netinet/in.h>
#include <sys/socket.h>

struct wanted_flow {
	enum event_flow_direction direction;
	in_port_t local_port; /* network order */
	in_port_t remote_port; /* 0: any */
};

/* For probe_fixture_find: `context` is a struct wanted_flow. */
bool flow_is_wanted(const struct decoded_event *event, const void *context);
/* The next such flow within five seconds, or the test fails. */
const struct event_flow *flow_must_come(struct probe_fixture *fixture, struct wanted_flow wanted);

/* The final records of both ends of a connection, each of which must come within five seconds, and
 * once. */
struct both_ends {
	struct event_flow client;
	struct event_flow server;
};
void both_ends_must_come(struct probe_fixture *fixture, in_port_t client_port,
			 in_port_t server_port, struct both_ends *ret_ends);

/* A connection whose both ends are ours. */
struct pair {
	int listener;
	int client;
	int server;
	in_port_t client_port;
	in_port_t server_port;
};
void pair_connect(struct pair *ret_pair, int family);
/* Closes what is still open (not -1). */
void pair_close(struct pair *pair);

/* Fills in the loopback address of the family; returns its length. */
socklen_t loopback(int family, in_port_t port, struct sockaddr_storage *ret_address);
in_port_t local_port(int fd);
int listening(int family);
/* A connected socket, or -1. */
int connected(int family, in_port_t port);
/* fork(); the child ends with this process, however a test ends. */
pid_t fork_bound(void);
/* All of them, or this process ends: for children. */
void send_bytes(int fd, size_t count);
void receive_bytes(int fd, size_t count);

#endif

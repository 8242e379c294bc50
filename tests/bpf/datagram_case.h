/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets for datagrams and the records they must make: shared by the tests of datagram.bpf.c. */
#ifndef YAGURA_TESTS_BPF_DATAGRAM_CASE_H
#define YAGURA_TESTS_BPF_DATAGRAM_CASE_H

#include "bpf/flow_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define TOLD_MAX 512

/* Every record about a port or, when that is 0, of a network namespace. */
struct told {
	in_port_t port; /* either end's, network order */
	uint32_t netns;
	bool last_only; /* no interim records: slow machines have more of them */
	size_t count;
	struct event_flow flow[TOLD_MAX];
};

/* Loads the programs as probe_fixture_options say and runs the tests with *ret_fixture; on a kernel
 * that cannot count datagrams only one, that it says so. For main: returns its exit status. */
int datagram_tests(const char *name, const struct CMUnitTest *tests, size_t count,
		   struct probe_fixture **ret_fixture);
/* One look at all flows of datagrams, as the keeper does each second. */
void sweep_datagrams(struct probe_fixture *fixture);
/* Adds what waits in the ring. */
void told_read(struct probe_fixture *fixture, struct told *told);
/* The only record of this local port that has all of `flags`; the test fails when there is none,
 * or another. */
const struct event_flow *told_one(const struct told *told, in_port_t local_port, uint8_t flags);

/* A socket bound to a free port of the loopback address. */
int datagram_socket(int family);
/* Sends `size` bytes there. */
void send_to(int fd, int family, in_port_t port, size_t size);
/* The next datagram's size; answers with `answer_size` bytes unless that is negative. */
size_t take_and_answer(int fd, ssize_t answer_size);
uint32_t own_netns(void);
/* Moves this process into a network namespace of its own, in which only lo is up. */
void enter_netns(void);

#endif

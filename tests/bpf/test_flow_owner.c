/* SPDX-License-Identifier: Apache-2.0 */
/* Who is named as the owner of an accepted connection, on the running kernel, where it is hard to
 * tell. */
#include "bpf/flow_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONNECTIONS 200
#define BURNERS_MAX 64

struct owners {
	in_port_t server_port;
	uint32_t server_pid;
	unsigned int right;
	unsigned int unknown; /* nobody was seen using it: allowed, and said so */
	unsigned int wrong;
};

/* Sorts the accepted connections by their owner; never satisfied, so that it sees all events. */
static bool judge_owner(const struct decoded_event *event, const void *context)
{
	struct owners *owners = (struct owners *)(uintptr_t)context;
	const struct event_flow *flow = &event->flow;

	if (event->kind != EVENT_FLOW || flow->direction != FLOW_INGRESS ||
	    flow->local_port != owners->server_port)
		return false;
	if (flow->owner_quality != OWNER_CALLER)
		owners->unknown++;
	else if (flow->owner.pid == owners->server_pid)
		owners->right++;
	else
		owners->wrong++;
	return false;
}

/* Accepts everything, lets the acknowledgement of each request wait for the timer, and only then
 * answers: the first segment of each connection is made by a softirq. */
static void serve_late(int listener, int ready)
{
	int fd[CONNECTIONS], off = 0;
	char byte;

	for (size_t i = 0; i < CONNECTIONS; i++) {
		fd[i] = accept(listener, NULL, NULL);
		setsockopt(fd[i], IPPROTO_TCP, TCP_QUICKACK, &off, sizeof(off));
	}
	(void)!write(ready, "r", 1);
	usleep(400000);
	for (size_t i = 0; i < CONNECTIONS; i++) {
		if (recv(fd[i], &byte, 1, 0) == 1)
			(void)!send(fd[i], &byte, 1, 0);
		close(fd[i]);
	}
	_exit(0);
}

static void burn_forever(void)
{
	for (volatile unsigned long i = 0;; i++)
		;
}

static void ask_all(in_port_t port, int ready)
{
	int fd[CONNECTIONS];
	char byte = 'q';

	for (size_t i = 0; i < CONNECTIONS; i++)
		fd[i] = connected(AF_INET, port);
	assert_int_equal(read(ready, &byte, 1), 1);
	for (size_t i = 0; i < CONNECTIONS; i++)
		assert_int_equal(send(fd[i], &byte, 1, 0), 1);
	for (size_t i = 0; i < CONNECTIONS; i++) {
		receive_bytes(fd[i], 1);
		close(fd[i]);
	}
}

/* Processes that have nothing to do with the network, interrupted in user mode all the time:
 * softirqs then run on their kernel stacks. None of them may ever be named. */
static void no_bystander_is_named(void **state)
{
	struct probe_fixture *fixture = *state;
	const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	const long burners = cpus < BURNERS_MAX ? cpus : BURNERS_MAX;
	int listener = listening(AF_INET);
	struct owners owners = { .server_port = local_port(listener) };
	pid_t server, burner[BURNERS_MAX];
	int ready[2];

	probe_fixture_drain(fixture);
	assert_int_equal(pipe(ready), 0);
	server = fork();
	if (server == 0)
		serve_late(listener, ready[1]);
	for (long i = 0; i < burners; i++) {
		burner[i] = fork();
		if (burner[i] == 0)
			burn_forever();
	}
	owners.server_pid = (uint32_t)server;
	ask_all(owners.server_port, ready[0]);
	waitpid(server, NULL, 0);
	for (long i = 0; i < burners; i++) {
		kill(burner[i], SIGKILL);
		waitpid(burner[i], NULL, 0);
	}
	probe_fixture_find(fixture, EVENT_RING_BULK, judge_owner, &owners, 500);
	close(listener);
	close(ready[0]);
	close(ready[1]);
	assert_int_equal(owners.wrong, 0);
	assert_int_equal(owners.unknown, 0);
	assert_int_equal(owners.right, CONNECTIONS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_bystander_is_named),
	};

	return cmocka_run_group_tests(tests, probe_fixture_setup, probe_fixture_teardown);
}

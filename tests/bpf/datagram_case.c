/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/datagram_case.h"
#include "bpf/kernel_case.h"

#include "sensor/keeper/probe_table.h"

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

int datagram_tests(const char *name, const struct CMUnitTest *tests, size_t count,
		   struct probe_fixture **ret_fixture)
{
	void *fixture = NULL;
	int failed;

	if (probe_fixture_setup(&fixture) < 0)
		return 1;
	*ret_fixture = fixture;
	failed = _cmocka_run_group_tests(name, tests, count, NULL, NULL);
	probe_fixture_teardown(&fixture);
	return failed;
}

void sweep_datagrams(struct probe_fixture *fixture)
{
	static const char *const swept[] = { PROBE_DATAGRAM_SWEEP, PROBE_DATAGRAM_SWEEP_MANY,
					     PROBE_DATAGRAM_SWEEP_OTHER, PROBE_REFUSED_SWEEP };

	for (size_t i = 0; i < sizeof(swept) / sizeof(*swept); i++)
		assert_int_equal(loader_iterate(fixture->loader, swept[i]),
				 !refusals_are_seen() && strcmp(swept[i], PROBE_REFUSED_SWEEP) == 0
					 ? -EOPNOTSUPP
					 : 0);
}

/* Never satisfied, so that it sees all events. */
static bool is_told(const struct decoded_event *event, const void *context)
{
	struct told *told = (struct told *)(uintptr_t)context;
	const struct event_flow *flow = &event->flow;

	if (event->kind != EVENT_FLOW || flow->protocol == IPPROTO_TCP * !told->netns)
		return false;
	if (told->port ? flow->local_port != told->port && flow->remote_port != told->port
		       : flow->netns != told->netns)
		return false;
	if (told->last_only && !(flow->flags & FLOW_FINAL))
		return false;
	assert_true(told->count < TOLD_MAX);
	told->flow[told->count++] = *flow;
	return false;
}

void told_read(struct probe_fixture *fixture, struct told *told)
{
	/* Old kernels tell of all ends in two sweeps. */
	for (int pass = 0; pass < 2 && !first_flow_is_apart(); pass++)
		sweep_datagrams(fixture);
	probe_fixture_find(fixture, EVENT_RING_BULK, is_told, told, 20);
}

const struct event_flow *told_one(const struct told *told, in_port_t local_port, uint8_t flags)
{
	const struct event_flow *found = NULL;

	for (size_t i = 0; i < told->count; i++) {
		const struct event_flow *flow = &told->flow[i];

		if (flow->local_port != local_port || (flow->flags & flags) != flags)
			continue;
		assert_null(found);
		found = flow;
	}
	assert_non_null(found);
	return found;
}

int datagram_socket(int family)
{
	struct sockaddr_storage address;
	socklen_t size = loopback(family, 0, &address);
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const struct timeval patience = { .tv_sec = 5 };

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	return fd;
}

void send_to(int fd, int family, in_port_t port, size_t size)
{
	static const char bytes[65536];
	struct sockaddr_storage address;
	socklen_t length = loopback(family, port, &address);

	assert_int_equal(sendto(fd, bytes, size, 0, (struct sockaddr *)&address, length), size);
}

size_t take_and_answer(int fd, ssize_t answer_size)
{
	static char bytes[65536];
	struct sockaddr_storage from;
	socklen_t length = sizeof(from);
	ssize_t got = recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &length);

	assert_true(got >= 0);
	if (answer_size >= 0)
		assert_int_equal(
			sendto(fd, bytes, (size_t)answer_size, 0, (struct sockaddr *)&from, length),
			answer_size);
	return (size_t)got;
}

uint32_t own_netns(void)
{
	struct stat facts;

	assert_int_equal(stat("/proc/self/ns/net", &facts), 0);
	return (uint32_t)facts.st_ino;
}

void enter_netns(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd;

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &lo), 0);
	close(fd);
}

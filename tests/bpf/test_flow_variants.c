/* SPDX-License-Identifier: Apache-2.0 */
/* Less common ways to open a TCP connection, in a network namespace of our own on the running
 * kernel: one flow an end, and the right owner, all the same. */
#include "bpf/flow_case.h"
#include "bpf/kernel_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

#define REQUEST 200
#define REPLY 300

static void sysctl_set(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, value, strlen(value)), strlen(value));
	close(fd);
}

/* A count of this namespace, such as "SyncookiesRecv": a line of names, then one of values. */
static unsigned long netstat(const char *name)
{
	static char names[8192], values[8192];
	FILE *file = fopen("/proc/net/netstat", "re");
	char *next_name = names, *next_value = values, *key, *value;
	unsigned long found = 0;

	assert_non_null(file);
	assert_non_null(fgets(names, sizeof(names), file));
	assert_non_null(fgets(values, sizeof(values), file));
	fclose(file);
	while ((key = strsep(&next_name, " \n")) && (value = strsep(&next_value, " \n")))
		if (strcmp(key, name) == 0)
			found = strtoul(value, NULL, 10);
	return found;
}

static int listening_with(int protocol, int option)
{
	struct sockaddr_storage address;
	socklen_t size = loopback(AF_INET, 0, &address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, protocol);
	const int queue = 16;

	assert_true(fd >= 0);
	if (option)
		assert_int_equal(setsockopt(fd, IPPROTO_TCP, option, &queue, sizeof(queue)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

static void connect_with(struct pair *pair, int protocol)
{
	struct sockaddr_storage address;
	socklen_t size = loopback(AF_INET, pair->server_port, &address);

	pair->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, protocol);
	assert_true(pair->client >= 0);
	assert_int_equal(connect(pair->client, (struct sockaddr *)&address, size), 0);
	send_bytes(pair->client, REQUEST);
}

static void plain(struct pair *pair)
{
	connect_with(pair, 0);
}

/* The server keeps nothing of a SYN: the connection comes into being with the last
 * acknowledgement. */
static void syn_cookie(struct pair *pair)
{
	unsigned long before = netstat("SyncookiesRecv");

	sysctl_set("/proc/sys/net/ipv4/tcp_syncookies", "2");
	connect_with(pair, 0);
	sysctl_set("/proc/sys/net/ipv4/tcp_syncookies", "1");
	assert_int_equal(netstat("SyncookiesRecv"), before + 1);
}

/* The request travels with the SYN. */
static void fast_open(struct pair *pair)
{
	static const char request[REQUEST];
	unsigned long before = netstat("TCPFastOpenPassive");
	struct sockaddr_storage address;
	socklen_t size;
	const int on = 1;

	close(pair->listener);
	sysctl_set("/proc/sys/net/ipv4/tcp_fastopen", "3");
	pair->listener = listening_with(0, TCP_FASTOPEN);
	pair->server_port = local_port(pair->listener);
	size = loopback(AF_INET, pair->server_port, &address);
	pair->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
		setsockopt(pair->listener, IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, &on, sizeof(on)),
		0);
	assert_int_equal(
		setsockopt(pair->client, IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, &on, sizeof(on)), 0);
	assert_int_equal(sendto(pair->client, request, sizeof(request), MSG_FASTOPEN,
				(struct sockaddr *)&address, size),
			 sizeof(request));
	assert_int_equal(netstat("TCPFastOpenPassive"), before + 1);
}

/* The kernel's own sockets carry it, for the process. */
static void multipath(struct pair *pair)
{
	close(pair->listener);
	pair->listener = listening_with(IPPROTO_MPTCP, 0);
	pair->server_port = local_port(pair->listener);
	connect_with(pair, IPPROTO_MPTCP);
}

static const struct variant {
	const char *name;
	void (*request)(struct pair *pair); /* connects and sends REQUEST bytes */
	enum event_owner_quality accepted; /* at least */
	bool disconnects; /* the kernel may set its counters to zero before the end, and we say so
			   */
} variants[] = {
	{ "plain", plain, OWNER_CALLER, false },
	{ "SYN cookie", syn_cookie, OWNER_CALLER, false },
	{ "Fast Open", fast_open, OWNER_CALLER, false },
	/* Its options leave no room in the header, and then the kernel does not call back. */
	{ "MPTCP", multipath, OWNER_INHERITED, true },
};

static struct probe_fixture *shared;

static void check_end(const struct event_flow *flow, const struct variant *row, uint64_t sent,
		      uint64_t received)
{
	bool cleared = flow->flags & FLOW_COUNTERS_RESET;
	struct stat info;

	assert_int_equal(stat("/proc/self/ns/net", &info), 0);
	assert_int_equal(flow->netns, (uint32_t)info.st_ino);
	assert_int_equal(flow->owner.pid, getpid());
	assert_int_equal(flow->state, FLOW_STATE_CLOSED);
	assert_int_equal(flow->flags & ~FLOW_COUNTERS_RESET, FLOW_FINAL);
	assert_true(flow->cookie != 0);
	assert_true(!cleared || row->disconnects);
	assert_int_equal(flow->sent_bytes, cleared ? 0 : sent);
	assert_int_equal(flow->received_bytes, cleared ? 0 : received);
}

static void is_one_flow_an_end(void **state)
{
	const struct variant *row = *state;
	struct both_ends ends;
	struct pair pair = { .listener = listening_with(0, 0) };

	pair.server_port = local_port(pair.listener);
	probe_fixture_drain(shared);
	row->request(&pair);
	pair.client_port = local_port(pair.client);
	pair.server = accept4(pair.listener, NULL, NULL, SOCK_CLOEXEC);
	receive_bytes(pair.server, REQUEST);
	send_bytes(pair.server, REPLY);
	receive_bytes(pair.client, REPLY);
	pair_close(&pair);
	both_ends_must_come(shared, pair.client_port, pair.server_port, &ends);
	check_end(&ends.client, row, REQUEST, REPLY);
	check_end(&ends.server, row, REPLY, REQUEST);
	assert_int_equal(ends.client.owner_quality, OWNER_CALLER);
	assert_in_range(ends.server.owner_quality, row->accepted, OWNER_CALLER);
	assert_int_equal(ends.client.direction, FLOW_EGRESS);
	assert_int_equal(ends.server.direction, FLOW_INGRESS);
	assert_int_equal(ends.server.listener.pid, getpid());
}

static int enter_own_namespace(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd, r;

	if (unshare(CLONE_NEWNET) < 0)
		return -1;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	r = ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
	return r;
}

#define VARIANTS (sizeof(variants) / sizeof(*variants))

int main(void)
{
	/* Debian's 5.10 is built without MPTCP, the last row. */
	const size_t count = is_old_kernel() ? VARIANTS - 1 : VARIANTS;
	struct CMUnitTest tests[VARIANTS];
	void *fixture = NULL;
	int failed;

	for (size_t i = 0; i < count; i++)
		tests[i] = (struct CMUnitTest){ variants[i].name, is_one_flow_an_end, NULL, NULL,
						(void *)&variants[i] };
	if (probe_fixture_setup(&fixture) < 0 || enter_own_namespace() < 0)
		return 1;
	shared = fixture;
	failed = _cmocka_run_group_tests("flow_variants", tests, count, NULL, NULL);
	probe_fixture_teardown(&fixture);
	return failed;
}

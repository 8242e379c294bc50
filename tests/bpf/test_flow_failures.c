/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts to connect over TCP that never get through, each with its reason. */
#include "bpf/flow_case.h"
#include "bpf/kernel_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* One attempt: a socket that is bound already, on its way to a listener whose queue is full, so
 * that its SYN is dropped, or to a port where nobody listens. */
struct attempt {
	int listener;
	int occupant; /* fills the queue */
	int fd;
	in_port_t from;
	in_port_t to;
};

static struct probe_fixture *shared;

static void attempt_prepare(struct attempt *attempt)
{
	struct sockaddr_storage address;
	socklen_t size = loopback(AF_INET, 0, &address);

	attempt->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(attempt->fd, (struct sockaddr *)&address, size), 0);
	attempt->from = local_port(attempt->fd);
	attempt->listener = listening(AF_INET);
	attempt->to = local_port(attempt->listener);
	assert_int_equal(listen(attempt->listener, 0), 0);
	attempt->occupant = connected(AF_INET, attempt->to);
	assert_true(attempt->occupant >= 0);
	probe_fixture_drain(shared);
}

static void attempt_start(const struct attempt *attempt)
{
	struct sockaddr_storage address;
	socklen_t size = loopback(AF_INET, attempt->to, &address);

	assert_int_equal(connect(attempt->fd, (struct sockaddr *)&address, size), -1);
	assert_int_equal(errno, EINPROGRESS);
}

static int error_of(int fd)
{
	int error = 0;
	socklen_t size = sizeof(error);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size), 0);
	return error;
}

/* The error that the attempt ends with, read as programs do. */
static int attempt_error(const struct attempt *attempt)
{
	struct pollfd wait = { .fd = attempt->fd, .events = POLLOUT };

	assert_int_equal(poll(&wait, 1, 10000), 1);
	return error_of(attempt->fd);
}

/* The sequence number of the SYN, which an ICMP message must quote to be believed. */
static uint32_t syn_sequence(int fd)
{
	const int on = 1, off = TCP_REPAIR_OFF_NO_WP, queue = TCP_SEND_QUEUE;
	uint32_t next = 0;
	socklen_t size = sizeof(next);

	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, &queue, sizeof(queue)), 0);
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, &next, &size), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof(off)), 0);
	return next - 1;
}

static uint16_t checksum(const void *bytes, size_t size)
{
	const uint16_t *word = bytes;
	uint32_t sum = 0;

	for (size_t i = 0; i < size / 2; i++)
		sum += word[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

/* What a router would answer to the SYN. */
static void send_unreachable(const struct attempt *attempt, uint8_t code)
{
	struct {
		struct icmphdr icmp;
		struct iphdr ip;
		in_port_t from, to;
		uint32_t sequence;
	} message = { .icmp = { .type = ICMP_DEST_UNREACH, .code = code },
		      .ip = { .version = 4,
			      .ihl = 5,
			      .tot_len = htons(40),
			      .ttl = 64,
			      .protocol = IPPROTO_TCP,
			      .saddr = htonl(INADDR_LOOPBACK),
			      .daddr = htonl(INADDR_LOOPBACK) },
		      .from = attempt->from,
		      .to = attempt->to,
		      .sequence = htonl(syn_sequence(attempt->fd)) };
	struct sockaddr_storage address;
	socklen_t size = loopback(AF_INET, 0, &address);
	int raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);

	message.ip.check = checksum(&message.ip, sizeof(message.ip));
	message.icmp.checksum = checksum(&message, sizeof(message));
	assert_int_equal(
		sendto(raw, &message, sizeof(message), 0, (struct sockaddr *)&address, size),
		sizeof(message));
	close(raw);
}

static void port_is_closed(struct attempt *attempt)
{
	close(attempt->listener);
	attempt->listener = -1;
	attempt_start(attempt);
	assert_int_equal(attempt_error(attempt), ECONNREFUSED);
}

static void nobody_answers(struct attempt *attempt)
{
	const int retries = 1;
	const unsigned int patience_ms = 500;

	setsockopt(attempt->fd, IPPROTO_TCP, TCP_SYNCNT, &retries, sizeof(retries));
	setsockopt(attempt->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience_ms, sizeof(patience_ms));
	attempt_start(attempt);
	assert_int_equal(attempt_error(attempt), ETIMEDOUT);
}

static void router_says_host(struct attempt *attempt)
{
	attempt_start(attempt);
	send_unreachable(attempt, ICMP_HOST_UNREACH);
	assert_int_equal(attempt_error(attempt), EHOSTUNREACH);
}

static void router_says_network(struct attempt *attempt)
{
	attempt_start(attempt);
	send_unreachable(attempt, ICMP_NET_UNREACH);
	assert_int_equal(attempt_error(attempt), ENETUNREACH);
}

static void firewall_says_port(struct attempt *attempt)
{
	attempt_start(attempt);
	send_unreachable(attempt, ICMP_PORT_UNREACH);
	assert_int_equal(attempt_error(attempt), ECONNREFUSED);
}

static void user_closes(struct attempt *attempt)
{
	attempt_start(attempt);
	close(attempt->fd);
	attempt->fd = -1;
}

static void user_disconnects(struct attempt *attempt)
{
	const struct sockaddr nobody = { .sa_family = AF_UNSPEC };

	attempt_start(attempt);
	assert_int_equal(connect(attempt->fd, &nobody, sizeof(nobody)), 0);
}

static const struct failure {
	const char *name;
	void (*play)(struct attempt *attempt);
	enum event_flow_ending ending;
	uint32_t error;
	uint8_t flags;
	bool answered;
} failures[] = {
	{ "refused: nobody listens", port_is_closed, ENDING_RESET_REMOTE, ECONNREFUSED, 0, true },
	{ "timed out: nobody answers", nobody_answers, ENDING_TIMEOUT, ETIMEDOUT, 0, false },
	{ "unreachable: the host", router_says_host, ENDING_UNREACHABLE, EHOSTUNREACH, 0, false },
	{ "unreachable: the network", router_says_network, ENDING_UNREACHABLE, ENETUNREACH, 0,
	  false },
	{ "unreachable: the port, by ICMP", firewall_says_port, ENDING_UNREACHABLE, ECONNREFUSED, 0,
	  false },
	{ "given up: closed", user_closes, ENDING_ABORTED, 0, 0, false },
	{ "given up: disconnected", user_disconnects, ENDING_ABORTED, 0, FLOW_COUNTERS_RESET,
	  false },
};

static void an_attempt_says_why(void **state)
{
	const struct failure *row = *state;
	/* 5.10 tells of the end of the attempt, later ones of what is left of the socket. */
	const uint8_t flags = destruction_is_seen() ? row->flags : 0;
	const struct event_flow *flow;
	struct wanted_flow wanted = { .direction = FLOW_EGRESS };
	struct attempt attempt;

	attempt_prepare(&attempt);
	row->play(&attempt);
	wanted.local_port = attempt.from;
	wanted.remote_port = attempt.to;
	flow = flow_must_come(shared, wanted);
	assert_int_equal(flow->state, FLOW_STATE_FAILED);
	assert_int_equal(flow->ending, row->ending);
	assert_int_equal(flow->error, row->error);
	assert_int_equal(flow->flags, FLOW_FINAL | flags);
	assert_int_equal(flow->owner.pid, getpid());
	assert_int_equal(flow->owner_quality, OWNER_CALLER);
	assert_int_equal(flow->sent_bytes, 0);
	assert_int_equal(flow->received_bytes, 0);
	assert_int_equal(flow->received_packets, row->answered ? 1 : 0);
	assert_int_equal(flow->sent_packets > 0, !(flags & FLOW_COUNTERS_RESET));
	close(attempt.fd);
	close(attempt.occupant);
	close(attempt.listener);
	/* Exactly one: the descriptor is closed only now. */
	assert_false(probe_fixture_find(shared, EVENT_RING_BULK, flow_is_wanted, &wanted, 20));
}

#define FAILURES (sizeof(failures) / sizeof(*failures))

int main(void)
{
	struct CMUnitTest tests[FAILURES];
	void *fixture = NULL;
	int failed;

	for (size_t i = 0; i < FAILURES; i++)
		tests[i] = (struct CMUnitTest){ failures[i].name, an_attempt_says_why, NULL, NULL,
						(void *)&failures[i] };
	if (probe_fixture_setup(&fixture) < 0)
		return 1;
	shared = fixture;
	failed = cmocka_run_group_tests_name("flow_failures", tests, NULL, NULL);
	probe_fixture_teardown(&fixture);
	return failed;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What is neither TCP nor plain UDP between two: multicast, broadcast, fragments, ICMP, raw
 * sockets, and attempts where nobody listens. Each runs in a network namespace of its own, which
 * must hide nothing. */
#include "bpf/datagram_case.h"
#include "bpf/kernel_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <fcntl.h>
#include <linux/udp.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IDLE_MS 150

static struct probe_fixture *shared;
static int home; /* the namespace we came from */

static int move_in(void **state)
{
	(void)state;
	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	enter_netns();
	probe_fixture_drain(shared);
	return home < 0;
}

static int move_out(void **state)
{
	int r = setns(home, CLONE_NEWNET);

	(void)state;
	close(home);
	return r;
}

/* All records of this namespace, once everything in it is over. */
static void told_all(struct told *told)
{
	*told = (struct told){ .netns = own_netns() };
	for (int i = 0; i < 2; i++)
		sweep_datagrams(shared);
	usleep((IDLE_MS + 50) * 1000);
	for (int i = 0; i < 2; i++)
		sweep_datagrams(shared);
	told_read(shared, told);
}

static struct sockaddr_in address_of(const char *text, in_port_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = port };

	assert_int_equal(inet_pton(AF_INET, text, &address.sin_addr), 1);
	return address;
}

static void assert_addr(const uint8_t addr[16], const char *text)
{
	uint8_t wanted[16] = { [10] = 0xff, [11] = 0xff };

	if (strchr(text, ':'))
		assert_int_equal(inet_pton(AF_INET6, text, wanted), 1);
	else
		assert_int_equal(inet_pton(AF_INET, text, wanted + 12), 1);
	assert_memory_equal(addr, wanted, 16);
}

#define RECEIVERS 3

/* One sender, three receivers; what is sent to all is sent once. */
static void to_all(const char *sender, const char *group, bool member)
{
	struct sockaddr_in to = address_of(group, htons(5353)), from = address_of(sender, 0);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1, receiver[RECEIVERS];
	struct told told;
	size_t received = 0;

	for (size_t i = 0; i < RECEIVERS; i++) {
		struct ip_mreq request = { to.sin_addr, from.sin_addr };

		receiver[i] = socket(AF_INET, SOCK_DGRAM, 0);
		setsockopt(receiver[i], SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		assert_int_equal(bind(receiver[i], (struct sockaddr *)&to, sizeof(to)), 0);
		if (member)
			assert_int_equal(setsockopt(receiver[i], IPPROTO_IP, IP_ADD_MEMBERSHIP,
						    &request, sizeof(request)),
					 0);
	}
	setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
	setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &from.sin_addr, sizeof(from.sin_addr));
	for (int i = 0; i < 4; i++)
		assert_int_equal(
			sendto(fd, "0123456789", 10, 0, (struct sockaddr *)&to, sizeof(to)), 10);
	for (size_t i = 0; i < RECEIVERS; i++)
		for (int j = 0; j < 4; j++)
			assert_int_equal(take_and_answer(receiver[i], -1), 10);
	from.sin_port = local_port(fd);
	close(fd);
	for (size_t i = 0; i < RECEIVERS; i++)
		close(receiver[i]);
	told_all(&told);
	for (size_t i = 0; i < told.count; i++) {
		const struct event_flow *flow = &told.flow[i];
		bool is_sender = flow->local_port == from.sin_port;

		assert_addr(flow->local_addr, is_sender ? sender : group);
		assert_addr(flow->remote_addr, is_sender ? group : sender);
		assert_int_equal(flow->direction, is_sender ? FLOW_EGRESS : FLOW_INGRESS);
		assert_int_equal(is_sender ? flow->sent_bytes : flow->received_bytes, 40);
		assert_int_equal(is_sender ? flow->sent_packets : flow->received_packets, 4);
		assert_int_equal(is_sender ? flow->received_bytes : flow->sent_bytes, 0);
		assert_int_equal(flow->owner_quality, OWNER_CALLER);
		received += !is_sender;
	}
	assert_int_equal(received, RECEIVERS);
	assert_int_equal(told.count, RECEIVERS + 1);
}

/* Another way out than lo: not every kernel has the one, not every `ip` can make the other. */
static void make_link(void)
{
	assert_int_equal(system("{ ip link add yg0 type dummy 2>/dev/null || "
				"{ ip link add yg0 type veth peer name yg1 && "
				"ip link set yg1 up; }; } && ip link set yg0 up && "
				"ip addr add 10.98.7.1/24 brd + dev yg0"),
			 0);
}

static void multicast_is_sent_once(void **state)
{
	(void)state;
	make_link();
	to_all("10.98.7.1", "239.7.7.7", true);
}

static void broadcast_is_sent_once(void **state)
{
	(void)state;
	make_link();
	to_all("10.98.7.1", "10.98.7.255", false);
}

/* Counted as datagrams, before they are cut and after they are put together. */
static void fragments_count_as_one(void **state)
{
	const int family = *(const int *)*state;
	int server, client;
	const struct event_flow *flow;
	struct told told;
	in_port_t port;

	assert_int_equal(system("ip link set lo mtu 1400"), 0);
	server = datagram_socket(family);
	client = datagram_socket(family);
	port = local_port(server);
	for (int i = 0; i < 3; i++) {
		send_to(client, family, port, 20000);
		assert_int_equal(take_and_answer(server, 9000), 20000);
	}
	close(client);
	close(server);
	told_all(&told);
	assert_int_equal(told.count, 2);
	flow = told_one(&told, port, FLOW_FINAL);
	assert_int_equal(flow->received_bytes, 60000);
	assert_int_equal(flow->received_packets, 3);
	assert_int_equal(flow->sent_bytes, 27000);
	flow = &told.flow[flow == told.flow];
	assert_int_equal(flow->sent_bytes, 60000);
	assert_int_equal(flow->sent_packets, 3);
}

struct pinger {
	const char *name;
	int family;
	int type;
	int protocol;
	uint8_t request;
	uint64_t received; /* what a raw socket sees on lo: its own request, too */
};

static const struct pinger pingers[] = {
	{ "ping socket", AF_INET, SOCK_DGRAM, IPPROTO_ICMP, ICMP_ECHO, 1 },
	{ "ping socket, IPv6", AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6, ICMP6_ECHO_REQUEST, 1 },
	{ "raw socket", AF_INET, SOCK_RAW, IPPROTO_ICMP, ICMP_ECHO, 2 },
	{ "raw socket, IPv6", AF_INET6, SOCK_RAW, IPPROTO_ICMPV6, ICMP6_ECHO_REQUEST, 2 },
};

static void a_ping_is_told(void **state)
{
	const struct pinger *pinger = *state;
	uint8_t message[8 + 56] = { pinger->request };
	struct sockaddr_storage to;
	socklen_t length = loopback(pinger->family, 0, &to);
	const struct event_flow *flow;
	struct told told;
	int fd;

	assert_int_equal(system("echo 0 0 > /proc/sys/net/ipv4/ping_group_range"), 0);
	fd = socket(pinger->family, pinger->type, pinger->protocol);
	assert_true(fd >= 0);
	/* The sum of a raw IPv4 socket is its user's: one's complement of 0x0800. */
	if (pinger->type == SOCK_RAW && pinger->family == AF_INET)
		message[2] = 0xf7, message[3] = 0xff;
	assert_int_equal(sendto(fd, message, sizeof(message), 0, (struct sockaddr *)&to, length),
			 sizeof(message));
	usleep(20000);
	close(fd);
	told_all(&told);
	assert_int_equal(told.count, 1); /* the kernel's answer is no flow of its own */
	flow = told.flow;
	assert_int_equal(flow->protocol, pinger->protocol);
	assert_int_equal(flow->icmp_type, pinger->request);
	assert_int_equal(flow->icmp_code, 0);
	assert_int_equal(flow->direction, FLOW_EGRESS);
	assert_int_equal(flow->sent_packets, 1);
	assert_int_equal(flow->sent_bytes, 56);
	assert_int_equal(flow->received_packets, pinger->received);
	assert_int_equal(flow->received_bytes, 56 * pinger->received);
	assert_int_equal(flow->owner.pid, getpid());
	assert_int_equal(flow->owner_quality, OWNER_CALLER);
	assert_int_equal(flow->local_port, 0);
	assert_int_equal(flow->remote_port, 0);
	assert_int_equal(flow->ending, ENDING_CLOSED);
}

/* A protocol of no name, and TCP by hand, as a port scanner does it. */
static void a_raw_socket_is_told(void **state)
{
	const int protocol = *(const int *)*state;
	struct {
		struct iphdr ip;
		uint8_t payload[20];
	} packet = { .ip = { .version = 4,
			     .ihl = 5,
			     .ttl = 9,
			     .protocol = (uint8_t)protocol,
			     .tot_len = htons(40) } };
	struct sockaddr_in to = address_of("127.0.0.1", 0);
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	struct told told;

	packet.ip.daddr = packet.ip.saddr = to.sin_addr.s_addr;
	for (int i = 0; i < 3; i++)
		assert_int_equal(
			sendto(fd, &packet, sizeof(packet), 0, (struct sockaddr *)&to, sizeof(to)),
			sizeof(packet));
	close(fd);
	told_all(&told);
	assert_int_equal(told.count, 1);
	assert_int_equal(told.flow->protocol, protocol);
	assert_int_equal(told.flow->sent_packets, 3);
	assert_int_equal(told.flow->sent_bytes, 60);
	assert_int_equal(told.flow->owner.pid, getpid());
}

/* Knocks at `ports` closed ports, `times` each. */
static void knock(int family, int type, uint16_t ports, int times)
{
	for (int i = 0; i < times; i++)
		for (uint16_t port = 0; port < ports; port++) {
			struct sockaddr_storage to;
			socklen_t length =
				loopback(family, htons((uint16_t)(20000 + 7 * port)), &to);
			int fd = socket(family, type, 0);

			assert_int_equal(connect(fd, (struct sockaddr *)&to, length),
					 type == SOCK_STREAM ? -1 : 0);
			if (type == SOCK_DGRAM)
				assert_int_equal(send(fd, "?", 1, 0), 1);
			close(fd);
		}
}

struct scan {
	const char *name;
	int family;
	int type;
	uint16_t ports;
	int times;
	uint16_t fewest; /* `ports` of the record is an estimate */
	uint16_t most;
};

static const struct scan scans[] = {
	{ "one closed port", AF_INET, SOCK_STREAM, 1, 3, 1, 1 },
	{ "one closed port, UDP", AF_INET, SOCK_DGRAM, 1, 3, 1, 1 },
	{ "a scan", AF_INET, SOCK_STREAM, 50, 2, 35, 65 },
	{ "a scan, IPv6", AF_INET6, SOCK_STREAM, 50, 1, 35, 65 },
	{ "a scan, UDP over IPv6", AF_INET6, SOCK_DGRAM, 50, 1, 35, 65 },
};

static void a_scan_is_one_record(void **state)
{
	const struct scan *scan = *state;
	const struct event_flow *refused = NULL;
	struct told told;

	knock(scan->family, scan->type, scan->ports, scan->times);
	told_all(&told);
	for (size_t i = 0; i < told.count; i++) {
		if (told.flow[i].state != FLOW_STATE_REFUSED)
			continue;
		assert_null(refused);
		refused = &told.flow[i];
	}
	if (!refusals_are_seen()) { /* it does not say why a packet is dropped */
		assert_null(refused);
		return;
	}
	assert_non_null(refused);
	assert_int_equal(refused->protocol, scan->type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP);
	assert_int_equal(refused->count, scan->ports * scan->times);
	assert_int_equal(refused->received_packets, refused->count);
	assert_in_range(refused->ports, scan->fewest, scan->most);
	assert_int_equal(refused->local_port, htons(20000));
	assert_int_equal(refused->direction, FLOW_INGRESS);
	assert_int_equal(refused->flags & ~FLOW_IPV6, FLOW_FINAL);
	assert_int_equal(!!(refused->flags & FLOW_IPV6), scan->family == AF_INET6);
	assert_int_equal(refused->ending, ENDING_IDLE);
	assert_int_equal(refused->cookie >> 63, 1);
	assert_addr(refused->remote_addr, scan->family == AF_INET ? "127.0.0.1" : "::1");
}

int main(void)
{
	static const int families[] = { AF_INET, AF_INET6 }, protocols[] = { 253, IPPROTO_TCP };
	struct CMUnitTest tests[32] = {
		cmocka_unit_test_setup_teardown(multicast_is_sent_once, move_in, move_out),
		cmocka_unit_test_setup_teardown(broadcast_is_sent_once, move_in, move_out),
		{ "fragments", fragments_count_as_one, move_in, move_out, (void *)&families[0] },
		{ "fragments, IPv6", fragments_count_as_one, move_in, move_out,
		  (void *)&families[1] },
		{ "raw, protocol 253", a_raw_socket_is_told, move_in, move_out,
		  (void *)&protocols[0] },
		{ "raw, TCP by hand", a_raw_socket_is_told, move_in, move_out,
		  (void *)&protocols[1] },
	};
	size_t count = 6;

	for (size_t i = 0; i < sizeof(pingers) / sizeof(*pingers); i++)
		tests[count++] = (struct CMUnitTest){ pingers[i].name, a_ping_is_told, move_in,
						      move_out, (void *)&pingers[i] };
	/* Such a packet is read by address, which the strictest lockdown refuses. */
	for (size_t i = 0; !is_confidential() && i < sizeof(scans) / sizeof(*scans); i++)
		tests[count++] = (struct CMUnitTest){ scans[i].name, a_scan_is_one_record, move_in,
						      move_out, (void *)&scans[i] };
	probe_fixture_options.datagram_idle_ms = IDLE_MS;
	probe_fixture_options.refused_idle_ms = IDLE_MS;
	probe_fixture_options.sweep_interval_ms = 0; /* last records only */
	return datagram_tests("datagram_kinds", tests, count, &shared);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server hears with the handshake's last segment, or with its first: it meets the listener,
 * before there is a socket whose flow it is. The client's end has it all; of the server's it is
 * said that something was not seen, by the next segment of that direction or at the end.
 */
#include "bpf/bytes_case.h"
#include "bpf/datagram_case.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#define REQUEST "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define REQUEST_BYTES 27
#define MORE "and more of it"
#define MORE_BYTES 14
/* Both ends send and take data with the SYN, no cookie needed (ip-sysctl.rst, tcp_fastopen). */
#define FAST_OPEN "519"

static struct probe_fixture *shared;

static int set_up(void **state)
{
	void *fixture = NULL;
	int fd, r;

	enter_netns();
	fd = open("/proc/sys/net/ipv4/tcp_fastopen", O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(fd, FAST_OPEN, strlen(FAST_OPEN)), strlen(FAST_OPEN));
	close(fd);
	probe_fixture_options.looks_at_tcp = PROBE_LOOK_SYN | PROBE_LOOK_LENGTHS | PROBE_LOOK_BYTES;
	probe_fixture_options.first_bytes = DISSECT_ALL;
	probe_fixture_options.arena_bytes = 512 * ARENA_SLOT_BYTES;
	(void)state; /* is the case's */
	r = probe_fixture_setup(&fixture);
	shared = fixture;
	return r;
}

static int tear_down(void **state)
{
	void *fixture = shared;

	(void)state;
	return probe_fixture_teardown(&fixture);
}

enum early { NOT_EARLY, WITH_LAST, WITH_FIRST };

static struct early_case {
	const char *name;
	enum early early;
	bool goes_on; /* the client says more */
} cases[] = {
	{ "after the handshake", NOT_EARLY, false },
	{ "after the handshake, then more", NOT_EARLY, true },
	{ "with its last segment", WITH_LAST, false },
	{ "with its last segment, then more", WITH_LAST, true },
	{ "with its first segment", WITH_FIRST, false },
	{ "with its first segment, then more", WITH_FIRST, true },
};

/* The client says REQUEST. */
static void say_it(struct pair *pair, enum early early)
{
	struct sockaddr_storage address;
	socklen_t length = loopback(AF_INET, pair->server_port, &address);
	const int yes = 1;

	if (early == WITH_FIRST) {
		assert_int_equal(sendto(pair->client, REQUEST, REQUEST_BYTES, MSG_FASTOPEN,
					(struct sockaddr *)&address, length),
				 REQUEST_BYTES);
		return;
	}
	if (early == WITH_LAST)
		/* A client that has asked for this answers with data at once. */
		assert_int_equal(
			setsockopt(pair->client, IPPROTO_TCP, TCP_DEFER_ACCEPT, &yes, sizeof(yes)),
			0);
	assert_int_equal(connect(pair->client, (struct sockaddr *)&address, length), 0);
	if (early == NOT_EARLY)
		pair->server = accept(pair->listener, NULL, NULL);
	assert_int_equal(send(pair->client, REQUEST, REQUEST_BYTES, 0), REQUEST_BYTES);
}

static void converse(struct pair *pair, const struct early_case *c, struct seen_bytes *seen)
{
	const int queue = 5;

	*pair = (struct pair){ .listener = listening(AF_INET), .server = -1 };
	pair->server_port = local_port(pair->listener);
	pair->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
		setsockopt(pair->listener, IPPROTO_TCP, TCP_FASTOPEN, &queue, sizeof(queue)), 0);
	say_it(pair, c->early);
	if (pair->server < 0)
		pair->server = accept(pair->listener, NULL, NULL);
	pair->client_port = local_port(pair->client);
	seen->cookie = cookie_of(pair->server);
	receive_bytes(pair->server, REQUEST_BYTES);
	send_bytes(pair->server, 5);
	receive_bytes(pair->client, 5);
	if (c->goes_on) {
		assert_int_equal(send(pair->client, MORE, MORE_BYTES, 0), MORE_BYTES);
		receive_bytes(pair->server, MORE_BYTES);
	}
}

static void is_told(void **state)
{
	const struct early_case *c = *state;
	bool is_seen = c->early == NOT_EARLY;
	static struct seen_bytes seen;
	struct both_ends ends;
	struct pair pair;

	memset(&seen, 0, sizeof(seen));
	probe_fixture_drain(shared);
	converse(&pair, c, &seen);
	assert_int_equal(bytes_must_come(shared, &seen, 0, REQUEST_BYTES, is_seen ? 3000 : 200),
			 is_seen);
	assert_int_equal(seen.side[0].cuts, !is_seen && c->goes_on);
	if (seen.side[0].cuts)
		assert_int_equal(seen.side[0].cut, LOOK_CUT_UNSEEN);
	pair_close(&pair);
	both_ends_must_come(shared, pair.client_port, pair.server_port, &ends);
	assert_int_equal(!!(ends.server.flags & FLOW_UNSEEN), !is_seen && !c->goes_on);
	assert_int_equal(ends.client.flags & FLOW_UNSEEN, 0);
	assert_int_equal(ends.client.pieces, 1);
	assert_int_equal(ends.client.splt.length[0], REQUEST_BYTES);
	/* Of what was not seen no length is told either. */
	assert_int_equal(ends.server.splt.length[0], is_seen ? REQUEST_BYTES : -5);
	assert_int_equal(ends.server.received_bytes, REQUEST_BYTES + (c->goes_on ? MORE_BYTES : 0));
}

#define CASES (sizeof(cases) / sizeof(cases[0]))

int main(void)
{
	struct CMUnitTest tests[CASES];

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ cases[i].name, is_told, NULL, NULL, &cases[i] };
	return cmocka_run_group_tests_name("bytes with the handshake", tests, set_up, tear_down);
}

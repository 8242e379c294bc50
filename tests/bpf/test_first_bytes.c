/* SPDX-License-Identifier: Apache-2.0 */
/* What leaves the kernel of the first bytes of TCP connections: real sockets, both ends. */
#include "bpf/bytes_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "bpf/kernel_case.h"
#include "bpf/lib/shape.h"

#define HELLO_BYTES 1805 /* with a post-quantum key share */

static struct probe_fixture *shared;
static uint8_t hello[HELLO_BYTES + 100]; /* and what is sent behind it */

static int set_up(void **state)
{
	static const uint8_t head[] = { 0x16, 3, 1, 0x07, 0x08, 1, 0, 0x07, 0x04, 3, 3 };

	probe_fixture_options.looks_at_tcp = PROBE_LOOK_SYN | PROBE_LOOK_LENGTHS | PROBE_LOOK_BYTES;
	probe_fixture_options.first_bytes = DISSECT_ALL;
	probe_fixture_options.arena_bytes = 512 * ARENA_SLOT_BYTES;
	for (size_t i = 0; i < sizeof(hello); i++)
		hello[i] = (uint8_t)(i * 7 + i / 256);
	memcpy(hello, head, sizeof(head));
	if (probe_fixture_setup(state) < 0)
		return -1;
	shared = *state;
	return 0;
}

/* Each write a segment of its own. */
static void send_in_pieces(int fd, const void *bytes, size_t size, size_t each)
{
	const int yes = 1;

	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)), 0);
	for (size_t at = 0; at < size; at += each) {
		size_t n = size - at < each ? size - at : each;

		assert_int_equal(send(fd, (const char *)bytes + at, n, 0), (ssize_t)n);
	}
}

static struct seen_bytes seen[2]; /* client's and server's socket */

static void forget(const struct pair *pair)
{
	memset(seen, 0, sizeof(seen));
	seen[0].cookie = cookie_of(pair->client);
	seen[1].cookie = cookie_of(pair->server);
}

/* Reading for one socket drops what is told of the other: each is told of in a connection of its
 * own. */
static void check_message(size_t each, const void *bytes, size_t size, uint32_t wanted,
			  enum dissect_protocol protocol)
{
	for (unsigned end = 0; end < 2; end++) {
		struct pair pair;

		probe_fixture_drain(shared);
		pair_connect(&pair, end ? AF_INET6 : AF_INET);
		forget(&pair);
		send_in_pieces(pair.client, bytes, size, each);
		assert_true(bytes_must_come(shared, &seen[end], 0, wanted, 3000));
		assert_memory_equal(seen[end].side[0].bytes, bytes, wanted);
		assert_int_equal(seen[end].side[0].protocol, protocol);
		assert_int_equal(seen[end].side[0].cuts, 0);
		assert_int_equal(seen[end].side[1].pieces, 0);
		/* Nothing of what came behind it. */
		bytes_must_come(shared, &seen[end], 1, 1, 50);
		assert_int_equal(seen[end].side[0].count, wanted);
		pair_close(&pair);
	}
}

static void hello_in_one_write(void **state)
{
	(void)state;
	check_message(sizeof(hello), hello, sizeof(hello), HELLO_BYTES, DISSECT_TLS);
}

static void hello_in_writes_of_100(void **state)
{
	(void)state;
	check_message(100, hello, sizeof(hello), HELLO_BYTES, DISSECT_TLS);
}

static void hello_in_writes_of_one(void **state)
{
	static uint8_t small[517 + 10];

	(void)state;
	memcpy(small, hello, sizeof(small));
	small[3] = 2, small[4] = 0, small[7] = 1, small[8] = 0xfc;
	check_message(1, small, sizeof(small), 517, DISSECT_TLS);
}

static void request_without_its_body(void **state)
{
	static const char request[] = "POST /form HTTP/1.1\r\nHost: a\r\nCookie: b\r\n\r\nsecret=1";

	(void)state;
	check_message(sizeof(request), request, sizeof(request) - 1, sizeof(request) - 9,
		      DISSECT_HTTP);
	check_message(7, request, sizeof(request) - 1, sizeof(request) - 9, DISSECT_HTTP);
}

static void banner_and_key_exchange(void **state)
{
	static const char text[] = "SSH-2.0-OpenSSH_9\r\n\0\0\0\x0c\x06\x14"
				   "0123456789"
				   "and more";

	(void)state;
	check_message(sizeof(text), text, sizeof(text) - 1, sizeof(text) - 1 - 8, DISSECT_SSH);
}

static void dns_over_tcp(void **state)
{
	static const char query[] = "\0\x1d\x12\x34\1\0\0\1\0\0\0\0\0\0\7example\3com\0\0\1\0\1";

	(void)state;
	check_message(sizeof(query), query, sizeof(query) - 1, sizeof(query) - 1, DISSECT_DNS_TCP);
	check_message(5, query, sizeof(query) - 1, sizeof(query) - 1, DISSECT_DNS_TCP);
}

/* A hello may begin anywhere: after a request to a proxy and its answer. */
static void hello_behind_connect(void **state)
{
	static const char connect_request[] = "CONNECT a:443 HTTP/1.1\r\n\r\n";
	struct pair pair;

	(void)state;
	probe_fixture_drain(shared);
	pair_connect(&pair, AF_INET);
	forget(&pair);
	send_in_pieces(pair.client, connect_request, sizeof(connect_request) - 1, 1000);
	assert_true(bytes_must_come(shared, &seen[1], 0, sizeof(connect_request) - 1, 3000));
	memset(&seen[1].side, 0, sizeof(seen[1].side));
	send_in_pieces(pair.server, "HTTP/1.1 200 OK\r\n\r\n", 19, 1000);
	send_in_pieces(pair.client, hello, sizeof(hello), 1000);
	assert_true(bytes_must_come(shared, &seen[1], 0, HELLO_BYTES, 3000));
	assert_int_equal(seen[1].side[0].start, sizeof(connect_request) - 1);
	assert_memory_equal(seen[1].side[0].bytes, hello, HELLO_BYTES);
	pair_close(&pair);
}

/* The same connection gives nothing, then, when something is sent that is known, all of that. */
static void other_bytes_never_leave(void **state)
{
	struct both_ends ends;
	struct pair pair;

	(void)state;
	probe_fixture_drain(shared);
	pair_connect(&pair, AF_INET);
	forget(&pair);
	send_in_pieces(pair.client, "password: hunter2 GET / HTTP/1.1", 32, 1000);
	send_in_pieces(pair.server, "+OK\r\n", 5, 1000);
	assert_false(bytes_must_come(shared, &seen[1], 0, 1, 100));
	assert_int_equal(seen[1].side[0].pieces + seen[1].side[1].pieces, 0);
	send_in_pieces(pair.client, hello, HELLO_BYTES, HELLO_BYTES);
	assert_true(bytes_must_come(shared, &seen[1], 0, HELLO_BYTES, 3000));
	assert_int_equal(seen[1].side[0].start, 32);
	pair_close(&pair);
	both_ends_must_come(shared, pair.client_port, pair.server_port, &ends);
	assert_int_equal(ends.server.pieces, seen[1].side[0].pieces);
	assert_int_equal(ends.server.first_bytes, SHAPE_TEXT);
	assert_int_equal(ends.client.first_bytes, SHAPE_TEXT);
}

/* Of bytes that nothing recognises, told of by their kind alone; of known ones nothing. */
static void kinds_of_unknown_bytes(void **state)
{
	static const char binary[] = "\0\0\0\x08\x04\xd2\x16\x2f\0\0\0\x08\x04\xd2\x16\x2f";
	const struct {
		const void *bytes;
		size_t size;
		enum shape_class want;
	} rows[] = {
		{ "login: root, and some more text", 31, SHAPE_TEXT },
		{ binary, sizeof(binary) - 1, SHAPE_BINARY },
		{ hello + 11, 300, SHAPE_RANDOM },
		{ "fifteen bytes..", 15, SHAPE_NONE },
		{ hello, HELLO_BYTES, SHAPE_NONE },
	};

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		struct both_ends ends;
		struct pair pair;

		probe_fixture_drain(shared);
		pair_connect(&pair, i % 2 ? AF_INET : AF_INET6);
		/* Whoever speaks first, and once. */
		send_in_pieces(i % 2 ? pair.client : pair.server, rows[i].bytes, rows[i].size,
			       rows[i].size);
		receive_bytes(i % 2 ? pair.server : pair.client, rows[i].size);
		send_in_pieces(pair.client, "and then some text that is long enough", 38, 38);
		receive_bytes(pair.server, 38);
		pair_close(&pair);
		both_ends_must_come(shared, pair.client_port, pair.server_port, &ends);
		assert_int_equal(ends.client.first_bytes, rows[i].want);
		assert_int_equal(ends.server.first_bytes, rows[i].want);
	}
}

static void lengths_in_their_order(void **state)
{
	static const int16_t want[] = { 100, -200, 300, 7 };
	struct both_ends ends;
	struct pair pair;

	(void)state;
	probe_fixture_drain(shared);
	pair_connect(&pair, AF_INET);
	for (size_t i = 0; i < 4; i++) {
		int from = want[i] > 0 ? pair.client : pair.server;
		int to = want[i] > 0 ? pair.server : pair.client;
		size_t n = (size_t)(want[i] > 0 ? want[i] : -want[i]);

		send_in_pieces(from, hello + 50, n, n);
		receive_bytes(to, n);
		usleep(2000);
	}
	pair_close(&pair);
	both_ends_must_come(shared, pair.client_port, pair.server_port, &ends);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(ends.client.splt.length[i], want[i]);
		assert_int_equal(ends.server.splt.length[i], want[i]);
		assert_true(i == 0 || ends.client.splt.gap[i] >= 11); /* 2 ms: at least 2^10 us */
	}
	assert_int_equal(ends.client.splt.count, 4);
	assert_int_equal(ends.server.splt.count, 4);
	assert_int_equal(ends.server.splt.gap[0], 0);
}

static void only_the_first_lengths_count(void **state)
{
	struct both_ends ends;
	struct pair pair;

	(void)state;
	probe_fixture_drain(shared);
	pair_connect(&pair, AF_INET6);
	for (int i = 0; i < 40; i++) {
		send_in_pieces(pair.client, hello + 50, 10, 10);
		receive_bytes(pair.server, 10);
	}
	pair_close(&pair);
	both_ends_must_come(shared, pair.client_port, pair.server_port, &ends);
	assert_int_equal(ends.client.splt.count, FLOW_SPLT_MAX);
	assert_int_equal(ends.server.splt.count, FLOW_SPLT_MAX);
	assert_int_equal(ends.server.splt.length[FLOW_SPLT_MAX - 1], 10);
}

/* The same segment, as it left and as it came. */
/* The client sees it arrive; up to 6.5 no hook sees it leave. */
static void check_answer(const struct both_ends *ends, uint8_t ip_version)
{
	const struct flow_syn *client = &ends->client.synack, *server = &ends->server.synack;

	assert_int_equal(client->ip_version, ip_version);
	assert_int_equal(client->ttl, 64);
	assert_int_equal(client->flags & 0x3f, 0x12); /* SYN and ACK */
	assert_true(client->window > 0);
	assert_int_equal(client->options[0], 2);
	assert_true(server->ip_version == ip_version || kernel_version() < 6006);
	if (server->ip_version)
		assert_memory_equal(server, client, sizeof(*client));
}

static void syn_at_both_ends(void **state)
{
	static const int families[] = { AF_INET, AF_INET6 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct flow_syn *syn;
		struct both_ends ends;
		struct pair pair;

		probe_fixture_drain(shared);
		pair_connect(&pair, families[i]);
		pair_close(&pair);
		both_ends_must_come(shared, pair.client_port, pair.server_port, &ends);
		syn = &ends.client.syn;
		assert_int_equal(syn->ip_version, families[i] == AF_INET ? 4 : 6);
		assert_int_equal(syn->ttl, 64);
		assert_int_equal(syn->flags & 0x3f, 0x02); /* SYN alone, but for ECN */
		assert_true(syn->window > 0);
		assert_true(syn->options_bytes >= 4);
		assert_int_equal(syn->options[0], 2); /* maximum segment size */
		assert_int_equal(syn->bits & SYN_PAYLOAD, 0);
		assert_memory_equal(&ends.server.syn, syn, sizeof(*syn));
		check_answer(&ends, syn->ip_version);
	}
}

/* A question and its answer, of a socket that is connected and of one that is not; other datagrams
 * give nothing. */
static void datagrams_of_dns(void **state)
{
	static const char query[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\7example\3com\0\0\1\0\1";
	char answer[sizeof(query)], byte;
	struct sockaddr_storage address, from;
	socklen_t size = loopback(AF_INET, 0, &address), from_size = sizeof(from);
	int server = socket(AF_INET, SOCK_DGRAM, 0), client = socket(AF_INET, SOCK_DGRAM, 0);

	(void)state;
	memcpy(answer, query, sizeof(query));
	answer[2] = (char)0x81, answer[3] = (char)0x80;
	assert_int_equal(bind(server, (struct sockaddr *)&address, size), 0);
	size = loopback(AF_INET, local_port(server), &address);
	probe_fixture_drain(shared);
	memset(seen, 0, sizeof(seen));
	seen[0].cookie = cookie_of(client);
	assert_int_equal(connect(client, (struct sockaddr *)&address, size), 0);
	assert_int_equal(send(client, "nothing that is known", 21, 0), 21);
	assert_int_equal(send(client, query, sizeof(query) - 1, 0), sizeof(query) - 1);
	assert_true(bytes_must_come(shared, &seen[0], 0, sizeof(query) - 1, 3000));
	assert_int_equal(seen[0].side[0].protocol, DISSECT_DNS);
	assert_int_equal(seen[0].side[0].start, 0);
	assert_int_equal(seen[0].side[0].pieces, 1);
	assert_memory_equal(seen[0].side[0].bytes, query, sizeof(query) - 1);
	assert_int_equal(recvfrom(server, &byte, 1, 0, (struct sockaddr *)&from, &from_size), 1);
	assert_int_equal(
		sendto(server, answer, sizeof(answer) - 1, 0, (struct sockaddr *)&from, from_size),
		sizeof(answer) - 1);
	assert_true(bytes_must_come(shared, &seen[0], 1, sizeof(answer) - 1, 3000));
	assert_memory_equal(seen[0].side[1].bytes, answer, sizeof(answer) - 1);
	close(client);
	close(server);
}

/* Nobody takes anything out of the arena: what finds no room is told of and counted. */
static void a_full_arena_is_counted(void **state)
{
	struct counters before, after;
	struct pair pair[600];
	struct seen_bytes none = { 0 };

	(void)state;
	probe_fixture_drain(shared);
	loader_counters(shared->loader, &before);
	for (size_t i = 0; i < 300; i++) {
		pair_connect(&pair[i], AF_INET);
		send_in_pieces(pair[i].client, hello, HELLO_BYTES, HELLO_BYTES);
	}
	usleep(100000);
	loader_counters(shared->loader, &after);
	/* The whole host is watched: others may add theirs. */
	assert_true(after.value[COUNTER_GENERATED_BYTES] - before.value[COUNTER_GENERATED_BYTES] >=
		    600);
	assert_true(after.value[COUNTER_BYTES_NO_ROOM] - before.value[COUNTER_BYTES_NO_ROOM] >=
		    600 - 511);
	bytes_must_come(shared, &none, 0, 1, 100); /* frees what was told of */
	for (size_t i = 0; i < 300; i++)
		pair_close(&pair[i]);
	hello_in_one_write(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(hello_in_one_write),
		cmocka_unit_test(hello_in_writes_of_100),
		cmocka_unit_test(hello_in_writes_of_one),
		cmocka_unit_test(request_without_its_body),
		cmocka_unit_test(banner_and_key_exchange),
		cmocka_unit_test(dns_over_tcp),
		cmocka_unit_test(hello_behind_connect),
		cmocka_unit_test(other_bytes_never_leave),
		cmocka_unit_test(kinds_of_unknown_bytes),
		cmocka_unit_test(lengths_in_their_order),
		cmocka_unit_test(only_the_first_lengths_count),
		cmocka_unit_test(syn_at_both_ends),
		cmocka_unit_test(datagrams_of_dns),
		cmocka_unit_test(a_full_arena_is_counted),
	};

	return cmocka_run_group_tests(tests, set_up, probe_fixture_teardown);
}

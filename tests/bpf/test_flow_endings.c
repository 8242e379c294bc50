/* SPDX-License-Identifier: Apache-2.0 */
/* How established TCP connections end, at both ends, on the running kernel. */
#include "bpf/flow_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

struct outcome {
	enum event_flow_ending ending;
	uint32_t error;
};

struct ending_case {
	const char *name;
	void (*end)(struct pair *pair); /* closes what it likes; the rest is closed after it */
	struct outcome client;
	struct outcome server;
};

static void close_now(int *fd)
{
	close(*fd);
	*fd = -1;
}

/* Everything the other end has sent, its end included. */
static void read_to_end(int fd)
{
	char bytes[4096];
	ssize_t got;

	do
		got = recv(fd, bytes, sizeof(bytes), 0);
	while (got > 0);
	assert_int_equal(got, 0);
}

static void reset(int *fd)
{
	const struct linger abort_now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(*fd, SOL_SOCKET, SO_LINGER, &abort_now, sizeof(abort_now));
	close_now(fd);
}

static void client_closes(struct pair *pair)
{
	close_now(&pair->client);
	read_to_end(pair->server);
	close_now(&pair->server);
}

static void server_closes(struct pair *pair)
{
	close_now(&pair->server);
	read_to_end(pair->client);
	close_now(&pair->client);
}

/* Both directions are over before either descriptor is closed. */
static void client_shuts_down(struct pair *pair)
{
	assert_int_equal(shutdown(pair->client, SHUT_WR), 0);
	read_to_end(pair->server);
	assert_int_equal(shutdown(pair->server, SHUT_WR), 0);
	read_to_end(pair->client);
	usleep(10000); /* for the last acknowledgement */
	close_now(&pair->client);
	close_now(&pair->server);
}

static void server_answers_after_fin(struct pair *pair)
{
	assert_int_equal(shutdown(pair->client, SHUT_WR), 0);
	read_to_end(pair->server);
	send_bytes(pair->server, 100000);
	close_now(&pair->server);
	read_to_end(pair->client);
	usleep(10000);
	close_now(&pair->client);
}

static void client_resets(struct pair *pair)
{
	reset(&pair->client);
	usleep(10000);
	close_now(&pair->server);
}

static void server_leaves_bytes_unread(struct pair *pair)
{
	send_bytes(pair->client, 10);
	usleep(10000);
	close_now(&pair->server);
	usleep(10000);
	close_now(&pair->client);
}

/* The kernel forgets an error once its user has read it. */
static void server_reads_the_error(struct pair *pair)
{
	int error = 0;
	socklen_t size = sizeof(error);

	reset(&pair->client);
	usleep(10000);
	assert_int_equal(getsockopt(pair->server, SOL_SOCKET, SO_ERROR, &error, &size), 0);
	assert_int_equal(error, ECONNRESET);
	close_now(&pair->server);
}

static void server_resets_after_fin(struct pair *pair)
{
	assert_int_equal(shutdown(pair->client, SHUT_WR), 0);
	read_to_end(pair->server);
	reset(&pair->server);
	usleep(10000);
	close_now(&pair->client);
}

static void client_disconnects(struct pair *pair)
{
	const struct sockaddr nobody = { .sa_family = AF_UNSPEC };

	assert_int_equal(connect(pair->client, &nobody, sizeof(nobody)), 0);
	usleep(10000);
	close_now(&pair->client);
	close_now(&pair->server);
}

static void listener_goes_first(struct pair *pair)
{
	in_port_t port = pair->server_port;

	close_now(&pair->client);
	close_now(&pair->server);
	pair->client = connected(AF_INET, port); /* never accepted */
	pair->client_port = local_port(pair->client);
	close_now(&pair->listener);
	usleep(10000);
	close_now(&pair->client);
}

static void server_goes_silent(struct pair *pair)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	const struct sock_fprog drop_all = { .len = 1, .filter = &nothing };
	unsigned int patience_ms = 300;
	char byte;

	assert_int_equal(setsockopt(pair->client, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience_ms,
				    sizeof(patience_ms)),
			 0);
	assert_int_equal(
		setsockopt(pair->server, SOL_SOCKET, SO_ATTACH_FILTER, &drop_all, sizeof(drop_all)),
		0);
	send_bytes(pair->client, 10);
	assert_int_equal(recv(pair->client, &byte, 1, 0), -1);
	assert_int_equal(errno, ETIMEDOUT);
	close_now(&pair->client);
	reset(&pair->server);
}

static const struct ending_case endings[] = {
	{ "the client closes first",
	  client_closes,
	  { ENDING_FIN_LOCAL, 0 },
	  { ENDING_FIN_REMOTE, 0 } },
	{ "the server closes first",
	  server_closes,
	  { ENDING_FIN_REMOTE, 0 },
	  { ENDING_FIN_LOCAL, 0 } },
	{ "the client shuts down first, all is over before it is closed",
	  client_shuts_down,
	  { ENDING_FIN_LOCAL, 0 },
	  { ENDING_FIN_REMOTE, 0 } },
	{ "the server answers after the client's FIN",
	  server_answers_after_fin,
	  { ENDING_FIN_LOCAL, 0 },
	  { ENDING_FIN_REMOTE, 0 } },
	{ "the client resets",
	  client_resets,
	  { ENDING_RESET_LOCAL, 0 },
	  { ENDING_RESET_REMOTE, ECONNRESET } },
	{ "the server closes with bytes unread",
	  server_leaves_bytes_unread,
	  { ENDING_RESET_REMOTE, ECONNRESET },
	  { ENDING_RESET_LOCAL, 0 } },
	{ "the server has read the error before it closes",
	  server_reads_the_error,
	  { ENDING_RESET_LOCAL, 0 },
	  { ENDING_RESET_REMOTE, ECONNRESET } },
	{ "the server resets after the client's FIN",
	  server_resets_after_fin,
	  { ENDING_RESET_REMOTE, ECONNRESET },
	  { ENDING_RESET_LOCAL, 0 } },
	{ "the client disconnects its socket",
	  client_disconnects,
	  { ENDING_RESET_LOCAL, 0 },
	  { ENDING_RESET_REMOTE, ECONNRESET } },
	{ "the listener closes before it has accepted",
	  listener_goes_first,
	  { ENDING_RESET_REMOTE, ECONNRESET },
	  { ENDING_RESET_LOCAL, 0 } },
	{ "the server goes silent",
	  server_goes_silent,
	  { ENDING_TIMEOUT, ETIMEDOUT },
	  { ENDING_RESET_LOCAL, 0 } },
};

static struct probe_fixture *shared;

static void check_outcome(const struct event_flow *flow, const struct outcome *wanted)
{
	assert_int_equal(flow->ending, wanted->ending);
	assert_int_equal(flow->error, wanted->error);
	assert_int_equal(flow->state, FLOW_STATE_CLOSED);
	assert_int_equal(flow->flags, FLOW_FINAL);
}

static void both_ends_say_how(void **state)
{
	const struct ending_case *row = *state;
	struct both_ends ends;
	struct pair pair;

	probe_fixture_drain(shared);
	pair_connect(&pair, AF_INET);
	row->end(&pair);
	pair_close(&pair);
	both_ends_must_come(shared, pair.client_port, pair.server_port, &ends);
	check_outcome(&ends.client, &row->client);
	check_outcome(&ends.server, &row->server);
}

#define ENDINGS (sizeof(endings) / sizeof(*endings))

int main(void)
{
	struct CMUnitTest tests[ENDINGS];
	void *fixture = NULL;
	int failed;

	for (size_t i = 0; i < ENDINGS; i++)
		tests[i] = (struct CMUnitTest){ endings[i].name, both_ends_say_how, NULL, NULL,
						(void *)&endings[i] };
	if (probe_fixture_setup(&fixture) < 0)
		return 1;
	shared = fixture;
	failed = cmocka_run_group_tests_name("flow_endings", tests, NULL, NULL);
	probe_fixture_teardown(&fixture);
	return failed;
}

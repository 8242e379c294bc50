/* SPDX-License-Identifier: Apache-2.0 */
/* Who is named when two processes hold the same accepted connection, on the running kernel. */
#include "bpf/flow_case.h"
#include "bpf/kernel_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/wait.h>
#include <unistd.h>

#define MESSAGE 100 /* bytes, sent by the client before anything else happens */

typedef void (*act_fn)(int fd);

static void read_it(int fd)
{
	receive_bytes(fd, MESSAGE);
}

static void peek(int fd)
{
	char bytes[MESSAGE];

	if (recv(fd, bytes, sizeof(bytes), MSG_PEEK) != MESSAGE)
		_exit(5);
}

static void answer(int fd)
{
	send_bytes(fd, 10);
}

static void close_it(int fd)
{
	close(fd);
}

static void splice_it(int fd)
{
	int pipes[2];

	if (pipe(pipes) < 0 || splice(fd, NULL, pipes[1], NULL, MESSAGE, 0) != MESSAGE)
		_exit(6);
}

static void send_file(int fd)
{
	int file = memfd_create("page", MFD_CLOEXEC);

	if (ftruncate(file, 4096) < 0 || sendfile(fd, file, NULL, 4096) != 4096)
		_exit(7);
}

enum who { PARENT, CHILD };

/* The parent listens and accepts; the child inherits the connection and ends after its acts. */
static const struct shared_case {
	const char *name;
	act_fn parent; /* before there is a child; may be NULL */
	act_fn child[3];
	bool parent_is_last; /* to close; otherwise it closes its copy before the child acts */
	enum who owner;
	enum event_owner_quality quality;
	bool shared;
} cases[] = {
	{ "the child serves",
	  NULL,
	  { read_it, answer, close_it },
	  false,
	  CHILD,
	  OWNER_CALLER,
	  false },
	{ "the child only reads", NULL, { read_it }, false, CHILD, OWNER_CALLER, false },
	{ "the child only sends", NULL, { answer }, false, CHILD, OWNER_CALLER, false },
	{ "the child only closes", NULL, { close_it }, false, CHILD, OWNER_CALLER, false },
	{ "the child only ends", NULL, { NULL }, false, CHILD, OWNER_CALLER, false },
	{ "the child splices", NULL, { splice_it }, false, CHILD, OWNER_CALLER, false },
	{ "the child sends a file", NULL, { send_file }, false, CHILD, OWNER_CALLER, false },
	{ "the child sends, the parent closes", NULL, { answer }, true, CHILD, OWNER_CALLER, true },
	{ "the child reads, the parent closes",
	  NULL,
	  { read_it },
	  true,
	  PARENT,
	  OWNER_INHERITED,
	  false },
	{ "the parent serves, the child inherits and ends",
	  answer,
	  { NULL },
	  false,
	  PARENT,
	  OWNER_CALLER,
	  false },
	{ "the parent greets, the child closes",
	  answer,
	  { read_it, close_it },
	  false,
	  PARENT,
	  OWNER_CALLER,
	  true },
	{ "the parent peeks, the child serves",
	  peek,
	  { read_it, answer },
	  false,
	  CHILD,
	  OWNER_CALLER,
	  false },
};

static struct probe_fixture *shared;

static pid_t start_child(const struct shared_case *row, const struct pair *pair)
{
	pid_t child = fork();

	if (child != 0)
		return child;
	usleep(20000); /* for the parent to close its copy */
	close(pair->client);
	for (size_t i = 0; i < 3 && row->child[i]; i++)
		row->child[i](pair->server);
	_exit(0);
}

static void the_right_one_is_named(void **state)
{
	const struct shared_case *row = *state;
	const bool is_unknown = row->quality == OWNER_INHERITED && is_old_kernel();
	const struct event_flow *flow;
	struct both_ends ends;
	struct pair pair;
	pid_t child;
	int status;

	probe_fixture_drain(shared);
	pair_connect(&pair, AF_INET);
	send_bytes(pair.client, MESSAGE);
	if (row->parent)
		row->parent(pair.server);
	child = start_child(row, &pair);
	if (!row->parent_is_last) {
		close(pair.server);
		pair.server = -1;
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	if (row->parent_is_last) {
		close(pair.server);
		pair.server = -1;
	}
	pair_close(&pair);
	both_ends_must_come(shared, pair.client_port, pair.server_port, &ends);
	flow = &ends.server;
	assert_int_equal(flow->listener.pid, getpid());
	if (is_unknown) {
		assert_int_equal(flow->owner.pid, 0);
		assert_int_equal(flow->owner_quality, OWNER_UNKNOWN);
	} else {
		assert_int_equal(flow->owner.pid, row->owner == CHILD ? child : getpid());
		assert_int_equal(flow->owner_quality, row->quality);
	}
	assert_int_equal(flow->flags, FLOW_FINAL | (row->shared ? FLOW_SHARED : 0));
}

#define CASES (sizeof(cases) / sizeof(*cases))

int main(void)
{
	struct CMUnitTest tests[CASES];
	void *fixture = NULL;
	int failed;

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ cases[i].name, the_right_one_is_named, NULL, NULL,
						(void *)&cases[i] };
	if (probe_fixture_setup(&fixture) < 0)
		return 1;
	shared = fixture;
	failed = cmocka_run_group_tests_name("flow_shared", tests, NULL, NULL);
	probe_fixture_teardown(&fixture);
	return failed;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Who is named when two processes hold the same connection, on the running kernel. */
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

#define MESSAGE 100 /* bytes, sent by the other end before anything else happens */

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

enum who { SAME, PARENT, CHILD, NOBODY };

struct named {
	enum who owner;
	bool shared;
};

/* The parent listens and accepts, or connects; the child inherits the connection and ends after its
 * acts. */
static const struct shared_case {
	const char *name;
	bool at_client;
	act_fn parent; /* before there is a child; may be NULL */
	act_fn child[3];
	bool parent_is_last; /* to close; otherwise it closes its copy before the child acts */
	struct named named;
	struct named unread; /* on a kernel where reads cannot be seen; SAME: no difference */
} cases[] = {
	{ "the child serves",
	  false,
	  NULL,
	  { read_it, answer, close_it },
	  false,
	  { CHILD, false },
	  { SAME, false } },
	{ "the child only reads",
	  false,
	  NULL,
	  { read_it },
	  false,
	  { CHILD, false },
	  { SAME, false } },
	{ "the child only sends",
	  false,
	  NULL,
	  { answer },
	  false,
	  { CHILD, false },
	  { SAME, false } },
	{ "the child only closes",
	  false,
	  NULL,
	  { close_it },
	  false,
	  { CHILD, false },
	  { SAME, false } },
	{ "the child only ends", false, NULL, { NULL }, false, { CHILD, false }, { SAME, false } },
	{ "the child sends a file",
	  false,
	  NULL,
	  { send_file },
	  false,
	  { CHILD, false },
	  { SAME, false } },
	{ "the child reads, the parent closes",
	  false,
	  NULL,
	  { read_it },
	  true,
	  { CHILD, false },
	  { NOBODY, false } },
	{ "the child splices, the parent closes",
	  false,
	  NULL,
	  { splice_it },
	  true,
	  { CHILD, false },
	  { NOBODY, false } },
	{ "the child sends, the parent closes",
	  false,
	  NULL,
	  { answer },
	  true,
	  { CHILD, false },
	  { SAME, false } },
	{ "the parent serves, the child closes",
	  false,
	  answer,
	  { close_it },
	  false,
	  { PARENT, false },
	  { SAME, false } },
	{ "the parent reads, the child closes",
	  false,
	  read_it,
	  { close_it },
	  false,
	  { PARENT, false },
	  { CHILD, false } },
	{ "the parent reads, the child answers",
	  false,
	  read_it,
	  { answer },
	  false,
	  { PARENT, true },
	  { CHILD, false } },
	{ "the parent peeks, the child serves",
	  false,
	  peek,
	  { read_it, answer },
	  false,
	  { PARENT, true },
	  { CHILD, false } },
	{ "nobody uses it, the parent closes",
	  false,
	  NULL,
	  { NULL },
	  true,
	  { PARENT, false },
	  { NOBODY, false } },
	{ "the parent connects, the child talks",
	  true,
	  NULL,
	  { read_it, answer },
	  false,
	  { PARENT, true },
	  { SAME, false } },
	{ "the parent connects, the child reads",
	  true,
	  NULL,
	  { read_it },
	  false,
	  { PARENT, true },
	  { PARENT, false } },
	{ "the parent connects, the child closes",
	  true,
	  NULL,
	  { close_it },
	  false,
	  { PARENT, false },
	  { SAME, false } },
	{ "the parent connects and talks, the child ends",
	  true,
	  answer,
	  { NULL },
	  false,
	  { PARENT, false },
	  { SAME, false } },
};

static struct probe_fixture *shared;

static pid_t start_child(const struct shared_case *row, int held, int other)
{
	pid_t child = fork();

	if (child != 0)
		return child;
	usleep(20000); /* for the parent to close its copy */
	close(other);
	for (size_t i = 0; i < 3 && row->child[i]; i++)
		row->child[i](held);
	_exit(0);
}

static void close_now(int *fd)
{
	close(*fd);
	*fd = -1;
}

static void the_first_user_is_named(void **state)
{
	const struct shared_case *row = *state;
	bool differs = !reads_are_seen() && row->unread.owner != SAME;
	const struct named *named = differs ? &row->unread : &row->named;
	const struct event_flow *flow;
	struct both_ends ends;
	struct pair pair;
	int *held = row->at_client ? &pair.client : &pair.server;
	int *other = row->at_client ? &pair.server : &pair.client;
	pid_t child;
	int status;

	probe_fixture_drain(shared);
	pair_connect(&pair, AF_INET);
	send_bytes(*other, MESSAGE);
	if (row->parent)
		row->parent(*held);
	child = start_child(row, *held, *other);
	if (!row->parent_is_last)
		close_now(held);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	if (row->parent_is_last)
		close_now(held);
	pair_close(&pair);
	both_ends_must_come(shared, pair.client_port, pair.server_port, &ends);
	flow = row->at_client ? &ends.client : &ends.server;
	assert_int_equal(flow->listener.pid, row->at_client ? 0 : getpid());
	if (named->owner == NOBODY)
		assert_int_equal(flow->owner.pid, 0);
	else
		assert_int_equal(flow->owner.pid, named->owner == CHILD ? child : getpid());
	assert_int_equal(flow->owner_quality,
			 named->owner == NOBODY ? OWNER_UNKNOWN : OWNER_CALLER);
	assert_int_equal(flow->flags, FLOW_FINAL | (named->shared ? FLOW_SHARED : 0));
}

#define CASES (sizeof(cases) / sizeof(*cases))

int main(void)
{
	struct CMUnitTest tests[CASES];
	void *fixture = NULL;
	int failed;

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ cases[i].name, the_first_user_is_named, NULL, NULL,
						(void *)&cases[i] };
	if (probe_fixture_setup(&fixture) < 0)
		return 1;
	shared = fixture;
	failed = cmocka_run_group_tests_name("flow_shared", tests, NULL, NULL);
	probe_fixture_teardown(&fixture);
	return failed;
}

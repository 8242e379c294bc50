/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose a connection is that is older than the sensor: labelled by who holds it, in whatever way it
 * came to hold it, in whatever network namespace. With one holder the row must name it; with
 * several or none it must name nobody.
 */
#include "bpf/datagram_case.h"
#include "bpf/flow_case.h"
#include "bpf/kernel_case.h"

#include "sensor/keeper/stock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

/* One connection, its label: `owner` of the server's end, 0 when nobody is to be named. */
struct play {
	int listener, client, server;
	in_port_t client_port, server_port;
	pid_t holder; /* a process to be ended, or 0 */
	int channel; /* what holds a descriptor in flight, or -1 */
	pid_t owner;
	bool is_shared;
};

enum where {
	HOME,
	INHABITED, /* another network namespace, with a process in it */
	MOUNTED, /* with none: only a mount keeps it */
};

struct row {
	const char *name;
	void (*hold)(struct play *play);
	enum where where; /* the sockets are */
	pid_t resident; /* of that one, or 0 */
	struct play play;
};

static void close_all(const struct play *play)
{
	close(play->client);
	close(play->listener);
}

/* A child that holds no descriptor of this process but these two, and where it prints to. */
static pid_t fork_holding(int one, int other)
{
	pid_t child = fork_bound();

	for (int fd = STDERR_FILENO + 1; child == 0 && fd < FD_SETSIZE; fd++)
		if (fd != one && fd != other)
			close(fd);
	return child;
}

static void say_ready(int fd)
{
	if (write(fd, "r", 1) != 1)
		_exit(1);
}

static void wait_ready(int fd)
{
	char byte;

	assert_int_equal(read(fd, &byte, 1), 1);
	close(fd);
}

static void accept_it(struct play *play)
{
	play->server = accept(play->listener, NULL, NULL);
	assert_true(play->server >= 0);
}

/* Whoever has it by now is another one; its number will be another socket's. */
static void let_go_of_it(struct play *play)
{
	close(play->server);
	play->server = -1;
}

static void held_by_one(struct play *play)
{
	accept_it(play);
	play->owner = getpid();
}

/* A child that inherits the server's end and nothing else. */
static void fork_holder(struct play *play, bool executes)
{
	int ready[2];

	accept_it(play);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	play->holder = fork_holding(play->server, ready[1]);
	if (play->holder == 0) {
		if (executes) /* the pipe closes by that */
			execl("/bin/sleep", "sleep", "3600", NULL);
		say_ready(ready[1]);
		pause();
	}
	close(ready[1]);
	if (executes)
		assert_int_equal(read(ready[0], &(char){ 0 }, 1), 0);
	else
		wait_ready(ready[0]);
}

static void inherited(struct play *play)
{
	fork_holder(play, false);
	let_go_of_it(play);
	play->owner = play->holder;
}

static void inherited_over_exec(struct play *play)
{
	fork_holder(play, true);
	let_go_of_it(play);
	play->owner = play->holder;
}

static void held_by_two(struct play *play)
{
	fork_holder(play, false);
	play->is_shared = true;
}

union passing {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static void pass(int channel, int fd)
{
	union passing control = { .header = { .cmsg_len = CMSG_LEN(sizeof(fd)),
					      .cmsg_level = SOL_SOCKET,
					      .cmsg_type = SCM_RIGHTS } };
	struct iovec part = { "x", 1 };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	assert_int_equal(sendmsg(channel, &message, 0), 1);
}

static void take_one(int channel)
{
	union passing control;
	char byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };

	if (recvmsg(channel, &message, 0) != 1)
		_exit(1);
}

static void passed(struct play *play)
{
	int ends[2], ready[2];

	accept_it(play);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	assert_int_equal(pipe(ready), 0);
	play->holder = fork_holding(ends[1], ready[1]);
	if (play->holder == 0) {
		take_one(ends[1]);
		say_ready(ready[1]);
		pause();
	}
	pass(ends[0], play->server);
	let_go_of_it(play);
	close(ready[1]);
	wait_ready(ready[0]);
	close(ends[0]);
	close(ends[1]);
	play->owner = play->holder;
}

static void in_flight(struct play *play)
{
	int ends[2];

	accept_it(play);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	pass(ends[0], play->server);
	let_go_of_it(play);
	close(ends[0]);
	play->channel = ends[1];
}

static void not_accepted(struct play *play)
{
	(void)play;
}

static void play_begin(struct play *play)
{
	memset(play, 0, sizeof(*play));
	play->server = play->channel = -1;
	play->listener = listening(AF_INET);
	play->server_port = local_port(play->listener);
	play->client = connected(AF_INET, play->server_port);
	play->client_port = local_port(play->client);
}

static void play_end(const struct play *play)
{
	if (play->holder) {
		kill(play->holder, SIGKILL);
		waitpid(play->holder, NULL, 0);
	}
	if (play->channel >= 0)
		close(play->channel);
	close(play->server);
	close_all(play);
}

/* A new network namespace that this process does not stay in; its mount ends with us. */
static void enter_mounted(void)
{
	char path[] = "/tmp/yagura name space-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	enter_netns();
	assert_int_equal(mount("/proc/self/ns/net", path, NULL, MS_BIND, NULL), 0);
}

/* Somebody who stays in a new network namespace; this process goes there, too. */
static pid_t go_elsewhere(void)
{
	int ready[2];
	pid_t resident;

	enter_netns();
	assert_int_equal(pipe(ready), 0);
	resident = fork_holding(ready[1], -1);
	if (resident == 0) {
		say_ready(ready[1]);
		pause();
	}
	close(ready[1]);
	wait_ready(ready[0]);
	return resident;
}

static void check(const struct event_flow *flow, pid_t owner, bool is_shared)
{
	assert_int_equal(flow->flags,
			 FLOW_FINAL | FLOW_PREEXISTING | (is_shared ? FLOW_SHARED : 0));
	assert_int_equal(flow->owner.pid, owner);
	assert_int_equal(flow->owner_quality, owner ? OWNER_SNAPSHOT : OWNER_UNKNOWN);
}

/* Where no stock is taken, nothing is known of them: no record names anybody. */
static void nothing_is_told(struct probe_fixture *fixture, const struct play *play)
{
	struct wanted_flow client = { FLOW_EGRESS, play->client_port, play->server_port };
	struct wanted_flow server = { FLOW_INGRESS, play->server_port, play->client_port };

	assert_false(probe_fixture_find(fixture, EVENT_RING_BULK, flow_is_wanted, &client, 100));
	assert_false(probe_fixture_find(fixture, EVENT_RING_BULK, flow_is_wanted, &server, 0));
}

static struct row rows[] = {
	{ "one holder", held_by_one, HOME },
	{ "inherited, the parent has closed it", inherited, HOME },
	{ "inherited over exec", inherited_over_exec, HOME },
	{ "passed, the sender has closed it", passed, HOME },
	{ "several holders", held_by_two, HOME },
	{ "in flight between two processes", in_flight, HOME },
	{ "not yet accepted", not_accepted, HOME },
	{ "another namespace: one holder", held_by_one, INHABITED },
	{ "another namespace: inherited over exec", inherited_over_exec, INHABITED },
	{ "another namespace: passed", passed, INHABITED },
	{ "another namespace: several holders", held_by_two, INHABITED },
	{ "another namespace: in flight", in_flight, INHABITED },
	{ "another namespace: not yet accepted", not_accepted, INHABITED },
	{ "mounted namespace: one holder", held_by_one, MOUNTED },
	{ "mounted namespace: in flight", in_flight, MOUNTED },
	{ "mounted namespace: not yet accepted", not_accepted, MOUNTED },
};

#define ROWS (sizeof(rows) / sizeof(*rows))

static struct probe_fixture *shared;

static void begin(struct row *row)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (row->where == INHABITED)
		row->resident = go_elsewhere();
	else if (row->where == MOUNTED)
		enter_mounted();
	play_begin(&row->play);
	row->hold(&row->play);
	assert_int_equal(setns(home, CLONE_NEWNET), 0);
	close(home);
}

static void is_labelled(void **state)
{
	const struct row *row = *state;
	const struct play *play = &row->play;
	struct both_ends ends;

	play_end(play);
	if (stock_is_taken()) {
		both_ends_must_come(shared, play->client_port, play->server_port, &ends);
		check(&ends.client, getpid(), false);
		check(&ends.server, play->owner, play->is_shared);
	} else {
		nothing_is_told(shared, play);
	}
	if (row->resident) {
		kill(row->resident, SIGKILL);
		waitpid(row->resident, NULL, 0);
	}
}

/* All connections first, then the sensor. */
static int take_stock(void **state)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "/tmp", "tmpfs", 0, NULL) < 0)
		return -1;
	for (size_t i = 0; i < ROWS; i++)
		begin(&rows[i]);
	if (probe_fixture_setup(state) < 0)
		return -1;
	shared = *state;
	*state = NULL; /* each test has its row */
	stock_take(shared->loader);
	return 0;
}

static int tear_down(void **state)
{
	*state = shared;
	return probe_fixture_teardown(state);
}

int main(void)
{
	struct CMUnitTest tests[ROWS];

	for (size_t i = 0; i < ROWS; i++)
		tests[i] = (struct CMUnitTest){ rows[i].name, is_labelled, NULL, NULL, &rows[i] };
	return _cmocka_run_group_tests("flow_stock", tests, ROWS, take_stock, tear_down);
}

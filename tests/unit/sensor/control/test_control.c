/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket: who gets through, how many at once, what lies in its place. */
#include "sensor/control/control.h"

#include "common/log.h"
#include "support/control_case.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#define CONNECTIONS_MAX 64
#define NOBODY 65534

static int connect_raw(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", world.path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void test_unknown_command(void **state)
{
	(void)state;
	start();
	ask("reboot");
	assert_string_equal(world.answer,
			    "the daemon refuses: 'reboot' is no command of this daemon; 'help' "
			    "lists them");
}

static void test_no_daemon(void **state)
{
	(void)state;
	ask("status");
	assert_non_null(strstr(world.answer, "cannot connect to /tmp/yagura-control-"));
	assert_non_null(strstr(world.answer, "is yagurad running? (--socket names another)"));
}

static void test_nobody_is_refused(void **state)
{
	(void)state;
	start();
	ask_as("status", NOBODY);
	assert_string_equal(world.answer, "the daemon refuses: this user is in none of the groups "
					  "that may use this socket");
}

static void test_too_many(void **state)
{
	int fds[CONNECTIONS_MAX];

	(void)state;
	start();
	for (int i = 0; i < CONNECTIONS_MAX; i++) {
		fds[i] = connect_raw();
		event_base_loop(world.base, EVLOOP_NONBLOCK);
	}
	ask("status");
	assert_non_null(strstr(world.answer, "too many clients"));
	close(fds[7]);
	event_base_loop(world.base, EVLOOP_NONBLOCK);
	ask("status");
	assert_int_equal(world.answer[0], '{');
	for (int i = 0; i < CONNECTIONS_MAX; i++)
		if (i != 7)
			close(fds[i]);
}

/* A frame over 64 KiB is answered and the connection closed, before the frame has come. */
static void test_request_too_long(void **state)
{
	char answer[128] = "";
	size_t used = 0;
	ssize_t got = 1;
	int fd;

	(void)state;
	start();
	fd = connect_raw();
	assert_int_equal(write(fd, "\x00\x01\x00\x01", 4), 4);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (got != 0) {
		event_base_loop(world.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		got = read(fd, answer + used, sizeof(answer) - used);
		used += got > 0 ? (size_t)got : 0;
	}
	close(fd);
	assert_non_null(memmem(answer, used, "over 64 KiB", strlen("over 64 KiB")));
}

static void test_stale_socket_is_replaced(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", world.path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	start();
	ask("status");
	assert_int_equal(world.answer[0], '{');
}

static void test_second_daemon(void **state)
{
	char error[CONTROL_ERROR_BYTES] = "";
	struct control *first;

	(void)state;
	start();
	first = world.control;
	assert_int_equal(open_control(error), -EADDRINUSE);
	assert_non_null(strstr(error, "another daemon answers there"));
	assert_ptr_equal(world.control, first);
	assert_int_equal(access(world.path, F_OK), 0); /* the first one's socket stays */
}

static void test_not_a_socket(void **state)
{
	char error[CONTROL_ERROR_BYTES] = "";

	(void)state;
	close(open(world.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(open_control(error), -EEXIST);
	assert_non_null(strstr(error, "something else than a socket"));
	assert_int_equal(access(world.path, F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONTROL_TEST(test_unknown_command),
		CONTROL_TEST(test_no_daemon),
		CONTROL_TEST(test_too_many),
		CONTROL_TEST(test_request_too_long),
		CONTROL_TEST(test_stale_socket_is_replaced),
		CONTROL_TEST(test_second_daemon),
		CONTROL_TEST(test_not_a_socket),
		CONTROL_TEST(test_nobody_is_refused), /* last: only root can become nobody */
	};
	size_t count = sizeof(tests) / sizeof(*tests) - (geteuid() == 0 ? 0 : 1);

	log_init("test", LOG_LEVEL_ERROR);
	signal(SIGPIPE, SIG_IGN); /* as yagurad does */
	return _cmocka_run_group_tests("control", tests, count, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* worker_check: what an operator reads when yagurad --check says no. */
#include "sensor/worker.h"

#include "common/log.h"
#include "sensor/workplace.h"
#include "support/temp_dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	char *directory;
	char *state_directory;
	char *socket_path;
	struct worker_options options;
	char log[4096];
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->directory = temp_dir_new();
	f->state_directory = temp_dir_path(f->directory, "state");
	f->socket_path = temp_dir_path(f->directory, "control.sock");
	f->options = (struct worker_options){ .version = "1",
					      .state_directory = f->state_directory,
					      .control = { .socket_path = f->socket_path } };
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	temp_dir_remove(f->directory);
	free(f->state_directory);
	free(f->socket_path);
	free(f);
	return 0;
}

/* The exit status; what was logged meanwhile is in f->log. */
static int check(struct fixture *f)
{
	int saved = dup(STDERR_FILENO);
	int ends[2];
	ssize_t got;
	int status;

	assert_int_equal(pipe(ends), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	close(ends[1]);
	status = worker_check(&f->options);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	got = read(ends[0], f->log, sizeof(f->log) - 1);
	close(ends[0]);
	assert_true(got >= 0);
	f->log[got] = '\0';
	return status;
}

/* One line that says what is wrong, where, and what to do. */
static void expect_refused(struct fixture *f, const char *what, const char *where, const char *help)
{
	const char *texts[] = { what, where, help };
	char *newline;

	assert_int_equal(check(f), 1);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (!strstr(f->log, texts[i]))
			fail_msg("\"%s\" is not in: %s", texts[i], f->log);
	newline = strchr(f->log, '\n');
	assert_non_null(newline);
	assert_string_equal(newline, "\n");
}

static void all_is_well(void **state)
{
	struct fixture *f = *state;
	struct workplace workplace;
	char error[512];

	assert_int_equal(check(f), 0);
	assert_string_equal(f->log, "");
	/* It let go of everything: a daemon can start. */
	assert_int_equal(access(f->socket_path, F_OK), -1);
	assert_int_equal(workplace_open(f->state_directory, &workplace, error, sizeof(error)), 0);
	workplace_close(&workplace);
}

static void no_room_for_the_state(void **state)
{
	struct fixture *f = *state;
	char *path = temp_dir_path(f->state_directory, "deeper");

	f->options.state_directory = path;
	expect_refused(f, "cannot make directory", path, "[sensor] state_directory");
	free(path);
}

static void another_daemon_runs(void **state)
{
	struct fixture *f = *state;
	struct workplace workplace;
	char error[512];

	assert_int_equal(workplace_open(f->state_directory, &workplace, error, sizeof(error)), 0);
	expect_refused(f, "in use by another yagurad", f->state_directory, "stop it first");
	workplace_close(&workplace);
}

static void no_certificates(void **state)
{
	struct fixture *f = *state;

	f->options.ship = (struct ship_options){ .collector = "127.0.0.1:7443",
						 .server_name = "collector.test",
						 .ca_file = "/nowhere/ca.crt",
						 .certificate_file = "/nowhere/sensor.crt",
						 .key_file = "/nowhere/sensor.key" };
	expect_refused(f, "No such file or directory", "/nowhere/ca.crt",
		       "[collector] ca must name");
}

static void no_room_for_the_socket(void **state)
{
	struct fixture *f = *state;
	char *path = temp_dir_path(f->state_directory, "deeper/control.sock");

	f->options.control.socket_path = path;
	expect_refused(f, "its directory does not exist", path, "[control] socket");
	free(path);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_is_well),     TEST(no_room_for_the_state),  TEST(another_daemon_runs),
		TEST(no_certificates), TEST(no_room_for_the_socket),
	};

	log_init("test", LOG_LEVEL_INFO);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

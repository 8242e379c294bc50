/* SPDX-License-Identifier: Apache-2.0 */
/* The real socket, the real client of yaguractl in a child process, and `status` of rooms made up.
 */
#include "sensor/control/control.h"

#include "common/log.h"
#include "ctl/client.h"
#include "sensor/control/control_sensor.h"
#include "support/fake_spool.h"

#include <event2/event.h>
#include <fcntl.h>
#include <grp.h>
#include <jansson.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

#define ANSWER_BYTES 65536
#define CONNECTIONS_MAX 16
#define NOBODY 65534

struct journal_totals journal_totals(const struct journal *journal)
{
	(void)journal;
	return (struct journal_totals){ .acked = { 10, 11, 12 }, .gaps = { 20, 21, 22 } };
}

static int probes_result;

static int fake_counters(void *context, struct counters *ret_counters)
{
	(void)context;
	for (int i = 0; i < COUNTER_COUNT; i++)
		ret_counters->value[i] = 1000u + (unsigned)i;
	return 0;
}

static int fake_probes(void *context, struct keeper_probes *ret_probes)
{
	(void)context;
	*ret_probes = (struct keeper_probes){
		.count = 2,
		.probe = { { "process_exec", "handle_exec", "", KEEPER_PROBE_ATTACHED, 1 },
			   { "flow_\x1b", "", "no \xff such hook", KEEPER_PROBE_UNAVAILABLE, 0 } },
	};
	return probes_result;
}

static void fake_in_memory(void *context, uint64_t ret_counts[RECORD_CLASS_COUNT])
{
	(void)context;
	for (unsigned i = 0; i < RECORD_CLASS_COUNT; i++)
		ret_counts[i] = 30 + i;
}

static void fake_backlog(void *context, uint64_t ret_bytes[EVENT_RING_COUNT])
{
	(void)context;
	ret_bytes[EVENT_RING_BULK] = 77;
}

static struct world {
	struct event_base *base;
	struct control *control;
	struct spool spool;
	struct control_sensor sensor;
	char directory[32];
	char path[64];
	char answer[ANSWER_BYTES];
} world;

static const struct keeper_description description = {
	.instance = 0xffffffffffffffff,
	.ring_bytes = { 4096, 8192 },
	.worker_restarts = 3,
	.kernel_release = "6.1.0",
	.cgroup = "/sys/fs/cgroup",
};
static const struct pipeline_counters pipeline = { .events = 5, .replayed_events = 6 };

static int set_up(void **state)
{
	const struct ship_options off = { 0 };
	char error[SHIP_TEXT_BYTES];

	(void)state;
	world = (struct world){ .base = event_base_new() };
	fake_spool_fill(&world.spool, SPOOL_LANE_A, 8);
	fake_spool_fill(&world.spool, SPOOL_LANE_B, 9);
	world.sensor = (struct control_sensor){
		.version = "1.2.3",
		.sensor_id = "id",
		.description = &description,
		.spool = &world.spool,
		.counters = &pipeline,
		.in_memory = fake_in_memory,
		.kernel_counters = fake_counters,
		.probes = fake_probes,
		.ring_backlog = fake_backlog,
	};
	probes_result = 0;
	strcpy(world.directory, "/tmp/yagura-control-XXXXXX");
	if (!mkdtemp(world.directory) || chmod(world.directory, 0755) < 0)
		return -1;
	snprintf(world.path, sizeof(world.path), "%s/socket", world.directory);
	return ship_new(world.base, &off, &world.spool, NULL, NULL, &world.sensor.ship, error);
}

static int tear_down(void **state)
{
	(void)state;
	control_free(world.control);
	ship_free(world.sensor.ship);
	event_base_loop(world.base, EVLOOP_NONBLOCK);
	event_base_free(world.base);
	unlink(world.path);
	return rmdir(world.directory);
}

static int open_control(char error[CONTROL_ERROR_BYTES])
{
	const struct control_options options = { .socket_path = world.path };

	return control_new(world.base, &options, &world.sensor, &world.control, error);
}

static void start(void)
{
	char error[CONTROL_ERROR_BYTES];

	assert_int_equal(open_control(error), 0);
}

/* --- the client, in a child ---------------------------------------------------------------------
 */

static int write_row(void *context, const char *json)
{
	return dprintf(*(int *)context, "%s", json) < 0 ? -EIO : 0;
}

/* Writes what yaguractl would show: the row, or the error. */
static void be_client(int to, const char *command, uid_t uid)
{
	const struct client_call call = { .command = command, .row = write_row, .context = &to };
	struct client *client = NULL;
	char error[CLIENT_ERROR_BYTES];
	int r;

	if (uid != geteuid() && (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 ||
				 setresuid(uid, uid, uid) < 0))
		_exit(1);
	r = client_connect(world.path, &client, error);
	if (r == 0)
		r = client_call(client, &call, error);
	if (r < 0)
		dprintf(to, "%s", error);
	client_close(client);
	_exit(0);
}

static void on_answer(evutil_socket_t fd, short what, void *context)
{
	size_t used = strlen(world.answer);
	ssize_t got = read(fd, world.answer + used, sizeof(world.answer) - 1 - used);

	(void)what, (void)context;
	if (got <= 0)
		event_base_loopbreak(world.base);
}

/* The answer is in world.answer afterwards. */
static void ask_as(const char *command, uid_t uid)
{
	struct event *answer;
	int ends[2];
	pid_t child;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	world.answer[0] = '\0';
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		be_client(ends[1], command, uid);
	close(ends[1]);
	answer = event_new(world.base, ends[0], EV_READ | EV_PERSIST, on_answer, NULL);
	assert_non_null(answer);
	event_add(answer, NULL);
	event_base_dispatch(world.base);
	event_free(answer);
	close(ends[0]);
	waitpid(child, NULL, 0);
}

static void ask(const char *command)
{
	ask_as(command, geteuid());
}

static int connect_raw(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", world.path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* --- status -------------------------------------------------------------------------------------
 */

static void expect_number(json_t *object, const char *key, json_int_t want)
{
	json_t *value = json_object_get(object, key);

	assert_true(json_is_integer(value));
	assert_int_equal(json_integer_value(value), want);
}

static void expect_text(json_t *object, const char *key, const char *want)
{
	json_t *value = json_object_get(object, key);

	assert_true(json_is_string(value));
	assert_string_equal(json_string_value(value), want);
}

static json_t *ask_status(void)
{
	json_t *status;

	start();
	ask("status");
	status = json_loads(world.answer, 0, NULL);
	if (!status)
		fail_msg("not JSON: %s", world.answer);
	return status;
}

static void test_status_identity(void **state)
{
	json_t *status = ask_status();
	json_t *sensor = json_object_get(status, "sensor");
	json_t *kernel = json_object_get(status, "kernel");

	(void)state;
	expect_text(sensor, "id", "id");
	expect_text(sensor, "version", "1.2.3");
	expect_text(sensor, "generation", "1122334455667788");
	expect_text(sensor, "instance", "ffffffffffffffff");
	expect_number(sensor, "worker_restarts", 3);
	assert_true(json_is_integer(json_object_get(sensor, "uptime_s")));
	expect_text(kernel, "release", "6.1.0");
	assert_string_equal(json_string_value(json_array_get(json_object_get(kernel, "tiers"), 0)),
			    "core");
	assert_int_equal(json_array_size(json_object_get(kernel, "missing")), 1);
	expect_number(json_object_get(json_object_get(kernel, "rings"), "bulk"), "backlog_bytes",
		      77);
	json_decref(status);
}

static void test_status_probes(void **state)
{
	json_t *status = ask_status();
	json_t *probes = json_object_get(status, "probes");

	(void)state;
	assert_int_equal(json_array_size(probes), 2);
	expect_text(json_array_get(probes, 0), "name", "process_exec");
	expect_text(json_array_get(probes, 0), "state", "attached");
	expect_text(json_array_get(probes, 0), "program", "handle_exec");
	assert_true(json_is_true(json_object_get(json_array_get(probes, 0), "required")));
	expect_text(json_array_get(probes, 1), "state", "unavailable");
	expect_text(json_array_get(probes, 1), "reason", "(not UTF-8)");
	assert_null(strchr(world.answer, '\x1b'));
	json_decref(status);
}

static void test_status_counts(void **state)
{
	json_t *status = ask_status();
	json_t *counters = json_object_get(status, "counters");
	json_t *conservation = json_object_get(status, "conservation");
	const char *const classes[] = { "exec", "exit", "flow" };
	const json_int_t generated[] = { COUNTER_GENERATED_EXEC, COUNTER_GENERATED_EXIT,
					 COUNTER_GENERATED_FLOW };

	(void)state;
	assert_int_equal(json_object_size(counters), COUNTER_COUNT + 6);
	expect_number(counters, "lost_flow", 1000 + COUNTER_LOST_FLOW);
	expect_number(counters, "replayed_events", 6);
	assert_int_equal(json_object_size(conservation), 3);
	for (int i = 0; i < 3; i++) {
		json_t *row = json_object_get(conservation, classes[i]);

		expect_number(row, "generated", 1000 + generated[i]);
		expect_number(row, "acked", 10 + i);
		expect_number(row, "spooled", 5 + i);
		expect_number(row, "in_memory", 30 + i);
		expect_number(row, "gaps", 20 + i);
	}
	json_decref(status);
}

static void test_status_shipping(void **state)
{
	json_t *status = ask_status();
	json_t *ship = json_object_get(status, "ship");
	json_t *spool = json_object_get(status, "spool");

	(void)state;
	expect_text(ship, "state", "off");
	expect_text(json_object_get(ship, "tls"), "group", "");
	expect_number(json_object_get(json_object_get(ship, "lanes"), "a"), "next_seq", 9);
	expect_number(json_object_get(json_object_get(ship, "lanes"), "b"), "acked_seq", 0);
	expect_number(ship, "shipped_bytes", 0);
	expect_text(ship, "last_error", "");
	expect_number(spool, "bytes", 4096);
	expect_number(json_object_get(spool, "batches"), "b", 9);
	assert_true(json_integer_value(
			    json_object_get(json_object_get(status, "budget"), "rss_bytes")) > 0);
	json_decref(status);
}

static void test_keeper_gone(void **state)
{
	(void)state;
	probes_result = -ETIMEDOUT;
	start();
	ask("status");
	assert_string_equal(world.answer, "the daemon refuses: the keeper does not answer: "
					  "Connection timed out");
}

/* --- the socket ---------------------------------------------------------------------------------
 */

static void test_unknown_command(void **state)
{
	(void)state;
	start();
	ask("reboot");
	assert_string_equal(world.answer,
			    "the daemon refuses: 'reboot' is no command of this daemon");
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

#define TEST(function)                                                                             \
	{                                                                                          \
#function, function, set_up, tear_down, NULL                                       \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_status_identity),   TEST(test_status_probes),
		TEST(test_status_counts),     TEST(test_status_shipping),
		TEST(test_keeper_gone),	      TEST(test_unknown_command),
		TEST(test_no_daemon),	      TEST(test_too_many),
		TEST(test_request_too_long),  TEST(test_stale_socket_is_replaced),
		TEST(test_second_daemon),     TEST(test_not_a_socket),
		TEST(test_nobody_is_refused), /* last: only root can become nobody */
	};
	size_t count = sizeof(tests) / sizeof(*tests) - (geteuid() == 0 ? 0 : 1);

	log_init("test", LOG_LEVEL_ERROR);
	signal(SIGPIPE, SIG_IGN); /* as yagurad does */
	return _cmocka_run_group_tests("control", tests, count, NULL, NULL);
}

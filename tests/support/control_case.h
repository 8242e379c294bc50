/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real control socket over rooms that are made up, and the real client of yaguractl in a child
 * process, for the tests of sensor/control. It defines functions of spool.h and journal.h: include
 * it from one file of a program.
 */
#ifndef YAGURA_TESTS_SUPPORT_CONTROL_CASE_H
#define YAGURA_TESTS_SUPPORT_CONTROL_CASE_H

#include <event2/event.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl/client.h"
#include "sensor/control/control.h"
#include "sensor/control/control_sensor.h"
#include "support/fake_spool.h"

#define ANSWER_BYTES 65536

struct journal_totals journal_totals(const struct journal *journal)
{
	(void)journal;
	return (struct journal_totals){ .acked = { 10, 11, 12 },
					.gaps = { { 15, 16, 17 },
						  [GAP_THROTTLED] = { 5, 5, 5 },
						  [GAP_UNEXPLAINED] = { 7, 7, 7 },
						  [GAP_KERNEL_SKIPPED] = { 8, 8, 8 } } };
}

static int probes_result;
static uint32_t throttle_state = KEEPER_PROBE_ATTACHED;

static inline int fake_counters(void *context, struct counters *ret_counters)
{
	(void)context;
	for (int i = 0; i < COUNTER_COUNT; i++)
		ret_counters->value[i] = 1000u + (unsigned)i;
	return 0;
}

static inline int fake_probes(void *context, struct keeper_probes *ret_probes)
{
	(void)context;
	*ret_probes = (struct keeper_probes){
		.count = 5,
		.probe = { { "process_exec", "handle_exec", "", KEEPER_PROBE_ATTACHED, 1 },
			   { "flow_\x1b", "", "no \xff such hook", KEEPER_PROBE_UNAVAILABLE, 0 },
			   { "flow_end", "handle_end_old", "no storage there",
			     KEEPER_PROBE_ATTACHED, 1 },
			   { "digest", "handle_check", "", KEEPER_PROBE_ATTACHED, 0, 1 },
			   { "throttle", "handle_throttle", "", throttle_state, 0 } },
	};
	return probes_result;
}

static inline int fake_maps(void *context, struct keeper_maps *ret_maps)
{
	(void)context;
	*ret_maps = (struct keeper_maps){
		.count = 2,
		.map = { { "ring_bulk", "ringbuf", 8000, 4096, KEEPER_UNCOUNTED },
			 { "filter_uid", "hash", 500, 2048, 3 } },
	};
	return 0;
}

static inline int fake_live(void *context, struct live_config *ret_live)
{
	(void)context;
	*ret_live = (struct live_config){ .filters = 1u << FILTER_UID | 1u << FILTER_ADDRESS,
					  .filter_default = FILTER_DROP,
					  .flows_per_s = 50,
					  .flow_burst = 99 };
	return 0;
}

static inline void fake_in_memory(void *context, uint64_t ret_counts[RECORD_CLASS_COUNT])
{
	(void)context;
	for (unsigned i = 0; i < RECORD_CLASS_COUNT; i++)
		ret_counts[i] = 30 + i;
}

static inline uint64_t fake_updates_due(void *context)
{
	(void)context;
	return 55;
}

static inline void fake_backlog(void *context, uint64_t ret_bytes[EVENT_RING_COUNT])
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

/* One event of the bulk ring missing. */
static inline struct sequence *fake_sequence(void)
{
	static uint64_t memory[1024];
	static struct sequence *sequence;
	const struct event_header second = { .sequence = 2 };

	if (!sequence) {
		assert_int_equal(sequence_open(memory, sizeof(memory), 1, &sequence), 0);
		sequence_saw(sequence, EVENT_RING_BULK, 8, &second);
		sequence_settle(sequence);
		sequence_settle(sequence);
	}
	return sequence;
}

static inline int set_up(void **state)
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
		.maps = fake_maps,
		.live = fake_live,
		.sequence = fake_sequence(),
		.updates_due = fake_updates_due,
		.ring_backlog = fake_backlog,
	};
	probes_result = 0;
	throttle_state = KEEPER_PROBE_ATTACHED;
	strcpy(world.directory, "/tmp/yagura-control-XXXXXX");
	if (!mkdtemp(world.directory) || chmod(world.directory, 0755) < 0)
		return -1;
	snprintf(world.path, sizeof(world.path), "%s/socket", world.directory);
	return ship_new(world.base, &off, &world.spool, NULL, NULL, &world.sensor.ship, error);
}

static inline int tear_down(void **state)
{
	(void)state;
	control_free(world.control);
	ship_free(world.sensor.ship);
	event_base_loop(world.base, EVLOOP_NONBLOCK);
	event_base_free(world.base);
	unlink(world.path);
	return rmdir(world.directory);
}

static inline int open_control(char error[CONTROL_ERROR_BYTES])
{
	const struct control_options options = { .socket_path = world.path };

	return control_new(world.base, &options, &world.sensor, &world.control, error);
}

static inline void start(void)
{
	char error[CONTROL_ERROR_BYTES];

	assert_int_equal(open_control(error), 0);
}

static inline int write_row(void *context, const char *json, const char *line)
{
	(void)line;
	return dprintf(*(int *)context, "%s", json) < 0 ? -EIO : 0;
}

/* Writes what yaguractl would show: the row, or the error. */
static inline void be_client(int to, const char *command, uid_t uid)
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

static inline void on_answer(evutil_socket_t fd, short what, void *context)
{
	size_t used = strlen(world.answer);
	ssize_t got = read(fd, world.answer + used, sizeof(world.answer) - 1 - used);

	(void)what, (void)context;
	if (got <= 0)
		event_base_loopbreak(world.base);
}

/* The answer is in world.answer afterwards. */
static inline void ask_as(const char *command, uid_t uid)
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

static inline void ask(const char *command)
{
	ask_as(command, geteuid());
}

#define CONTROL_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

#endif

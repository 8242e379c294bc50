/* SPDX-License-Identifier: Apache-2.0 */
/* `status` of rooms that are made up, as yaguractl receives it. */
#include "sensor/control/control.h"

#include "common/log.h"
#include "support/control_case.h"

#include <jansson.h>
#include <signal.h>

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
	assert_string_equal(json_string_value(json_array_get(json_object_get(kernel, "tiers"), 1)),
			    "enhanced");
	assert_int_equal(json_array_size(json_object_get(kernel, "missing")), 1);
	expect_number(json_object_get(json_object_get(kernel, "rings"), "bulk"), "backlog_bytes",
		      77);
	json_decref(status);
}

/* What this kernel lacks, and what stands in for it. */
static void test_status_replaced(void **state)
{
	json_t *status = ask_status();
	json_t *kernel = json_object_get(status, "kernel");
	json_t *replaced = json_object_get(kernel, "replaced");

	(void)state;
	assert_int_equal(json_array_size(json_object_get(kernel, "missing")), 1);
	assert_int_equal(json_array_size(replaced), 1);
	expect_text(json_array_get(replaced, 0), "probe", "flow_end");
	expect_text(json_array_get(replaced, 0), "replaced_by", "handle_end_old");
	expect_text(json_array_get(replaced, 0), "reason", "no storage there");
	json_decref(status);
}

static void test_status_probes(void **state)
{
	json_t *status = ask_status();
	json_t *probes = json_object_get(status, "probes");

	(void)state;
	assert_int_equal(json_array_size(probes), 5);
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
	assert_int_equal(json_object_size(conservation), 4);
	for (int i = 0; i < 3; i++) {
		json_t *row = json_object_get(conservation, classes[i]);

		expect_number(row, "generated", 1000 + generated[i]);
		expect_number(row, "acked", 10 + i);
		expect_number(row, "spooled", 5 + i);
		expect_number(row, "in_memory", 30 + i);
		expect_number(row, "gaps", 20 + i);
		expect_number(row, "throttled", 5);
		expect_number(row, "unexplained", 7);
		expect_number(row, "skipped", 8);
		expect_number(row, "filtered", 1000 + COUNTER_FILTERED_EXEC + i);
	}
	expect_number(json_object_get(conservation, "exec_update"), "generated", 55);
	expect_number(json_object_get(conservation, "exec_update"), "in_memory",
		      30 + RECORD_EXEC_UPDATE);
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

static void test_status_limits(void **state)
{
	json_t *status = ask_status();
	json_t *limits = json_object_get(status, "limits");
	json_t *sequence = json_object_get(status, "sequence");
	json_t *maps = json_object_get(status, "maps");
	json_t *map = json_object_get(maps, "map");

	(void)state;
	assert_int_equal(json_array_size(json_object_get(limits, "filters")), 2);
	expect_text(limits, "filter_default", "drop");
	expect_number(limits, "flow_burst", 99);
	expect_text(limits, "throttling", "on");
	expect_number(sequence, "missing", 1);
	expect_number(json_object_get(sequence, "bulk"), "missing", 1);
	expect_number(json_object_get(sequence, "bulk"), "counted_lost",
		      1000 + COUNTER_LOST_FLOW + 1000 + COUNTER_LOST_BYTES);
	expect_number(maps, "bytes", 8500);
	assert_true(json_is_null(json_object_get(json_array_get(map, 0), "entries")));
	expect_number(json_array_get(map, 1), "entries", 3);
	expect_text(json_array_get(map, 1), "type", "hash");
	json_decref(status);
}

/* Budgets that do not count are not shown as if they did. */
static void test_status_without_throttling(void **state)
{
	json_t *status, *limits;

	(void)state;
	start();
	throttle_state = KEEPER_PROBE_UNAVAILABLE;
	ask("status");
	status = json_loads(world.answer, 0, NULL);
	limits = json_object_get(status, "limits");
	expect_text(limits, "throttling", "not on this kernel");
	assert_true(json_is_null(json_object_get(limits, "process_events_per_s")));
	assert_true(json_is_null(json_object_get(limits, "flow_burst")));
	expect_text(limits, "filter_default", "drop");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONTROL_TEST(test_status_identity), CONTROL_TEST(test_status_probes),
		CONTROL_TEST(test_status_counts),   CONTROL_TEST(test_status_shipping),
		CONTROL_TEST(test_status_limits),   CONTROL_TEST(test_keeper_gone),
		CONTROL_TEST(test_status_replaced), CONTROL_TEST(test_status_without_throttling),
	};

	log_init("test", LOG_LEVEL_ERROR);
	signal(SIGPIPE, SIG_IGN); /* as yagurad does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What `doctor` and `stats` make of the status of a sensor to which much has happened. */
#include "support/control_case.h"

#include "common/log.h"

#include <jansson.h>
#include <signal.h>
#include <string.h>

/* The row of that check in the answer, from its "{" on. */
static json_t *row_of(const char *check)
{
	const char *at = world.answer;
	json_error_t end;
	json_t *row;

	while ((row = json_loads(at, JSON_DISABLE_EOF_CHECK, &end))) {
		if (strcmp(json_string_value(json_object_get(row, "check")), check) == 0)
			return row;
		json_decref(row);
		at += end.position;
	}
	return NULL;
}

static void expect(const char *check, const char *state, const char *found)
{
	json_t *row = row_of(check);

	assert_non_null(row);
	assert_string_equal(json_string_value(json_object_get(row, "state")), state);
	assert_non_null(strstr(json_string_value(json_object_get(row, "found")), found));
	if (strcmp(state, "bad") == 0)
		assert_string_not_equal(json_string_value(json_object_get(row, "mend")), "");
	json_decref(row);
}

static void what_is_wrong_is_found(void **state)
{
	(void)state;
	start();
	ask("doctor");
	expect("probes", "note", "'flow_");
	expect("replaced", "note", "such as 'flow_end': no storage there");
	expect("worker", "bad", "3 times");
	expect("nothing lost unsaid", "bad", "records are missing");
	expect("skipped programs", "bad", "did not run");
	expect("rings", "bad", "too small");
	expect("throttling", "note", "only counted");
	expect("filters", "note", "leave out");
	expect("collector", "note", "no collector is configured");
	expect("post-quantum", "good", "");
}

static void each_missing_probe_counts(void **state)
{
	(void)state;
	throttle_state = KEEPER_PROBE_UNAVAILABLE;
	start();
	ask("doctor");
	expect("probes", "note", "2 of the probes are missing");
}

static void without_the_keeper_nothing_is_known(void **state)
{
	(void)state;
	probes_result = -EPIPE;
	start();
	ask("doctor");
	assert_non_null(strstr(world.answer, "the keeper does not answer"));
}

static void every_number_is_told(void **state)
{
	(void)state;
	start();
	ask("stats");
	assert_non_null(strstr(world.answer,
			       "{\"name\":\"counters.generated_fork\",\"labels\":\"\","
			       "\"value\":1000}"));
	assert_non_null(strstr(world.answer, "{\"name\":\"conservation.acked\",\"labels\":"
					     "\"class=\\\"exec\\\"\",\"value\":10}"));
	assert_non_null(strstr(world.answer, "{\"name\":\"maps.map.bytes\",\"labels\":"
					     "\"name=\\\"ring_bulk\\\"\",\"value\":8000}"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONTROL_TEST(what_is_wrong_is_found),
		CONTROL_TEST(each_missing_probe_counts),
		CONTROL_TEST(without_the_keeper_nothing_is_known),
		CONTROL_TEST(every_number_is_told),
	};

	log_init("test", LOG_LEVEL_ERROR);
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("doctor", tests, NULL, NULL);
}

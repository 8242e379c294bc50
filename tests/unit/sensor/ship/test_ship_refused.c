/* SPDX-License-Identifier: Apache-2.0 */
/* No session comes about, or shipping does not even start: why, in words an operator can use. */
#include "sensor/ship/ship.h"

#include "common/log.h"
#include "support/ship_case.h"

static void expect_error(struct world *world, const char *text)
{
	world->until_error = text;
	start(world);
	run(world);
	assert_int_equal(world->spool.first_seq[SPOOL_LANE_A], 1);
	assert_int_equal(fake_collector_seen(world->collector)->hellos, 0);
	assert_int_equal(status_of(world).connects, 0);
}

static void test_wrong_name(void **state)
{
	struct world *world = *state;

	world->options.server_name = "other.test";
	expect_error(world, "certificate verify failed: hostname mismatch");
}

static void test_wrong_address(void **state)
{
	struct world *world = *state;

	world->options.server_name = "127.0.0.2";
	expect_error(world, "certificate verify failed: IP address mismatch");
}

static void test_wrong_authority(void **state)
{
	struct world *world = *state;

	world->options.ca_file = files.other_ca;
	expect_error(world, "certificate verify failed: ");
}

/* In TLS 1.3 the client learns of this only after it thinks itself connected. */
static void test_not_accepted(void **state)
{
	struct world *world = *state;

	world->options.certificate_file = files.other_crt;
	world->options.key_file = files.other_key;
	expect_error(world, "alert unknown ca");
}

static void test_nobody_listens(void **state)
{
	struct world *world = *state;

	world->until_error = "onnection refused";
	start(world);
	fake_collector_free(world->collector);
	world->collector = NULL;
	run(world);
	assert_true(ship_is_idle(world->ship));
}

static void test_free_while_resolving(void **state)
{
	struct world *world = *state;
	char error[SHIP_TEXT_BYTES];

	world->options.collector = "collector.invalid:7443";
	assert_int_equal(ship_new(world->base, &world->options, &world->spool, on_acked, world,
				  &world->ship, error),
			 0);
	event_base_loop(world->base, EVLOOP_ONCE);
	assert_int_equal(status_of(world).state, SHIP_CONNECTING);
}

/* --- at start --- */

static void expect_refused(struct world *world, const char *what, const char *file)
{
	char error[SHIP_TEXT_BYTES] = "";

	world->options.collector = "127.0.0.1:7443";
	assert_int_equal(ship_new(world->base, &world->options, &world->spool, on_acked, world,
				  &world->ship, error),
			 -EINVAL);
	assert_null(world->ship);
	assert_non_null(strstr(error, what));
	assert_non_null(strstr(error, file));
	assert_null(strchr(error, '\n'));
}

static void test_bad_files(void **state)
{
	struct world *world = *state;
	const struct ship_options good = world->options;

	world->options.ca_file = "/nowhere/ca.crt";
	expect_refused(world, "CA file", "/nowhere/ca.crt: No such file or directory; ");
	world->options = good;
	world->options.certificate_file = files.sensor_key; /* a PEM file, but a key */
	expect_refused(world, "certificate", files.sensor_key);
	world->options = good;
	world->options.key_file = files.other_key;
	expect_refused(world, "key", "key values mismatch");
	world->options = good;
	world->options.key_file = "/dev/null";
	expect_refused(world, "key", "/dev/null");
	world->options = good;
	world->options.server_name = NULL;
	expect_refused(world, "no server name", "");
}

static void test_bad_address(void **state)
{
	struct world *world = *state;
	char error[SHIP_TEXT_BYTES] = "";

	world->options.collector = "collector";
	assert_int_equal(ship_new(world->base, &world->options, &world->spool, on_acked, world,
				  &world->ship, error),
			 -EINVAL);
	assert_non_null(strstr(error, "'collector': write HOST:PORT"));
}

static void test_off(void **state)
{
	struct world *world = *state;
	char error[SHIP_TEXT_BYTES];

	world->options = (struct ship_options){ 0 };
	assert_int_equal(ship_new(world->base, &world->options, &world->spool, on_acked, world,
				  &world->ship, error),
			 0);
	ship_kick(world->ship);
	event_base_loop(world->base, EVLOOP_NONBLOCK);
	assert_int_equal(status_of(world).state, SHIP_OFF);
	assert_true(ship_is_idle(world->ship));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SHIP_TEST(test_wrong_name),
		SHIP_TEST(test_wrong_address),
		SHIP_TEST(test_wrong_authority),
		SHIP_TEST(test_not_accepted),
		SHIP_TEST(test_nobody_listens),
		SHIP_TEST(test_free_while_resolving),
		SHIP_TEST(test_bad_files),
		SHIP_TEST(test_bad_address),
		SHIP_TEST(test_off),
	};

	log_init("test", LOG_LEVEL_ERROR); /* failing sessions warn, and are meant to fail */
	return cmocka_run_group_tests(tests, make_files, remove_files);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The whole way over loopback with real TLS, against a collector that misbehaves. */
#include "sensor/ship/ship.h"

#include "common/log.h"
#include "support/ship_case.h"

static void test_delivers(void **state)
{
	struct world *world = *state;
	struct ship_status status;

	start(world);
	run(world);
	expect_everything(world, 1);
	status = status_of(world);
	assert_int_equal(status.state, SHIP_CONNECTED);
	assert_string_equal(status.tls_version, "TLSv1.3");
	assert_true(strlen(status.tls_group) > 0);
	assert_string_equal(status.last_error, "");
	assert_int_equal(status.connects, 1);
	assert_int_equal(status.sent_seq[SPOOL_LANE_A], BATCHES_A);
	assert_int_equal(status.acked_seq[SPOOL_LANE_B], BATCHES_B);
	assert_int_equal(status.shipped_bytes, (BATCHES_A + BATCHES_B) * PAYLOAD_BYTES);
	assert_int_equal(world->acked_records, BATCHES_A + BATCHES_B);
	assert_int_equal(world->acked_bytes, (BATCHES_A + BATCHES_B) * PAYLOAD_BYTES);
}

static void test_late_acks(void **state)
{
	struct world *world = *state;

	world->collector_options.ack_delay_ms = 5;
	start(world);
	run(world);
	expect_everything(world, 1);
	/* The window was used, and kept. */
	assert_in_range(fake_collector_seen(world->collector)->unacked_bytes_max,
			WINDOW_BYTES - PAYLOAD_BYTES, WINDOW_BYTES + PAYLOAD_BYTES);
}

static void test_only_synced(void **state)
{
	struct world *world = *state;

	world->spool.synced_seq[SPOOL_LANE_A] = 11;
	world->until_hellos = 1;
	start(world);
	world->spool.next_seq[SPOOL_LANE_A] = 11;
	run(world);
	assert_int_equal(fake_collector_seen(world->collector)->received[0][11], 0);
	fake_spool_fill(&world->spool, SPOOL_LANE_A, BATCHES_A);
	world->spool.first_seq[SPOOL_LANE_A] = 11;
	ship_kick(world->ship);
	run(world);
	expect_everything(world, 1);
}

static void test_lost_batches_are_skipped(void **state)
{
	struct world *world = *state;
	static const uint64_t lost[] = { 1, 2, 50, 51, 52, BATCHES_A };

	for (size_t i = 0; i < sizeof(lost) / sizeof(*lost); i++)
		world->spool.lost[SPOOL_LANE_A][lost[i]] = true;
	/* The last one lost is never sent, so never acknowledged: the test adds one after it. */
	world->spool.lost[SPOOL_LANE_A][BATCHES_A] = false;
	start(world);
	run(world);
	expect_everything(world, 1);
}

static void test_name_resolved_from_hosts(void **state)
{
	struct world *world = *state;

	world->options.server_name = "127.0.0.1"; /* and an address as the name to verify */
	start(world);
	ship_free(world->ship);
	snprintf(world->address, sizeof(world->address), "localhost:%u",
		 (unsigned)fake_collector_port(world->collector));
	char error[SHIP_TEXT_BYTES];
	assert_int_equal(ship_new(world->base, &world->options, &world->spool, on_acked, world,
				  &world->ship, error),
			 0);
	run(world);
	expect_everything(world, 1);
}

static void test_spool_fails(void **state)
{
	struct world *world = *state;

	world->spool.read_error = -EIO;
	world->until_error = "cannot read batch 1 of lane a: Input/output error";
	start(world);
	run(world);
	world->spool.read_error = 0;
	world->until_error = NULL;
	run(world);
	expect_everything(world, 1);
}

/* --- faults, by table --- */

/* A close with bytes unread is a reset: which of the two the sensor sees is a matter of timing, so
 * those rows ask for what both messages have. */
static struct fault_case {
	const char *name;
	enum fake_fault fault;
	uint32_t after;
	const char *want_error;
	uint32_t times_max; /* a batch may come */
	uint32_t ack_delay_ms;
} faults[] = {
	{ "hello refused", FAULT_REFUSE_HELLO, 0, "the collector refused (2): not on?my list", 1 },
	{ "acknowledgements lost", FAULT_LOSE_ACKS, 5, "onnection", 1, 50 },
	{ "batches lost", FAULT_FORGET, 5, "onnection", 2, 50 },
	{ "closes in the middle", FAULT_FORGET, 97, "onnection", 2, 1 },
	{ "acknowledges the unsent", FAULT_ACK_UNSENT, 3, "batch 512 of lane a, never sent", 2 },
	{ "garbage", FAULT_GARBAGE, 3, "does not decode", 2 },
	{ "a frame of 4 GiB", FAULT_TOO_LONG, 3, "a frame of the collector", 2 },
	{ "ahead of the spool", FAULT_AHEAD, 0, "was it set back", 1 },
};

static void check_fault(void **state)
{
	struct world *world = *state;
	const struct fault_case *c = &faults[world->acked_records]; /* the row, see fault_set_up */

	world->acked_records = 0;
	world->collector_options.fault = c->fault;
	world->collector_options.fault_after = c->after;
	world->collector_options.ack_delay_ms = c->ack_delay_ms;
	world->until_hellos = 2;
	start(world);
	run(world);
	expect_everything(world, c->times_max);
	if (!strstr(status_of(world).last_error, c->want_error))
		fail_msg("last error: %s", status_of(world).last_error);
	/* Each record counted once, whatever came twice. */
	assert_int_equal(world->acked_records, BATCHES_A + BATCHES_B);
	assert_int_equal(world->acked_bytes, (BATCHES_A + BATCHES_B) * PAYLOAD_BYTES);
}

static int fault_set_up(void **state)
{
	const struct fault_case *c = *state;
	int r = set_up(state);

	((struct world *)*state)->acked_records = (uint64_t)(c - faults);
	return r;
}

static const struct CMUnitTest plain[] = {
	SHIP_TEST(test_delivers),
	SHIP_TEST(test_late_acks),
	SHIP_TEST(test_only_synced),
	SHIP_TEST(test_lost_batches_are_skipped),
	SHIP_TEST(test_name_resolved_from_hosts),
	SHIP_TEST(test_spool_fails),
};

#define PLAIN_COUNT (sizeof(plain) / sizeof(*plain))
#define FAULT_COUNT (sizeof(faults) / sizeof(*faults))

int main(void)
{
	struct CMUnitTest tests[PLAIN_COUNT + FAULT_COUNT];

	log_init("test", LOG_LEVEL_ERROR); /* failing sessions warn, and are meant to fail */
	memcpy(tests, plain, sizeof(plain));
	for (size_t i = 0; i < FAULT_COUNT; i++)
		tests[PLAIN_COUNT + i] = (struct CMUnitTest){ faults[i].name, check_fault,
							      fault_set_up, tear_down, &faults[i] };
	return cmocka_run_group_tests(tests, make_files, remove_files);
}

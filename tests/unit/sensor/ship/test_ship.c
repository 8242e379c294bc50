/* SPDX-License-Identifier: Apache-2.0 */
/* The whole way over loopback with real TLS, against a collector that misbehaves. */
#include "sensor/ship/ship.h"

#include "common/log.h"
#include "support/fake_collector.h"
#include "support/fake_spool.h"
#include "support/pki.h"

#include <event2/event.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define BATCHES_A 100
#define BATCHES_B 150
#define PAYLOAD_BYTES 20000u
#define WINDOW_BYTES 150000u
#define PATIENCE_S 10

/* Certificates, made once for all tests. */
static struct {
	char directory[32];
	char ca[64], other_ca[64];
	char server_crt[64], server_key[64];
	char sensor_crt[64], sensor_key[64];
	char other_crt[64], other_key[64]; /* a sensor of another authority */
} files;

struct world {
	struct event_base *base;
	struct fake_collector_options collector_options;
	struct fake_collector *collector;
	struct spool spool;
	struct ship_options options;
	char address[32];
	struct ship *ship;
	uint64_t acked_records;
	uint64_t acked_bytes;
	const char *until_error; /* run until last_error holds this … */
	uint32_t until_hellos; /* … or the spool is drained in so many sessions at least */
};

static void on_acked(void *context, enum spool_lane lane, uint64_t seq,
		     const uint64_t acked[RECORD_CLASS_COUNT], uint64_t payload_bytes)
{
	struct world *world = context;

	(void)lane, (void)seq;
	world->acked_records += acked[RECORD_EXEC];
	world->acked_bytes += payload_bytes;
	ship_kick(world->ship); /* as the pipeline may: from inside the session */
}

static int set_up(void **state)
{
	static struct world world;

	world = (struct world){
		.base = event_base_new(),
		.collector_options = { .ca_file = files.ca,
				       .certificate_file = files.server_crt,
				       .key_file = files.server_key,
				       .window_bytes = WINDOW_BYTES },
		.spool = { .payload_bytes = PAYLOAD_BYTES },
		.options = { .server_name = "collector.test",
			     .ca_file = files.ca,
			     .certificate_file = files.sensor_crt,
			     .key_file = files.sensor_key,
			     .backoff_min_ms = 1,
			     .backoff_max_ms = 10,
			     .sensor = { 0xab, [15] = 0xcd },
			     .kernel_release = "6.1.0",
			     .host = "unit" },
		.until_hellos = 1,
	};
	fake_spool_fill(&world.spool, SPOOL_LANE_A, BATCHES_A);
	fake_spool_fill(&world.spool, SPOOL_LANE_B, BATCHES_B);
	*state = &world;
	return world.base ? 0 : -1;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	ship_free(world->ship);
	fake_collector_free(world->collector);
	event_base_loop(world->base, EVLOOP_NONBLOCK);
	event_base_free(world->base);
	return 0;
}

static void start(struct world *world)
{
	char error[SHIP_TEXT_BYTES];

	world->collector = fake_collector_new(world->base, &world->collector_options);
	assert_non_null(world->collector);
	snprintf(world->address, sizeof(world->address), "127.0.0.1:%u",
		 (unsigned)fake_collector_port(world->collector));
	world->options.collector = world->address;
	assert_int_equal(ship_new(world->base, &world->options, &world->spool, on_acked, world,
				  &world->ship, error),
			 0);
}

static struct ship_status status_of(const struct world *world)
{
	struct ship_status status;

	ship_status(world->ship, &status);
	return status;
}

static bool is_drained(const struct world *world)
{
	for (int lane = 0; lane < SPOOL_LANE_COUNT; lane++)
		if (world->spool.first_seq[lane] != world->spool.next_seq[lane])
			return false;
	return fake_collector_seen(world->collector)->hellos >= world->until_hellos;
}

static bool is_over(const struct world *world)
{
	if (world->until_error)
		return strstr(status_of(world).last_error, world->until_error) != NULL;
	return is_drained(world) && ship_is_idle(world->ship);
}

static void give_up(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	*(bool *)context = true;
}

static void run(struct world *world)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	bool too_late = false;
	struct event *alarm = evtimer_new(world->base, give_up, &too_late);

	assert_non_null(alarm);
	event_add(alarm, &patience);
	while (!is_over(world) && !too_late)
		event_base_loop(world->base, EVLOOP_ONCE);
	event_free(alarm);
	if (too_late)
		fail_msg("still %s after %d s; last error: %s",
			 ship_state_name(status_of(world).state), PATIENCE_S,
			 status_of(world).last_error);
}

/* Every batch came, intact and in order, and none again once it was acknowledged. */
static void expect_everything(const struct world *world, uint32_t times_max)
{
	const struct fake_collector_seen *seen = fake_collector_seen(world->collector);
	const uint64_t counts[SPOOL_LANE_COUNT] = { BATCHES_A, BATCHES_B };

	for (int lane = 0; lane < SPOOL_LANE_COUNT; lane++)
		for (uint64_t seq = 1; seq <= counts[lane]; seq++)
			assert_in_range(seen->received[lane][seq],
					world->spool.lost[lane][seq] ? 0 : 1,
					world->spool.lost[lane][seq] ? 0 : times_max);
	assert_int_equal(seen->bad_batches, 0);
	assert_int_equal(seen->resent_acked, 0);
	assert_int_equal(seen->out_of_order, 0);
	assert_in_range(seen->unacked_bytes_max, 1, WINDOW_BYTES + PAYLOAD_BYTES);
	assert_memory_equal(seen->sensor, world->options.sensor, sizeof(seen->sensor));
	assert_true(seen->generation == spool_generation(&world->spool));
}

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

/* --- faults, by table ---------------------------------------------------------------------------
 */

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

/* --- no session at all --------------------------------------------------------------------------
 */

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

/* --- at start -----------------------------------------------------------------------------------
 */

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

/* --- certificates -------------------------------------------------------------------------------
 */

static void name_file(char path[64], const char *name)
{
	snprintf(path, 64, "%s/%s", files.directory, name);
}

static int make_files(void **state)
{
	const struct pki_leaf server = { "server", "DNS:collector.test,IP:127.0.0.1",
					 "serverAuth" };
	const struct pki_leaf sensor = { "sensor", NULL, "clientAuth" };
	const struct pki_leaf other = { "other", NULL, "clientAuth" };
	struct pki *ca, *other_ca;
	int r;

	(void)state;
	strcpy(files.directory, "/tmp/yagura-ship-XXXXXX");
	if (!mkdtemp(files.directory))
		return -1;
	ca = pki_new(files.directory, "ca");
	other_ca = pki_new(files.directory, "other_ca");
	r = ca && other_ca && pki_issue(ca, &server) == 0 && pki_issue(ca, &sensor) == 0 &&
			    pki_issue(other_ca, &other) == 0
		    ? 0
		    : -1;
	pki_free(ca);
	pki_free(other_ca);
	name_file(files.ca, "ca.crt");
	name_file(files.other_ca, "other_ca.crt");
	name_file(files.server_crt, "server.crt");
	name_file(files.server_key, "server.key");
	name_file(files.sensor_crt, "sensor.crt");
	name_file(files.sensor_key, "sensor.key");
	name_file(files.other_crt, "other.crt");
	name_file(files.other_key, "other.key");
	return r;
}

static int remove_files(void **state)
{
	const char *const paths[] = { files.ca,		files.other_ca,	  files.server_crt,
				      files.server_key, files.sensor_crt, files.sensor_key,
				      files.other_crt,	files.other_key };

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		unlink(paths[i]);
	return rmdir(files.directory);
}

#define TEST(function)                                                                             \
	{                                                                                          \
#function, function, set_up, tear_down, NULL                                       \
	}

static const struct CMUnitTest plain[] = {
	TEST(test_delivers),
	TEST(test_late_acks),
	TEST(test_only_synced),
	TEST(test_lost_batches_are_skipped),
	TEST(test_name_resolved_from_hosts),
	TEST(test_wrong_name),
	TEST(test_wrong_address),
	TEST(test_wrong_authority),
	TEST(test_not_accepted),
	TEST(test_nobody_listens),
	TEST(test_spool_fails),
	TEST(test_free_while_resolving),
	TEST(test_bad_files),
	TEST(test_bad_address),
	TEST(test_off),
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

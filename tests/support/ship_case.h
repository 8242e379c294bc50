/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sensor's shipping over loopback with real TLS, between a made-up spool and a collector that
 * misbehaves on request, for the tests of sensor/ship. It defines spool.h's functions
 * (fake_spool.h): include it from one file of a program.
 */
#ifndef YAGURA_TESTS_SUPPORT_SHIP_CASE_H
#define YAGURA_TESTS_SUPPORT_SHIP_CASE_H

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "sensor/ship/ship.h"
#include "support/fake_collector.h"
#include "support/fake_spool.h"
#include "support/pki.h"

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

static inline void on_acked(void *context, enum spool_lane lane, uint64_t seq,
			    const uint64_t acked[RECORD_CLASS_COUNT], uint64_t payload_bytes)
{
	struct world *world = context;

	(void)lane, (void)seq;
	world->acked_records += acked[RECORD_EXEC];
	world->acked_bytes += payload_bytes;
	ship_kick(world->ship); /* as the pipeline may: from inside the session */
}

static inline int set_up(void **state)
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

static inline int tear_down(void **state)
{
	struct world *world = *state;

	ship_free(world->ship);
	fake_collector_free(world->collector);
	event_base_loop(world->base, EVLOOP_NONBLOCK);
	event_base_free(world->base);
	return 0;
}

static inline void start(struct world *world)
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

static inline struct ship_status status_of(const struct world *world)
{
	struct ship_status status;

	ship_status(world->ship, &status);
	return status;
}

static inline bool is_drained(const struct world *world)
{
	for (int lane = 0; lane < SPOOL_LANE_COUNT; lane++)
		if (world->spool.first_seq[lane] != world->spool.next_seq[lane])
			return false;
	return fake_collector_seen(world->collector)->hellos >= world->until_hellos;
}

static inline bool is_over(const struct world *world)
{
	if (world->until_error)
		return strstr(status_of(world).last_error, world->until_error) != NULL;
	return is_drained(world) && ship_is_idle(world->ship);
}

static inline void give_up(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	*(bool *)context = true;
}

static inline void run(struct world *world)
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
static inline void expect_everything(const struct world *world, uint32_t times_max)
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

static inline void name_file(char path[64], const char *name)
{
	snprintf(path, 64, "%s/%s", files.directory, name);
}

static inline int make_files(void **state)
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

static inline int remove_files(void **state)
{
	const char *const paths[] = { files.ca,		files.other_ca,	  files.server_crt,
				      files.server_key, files.sensor_crt, files.sensor_key,
				      files.other_crt,	files.other_key };

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		unlink(paths[i]);
	return rmdir(files.directory);
}

#define SHIP_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

#endif

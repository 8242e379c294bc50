/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/probe_fixture.h"

#include "common/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define RING_BYTES (1u << 20)

int probe_fixture_setup(void **state)
{
	const struct loader_options options = { .ring_bytes = { RING_BYTES, RING_BYTES },
						.args_bytes = EVENT_ARGS_BYTES_MAX,
						.sweep_interval_ms = 100 };
	struct probe_fixture *fixture = calloc(1, sizeof(*fixture));
	char error[LOADER_ERROR_BYTES] = "out of memory";

	*state = fixture;
	if (!fixture || loader_open(&options, &fixture->loader, error) < 0) {
		fprintf(stderr, "cannot load the probes: %s\n", error);
		return -1;
	}
	for (int ring = 0; ring < EVENT_RING_COUNT; ring++)
		if (ring_open(loader_ring_fd(fixture->loader, (enum event_ring)ring), RING_BYTES,
			      &fixture->ring[ring]) < 0)
			return -1;
	return 0;
}

int probe_fixture_teardown(void **state)
{
	struct probe_fixture *fixture = *state;

	for (int ring = 0; ring < EVENT_RING_COUNT; ring++)
		ring_close(fixture->ring[ring]);
	loader_close(fixture->loader);
	free(fixture);
	return 0;
}

/* The next event of a ring, decoded, or false when none waits. */
static bool next_event(struct probe_fixture *fixture, enum event_ring which)
{
	struct ring *ring = fixture->ring[which];
	const uint8_t *bytes;
	size_t size;
	int r;

	if (ring_next(ring, &bytes, &size) <= 0)
		return false;
	r = decode_event(bytes, size, &fixture->event);
	ring_release(ring, ring_read_position(ring));
	if (r < 0) {
		fprintf(stderr, "an event of %zu bytes did not decode\n", size);
		abort();
	}
	return true;
}

bool probe_fixture_find(struct probe_fixture *fixture, enum event_ring ring, event_match_fn match,
			const void *wanted, uint32_t timeout_ms)
{
	uint64_t deadline_ns = clock_boottime_ns() + timeout_ms * NS_PER_MS;

	do {
		while (next_event(fixture, ring))
			if (match(&fixture->event, wanted))
				return true;
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	} while (clock_boottime_ns() < deadline_ns);
	return false;
}

void probe_fixture_drain(struct probe_fixture *fixture)
{
	for (int ring = 0; ring < EVENT_RING_COUNT; ring++)
		while (next_event(fixture, (enum event_ring)ring))
			;
}

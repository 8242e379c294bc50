/* SPDX-License-Identifier: Apache-2.0 */
/* The programs, loaded for real, and what they tell: shared by the tests of this folder. Needs
 * root. */
#ifndef YAGURA_TESTS_BPF_PROBE_FIXTURE_H
#define YAGURA_TESTS_BPF_PROBE_FIXTURE_H

#include "sensor/decode/decode.h"
#include "sensor/keeper/loader.h"
#include "sensor/kernel/arena.h"
#include "sensor/kernel/ring.h"

#include <stdbool.h>
#include <sys/types.h>

struct probe_fixture {
	struct loader *loader;
	struct ring *ring[EVENT_RING_COUNT];
	struct arena *arena;
	struct decoded_event event; /* the one found last */
	char prefix[EVENT_PATH_BYTES_MAX + 2]; /* of the kernel's paths; only in a chroot */
	char path[EVENT_PATH_BYTES_MAX + 2]; /* what probe_fixture_path() gave last */
};

/* What the programs are loaded with; a test may change it before set-up. */
extern struct loader_options probe_fixture_options;

/* cmocka group set-up and tear-down; *state is the fixture. */
int probe_fixture_setup(void **state);
int probe_fixture_teardown(void **state);

/* Decides whether an event is the one wanted. */
typedef bool (*event_match_fn)(const struct decoded_event *event, const void *wanted);

/* Reads a ring until an event matches (then fixture->event is it) or `timeout_ms` is over. */
bool probe_fixture_find(struct probe_fixture *fixture, enum event_ring ring, event_match_fn match,
			const void *wanted, uint32_t timeout_ms);
/* The kernel's path, from the root of the mount namespace, for one as we see it: the same, but in a
 * chroot. Valid until the next call. */
const char *probe_fixture_path(struct probe_fixture *fixture, const char *path);
/* Forgets everything that waits. */
void probe_fixture_drain(struct probe_fixture *fixture);

#endif

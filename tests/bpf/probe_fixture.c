/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/probe_fixture.h"

#include "common/clock.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RING_BYTES (1u << 20)

/* In a chroot no mount is listed for "/": that of its directory starts above it. */
static bool is_chrooted(void)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	bool chrooted = mounts != NULL;
	char *line = NULL, point[3];
	size_t size = 0;

	while (chrooted && getline(&line, &size, mounts) > 0)
		chrooted =
			sscanf(line, "%*s %*s %*s %*s %2s", point) != 1 || strcmp(point, "/") != 0;
	free(line);
	if (mounts)
		fclose(mounts);
	return chrooted;
}

static bool is_exec_of(const struct decoded_event *event, const void *context)
{
	const pid_t *pid = context;

	return event->kind == EVENT_EXEC && event->exec.fixed.process.pid == (uint32_t)*pid;
}

/* What the kernel puts before the path of a known program. */
static int learn_prefix(struct probe_fixture *fixture)
{
	const struct decoded_exec *exec = &fixture->event.exec;
	char known[PATH_MAX] = "/bin/true";
	size_t length;
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/true", "true", NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	if (!realpath("/bin/true", known) ||
	    !probe_fixture_find(fixture, EVENT_RING_VALUABLE, is_exec_of, &pid, 2000)) {
		fprintf(stderr, "no execution of %s was seen\n", known);
		return -1;
	}
	length = strlen(known);
	if (exec->path_length < length ||
	    strcmp(exec->path + exec->path_length - length, known) != 0) {
		fprintf(stderr, "%s is told as %s\n", known, exec->path);
		return -1;
	}
	memcpy(fixture->prefix, exec->path, exec->path_length - length);
	return 0;
}

struct loader_options probe_fixture_options = { .ring_bytes = { RING_BYTES, RING_BYTES },
						.args_bytes = EVENT_ARGS_BYTES_MAX,
						.sweep_interval_ms = 100 };

int probe_fixture_setup(void **state)
{
	struct probe_fixture *fixture = calloc(1, sizeof(*fixture));
	char error[LOADER_ERROR_BYTES] = "out of memory";

	*state = fixture;
	if (!fixture || loader_open(&probe_fixture_options, &fixture->loader, error) < 0 ||
	    loader_attach(fixture->loader, error) < 0) {
		fprintf(stderr, "cannot load the probes: %s\n", error);
		return -1;
	}
	for (int ring = 0; ring < EVENT_RING_COUNT; ring++)
		if (ring_open(loader_ring_fd(fixture->loader, (enum event_ring)ring), RING_BYTES,
			      &fixture->ring[ring]) < 0)
			return -1;
	if (arena_open(loader_arena_fd(fixture->loader), loader_arena_slots(fixture->loader),
		       &fixture->arena) < 0)
		return -1;
	return is_chrooted() ? learn_prefix(fixture) : 0;
}

int probe_fixture_teardown(void **state)
{
	struct probe_fixture *fixture = *state;

	for (int ring = 0; ring < EVENT_RING_COUNT; ring++)
		ring_close(fixture->ring[ring]);
	arena_close(fixture->arena);
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

const char *probe_fixture_path(struct probe_fixture *fixture, const char *path)
{
	snprintf(fixture->path, sizeof(fixture->path), "%s%s", fixture->prefix, path);
	return fixture->path;
}

void probe_fixture_drain(struct probe_fixture *fixture)
{
	for (int ring = 0; ring < EVENT_RING_COUNT; ring++)
		while (next_event(fixture, (enum event_ring)ring))
			;
}

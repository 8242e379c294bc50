/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/kernel/sequence.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SEQUENCE_MAGIC 0x5941475553455131ull /* "YAGUSEQ1"; another layout takes another */
#define WINDOW 64u
/* More than a ring could ever lose between two events that are read. */
#define LEAP_MAX (1ull << 40)

/* Of one CPU and ring. A number was seen when its slot holds it: nothing needs to be cleared. */
struct track {
	uint64_t next; /* everything below was seen or is missing; 0 stands for 1, the first */
	uint64_t highest;
	uint64_t settled; /* the highest when sequence_settle() was called last */
	uint64_t seen[WINDOW];
};

struct layout {
	uint64_t magic;
	uint64_t instance;
	uint64_t position[EVENT_RING_COUNT]; /* events below were taken already */
	struct sequence_totals totals;
	struct track tracks[];
};

struct sequence {
	struct layout *layout;
	uint32_t cpu_count;
};

/* What stands above is in the memory before what stands below: a kill comes between instructions.
 */
static void fence(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

size_t sequence_bytes(uint32_t cpu_count)
{
	return sizeof(struct layout) + (size_t)cpu_count * EVENT_RING_COUNT * sizeof(struct track);
}

int sequence_open(void *memory, size_t size, uint64_t instance, struct sequence **ret_sequence)
{
	struct layout *layout = memory;
	struct sequence *sequence;

	if (size < sequence_bytes(1) || (uintptr_t)memory % sizeof(uint64_t) != 0)
		return -EINVAL;
	sequence = calloc(1, sizeof(*sequence));
	if (!sequence)
		return -ENOMEM;
	sequence->layout = layout;
	sequence->cpu_count =
		(uint32_t)((size - sizeof(*layout)) / (EVENT_RING_COUNT * sizeof(struct track)));
	if (layout->magic != SEQUENCE_MAGIC || layout->instance != instance) {
		layout->magic = 0;
		fence();
		memset(layout, 0, size);
		layout->instance = instance;
		fence();
		layout->magic = SEQUENCE_MAGIC;
	}
	*ret_sequence = sequence;
	return 0;
}

void sequence_close(struct sequence *sequence)
{
	free(sequence);
}

static bool was_seen(const struct track *track, uint64_t number)
{
	return track->seen[number % WINDOW] == number;
}

/* Gives up waiting for what is below `end`. The mark moves first: a kill in between hides a loss
 * rather than making one up. */
static void give_up(struct track *track, uint64_t end, uint64_t *missing)
{
	uint64_t count = 0;

	for (uint64_t n = track->next; n < end && n < track->next + WINDOW; n++)
		count += !was_seen(track, n);
	if (end > track->next + WINDOW)
		count += end - track->next - WINDOW;
	track->next = end;
	fence();
	*missing += count;
}

static void go_on(struct track *track)
{
	while (was_seen(track, track->next))
		track->next++;
}

static void take(struct layout *layout, struct track *track, enum event_ring ring, uint64_t number)
{
	struct sequence_totals *totals = &layout->totals;

	if (track->next == 0)
		track->next = 1;
	if (number < track->next) {
		if (was_seen(track, number)) /* taken just before a kill */
			return;
		totals->late[ring]++;
		totals->missing[ring] -= totals->missing[ring] > 0;
		return;
	}
	if (number - track->next > LEAP_MAX) {
		totals->untracked++;
		return;
	}
	if (number - track->next >= WINDOW)
		give_up(track, number - WINDOW + 1, &totals->missing[ring]);
	track->seen[number % WINDOW] = number;
	if (number > track->highest)
		track->highest = number;
	go_on(track);
}

void sequence_saw(struct sequence *sequence, enum event_ring ring, uint64_t position,
		  const struct event_header *header)
{
	struct layout *layout = sequence->layout;

	if (position <= layout->position[ring])
		return;
	if (header->sequence == 0)
		layout->totals.unnumbered++;
	else if (header->cpu >= sequence->cpu_count)
		layout->totals.untracked++;
	else
		take(layout, &layout->tracks[header->cpu * EVENT_RING_COUNT + ring], ring,
		     header->sequence);
	fence();
	layout->position[ring] = position;
}

void sequence_settle(struct sequence *sequence)
{
	struct layout *layout = sequence->layout;

	for (size_t i = 0; i < (size_t)sequence->cpu_count * EVENT_RING_COUNT; i++) {
		struct track *track = &layout->tracks[i];

		if (track->settled >= track->next && track->next > 0) {
			give_up(track, track->settled + 1,
				&layout->totals.missing[i % EVENT_RING_COUNT]);
			go_on(track);
		}
		track->settled = track->highest;
	}
}

void sequence_totals(const struct sequence *sequence, struct sequence_totals *ret_totals)
{
	*ret_totals = sequence->layout->totals;
}

uint64_t sequence_counted(const struct counters *counters, enum event_ring ring)
{
	static const enum event_ring rings[EVENT_KIND_COUNT] = {
#define KIND_RING(NAME, name, ring) [EVENT_##NAME] = EVENT_RING_##ring,
		EVENT_KINDS(KIND_RING)
#undef KIND_RING
	};
	uint64_t sum = 0;

	for (int kind = EVENT_FORK; kind < EVENT_KIND_COUNT; kind++)
		if (rings[kind] == ring)
			sum += counters->value[COUNTER_LOST_FORK + kind - EVENT_FORK];
	return sum;
}

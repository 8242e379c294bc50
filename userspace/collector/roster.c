/* SPDX-License-Identifier: Apache-2.0 */
#include "common/hash.h"

#define HASH_FUNCTION(key, length, value) (value) = hash_bytes(key, length)

#include "collector/roster.h"

#include "common/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct roster_seat {
	UT_hash_handle hh;
	uint8_t sensor[16];
	struct roster_holder holder;
	struct quota quota;
};

struct roster {
	pthread_mutex_t mutex;
	struct roster_seat *seats;
	struct quota quota; /* of the tenant */
	struct roster_stats stats;
	struct roster_note notes[ROSTER_NOTES]; /* a ring */
	uint64_t note_count;
};

struct roster *roster_new(void)
{
	struct roster *roster = calloc(1, sizeof(*roster));

	if (roster && pthread_mutex_init(&roster->mutex, NULL) != 0) {
		free(roster);
		roster = NULL;
	}
	return roster;
}

void roster_free(struct roster *roster)
{
	struct roster_seat *seat;
	struct roster_seat *next;

	if (!roster)
		return;
	for (seat = roster->seats; seat; seat = next) {
		next = seat->hh.next;
		HASH_DEL(roster->seats, seat);
		free(seat);
	}
	pthread_mutex_destroy(&roster->mutex);
	free(roster);
}

static struct roster_seat *find_or_add(struct roster *roster, const uint8_t sensor[16])
{
	struct roster_seat *seat = NULL;

	HASH_FIND(hh, roster->seats, sensor, 16, seat);
	if (seat)
		return seat;
	seat = calloc(1, sizeof(*seat));
	if (!seat)
		return NULL;
	memcpy(seat->sensor, sensor, sizeof(seat->sensor));
	HASH_ADD(hh, roster->seats, sensor, sizeof(seat->sensor), seat);
	return seat;
}

int roster_take(struct roster *roster, const uint8_t sensor[16], const struct roster_holder *holder,
		struct roster_seat **ret_seat, struct roster_holder *ret_before)
{
	struct roster_seat *seat;

	pthread_mutex_lock(&roster->mutex);
	seat = find_or_add(roster, sensor);
	if (seat) {
		*ret_before = seat->holder;
		seat->holder = *holder;
		roster->stats.connected += ret_before->session == 0;
		roster->stats.replaced += ret_before->session != 0;
	}
	pthread_mutex_unlock(&roster->mutex);
	*ret_seat = seat;
	return seat ? 0 : -ENOMEM;
}

bool roster_holds(struct roster *roster, const struct roster_seat *seat, uint64_t session)
{
	bool holds;

	pthread_mutex_lock(&roster->mutex);
	holds = seat->holder.session == session;
	pthread_mutex_unlock(&roster->mutex);
	return holds;
}

bool roster_leave(struct roster *roster, struct roster_seat *seat, uint64_t session)
{
	bool held;

	pthread_mutex_lock(&roster->mutex);
	held = seat->holder.session == session;
	if (held) {
		seat->holder = (struct roster_holder){ 0 };
		roster->stats.connected--;
	}
	pthread_mutex_unlock(&roster->mutex);
	return held;
}

uint32_t roster_wait_ms(struct roster *roster, struct roster_seat *seat,
			const struct quota_limits *sensor, const struct quota_limits *tenant)
{
	uint64_t now_ns = clock_boottime_ns();
	uint32_t own, all;

	pthread_mutex_lock(&roster->mutex);
	own = quota_wait_ms(&seat->quota, sensor, now_ns);
	all = quota_wait_ms(&roster->quota, tenant, now_ns);
	roster->stats.throttled += own > 0 || all > 0;
	pthread_mutex_unlock(&roster->mutex);
	return own > all ? own : all;
}

void roster_spend(struct roster *roster, struct roster_seat *seat,
		  const struct quota_limits *sensor, const struct quota_limits *tenant,
		  uint32_t bytes)
{
	uint64_t now_ns = clock_boottime_ns();

	pthread_mutex_lock(&roster->mutex);
	quota_take(&seat->quota, sensor, bytes, now_ns);
	quota_take(&roster->quota, tenant, bytes, now_ns);
	pthread_mutex_unlock(&roster->mutex);
}

void roster_note(struct roster *roster, const char *who, const char *why)
{
	struct roster_note *note;

	pthread_mutex_lock(&roster->mutex);
	roster->stats.refusals++;
	note = &roster->notes[roster->note_count++ % ROSTER_NOTES];
	note->time_ns = clock_realtime_ns();
	snprintf(note->who, sizeof(note->who), "%s", who);
	snprintf(note->why, sizeof(note->why), "%s", why);
	pthread_mutex_unlock(&roster->mutex);
}

void roster_note_clone(struct roster *roster, const char *who, const char *why)
{
	roster_note(roster, who, why);
	pthread_mutex_lock(&roster->mutex);
	roster->stats.clones++;
	pthread_mutex_unlock(&roster->mutex);
}

void roster_stats(struct roster *roster, struct roster_stats *ret_stats)
{
	pthread_mutex_lock(&roster->mutex);
	*ret_stats = roster->stats;
	ret_stats->seats = HASH_COUNT(roster->seats);
	pthread_mutex_unlock(&roster->mutex);
}

size_t roster_notes(struct roster *roster, struct roster_note ret_notes[ROSTER_NOTES])
{
	size_t count;

	pthread_mutex_lock(&roster->mutex);
	count = roster->note_count < ROSTER_NOTES ? (size_t)roster->note_count : ROSTER_NOTES;
	for (size_t i = 0; i < count; i++)
		ret_notes[i] = roster->notes[(roster->note_count - 1 - i) % ROSTER_NOTES];
	pthread_mutex_unlock(&roster->mutex);
	return count;
}

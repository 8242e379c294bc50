/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is connected: one seat a sensor of a tenant, held by the session that came last, in whatever
 * thread that is. Seats outlive sessions, so that coming again neither refills a quota nor clears a
 * name. Every call may come from any thread.
 */
#ifndef YAGURA_COLLECTOR_ROSTER_H
#define YAGURA_COLLECTOR_ROSTER_H

#include "collector/quota.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROSTER_NOTES 32 /* how many refusals are remembered */
#define ROSTER_TEXT_BYTES 160

struct roster;
struct roster_seat;

/* The session that holds a seat: its number, and what its thread is known by. */
struct roster_holder {
	uint64_t session; /* 0: nobody */
	void *worker;
	uint64_t instance;
	uint8_t boot_id[16];
	char address[64];
};

/* Somebody was refused, or ended for what it did. */
struct roster_note {
	uint64_t time_ns;
	char who[ROSTER_TEXT_BYTES]; /* sensor, or no more than an address */
	char why[ROSTER_TEXT_BYTES];
};

struct roster_stats {
	uint64_t seats;
	uint64_t connected;
	uint64_t refusals;
	uint64_t replaced;
	uint64_t clones; /* one identity at two hosts, as far as can be seen */
	uint64_t throttled; /* times that a quota made somebody wait */
};

/* NULL without memory. */
struct roster *roster_new(void);
void roster_free(struct roster *roster); /* takes NULL */

/* Gives the seat of a sensor to `holder`; who held it before is in *ret_before. 0 or -ENOMEM. */
int roster_take(struct roster *roster, const uint8_t sensor[16], const struct roster_holder *holder,
		struct roster_seat **ret_seat, struct roster_holder *ret_before);
bool roster_holds(struct roster *roster, const struct roster_seat *seat, uint64_t session);
/* Whether it still held it. */
bool roster_leave(struct roster *roster, struct roster_seat *seat, uint64_t session);

/* In how many ms the sensor, and the tenant as a whole, may send again; 0: now. */
uint32_t roster_wait_ms(struct roster *roster, struct roster_seat *seat,
			const struct quota_limits *sensor, const struct quota_limits *tenant);
void roster_spend(struct roster *roster, struct roster_seat *seat,
		  const struct quota_limits *sensor, const struct quota_limits *tenant,
		  uint32_t bytes);

void roster_note(struct roster *roster, const char *who, const char *why);
void roster_note_clone(struct roster *roster, const char *who, const char *why);
void roster_stats(struct roster *roster, struct roster_stats *ret_stats);
/* The newest first; how many there are. */
size_t roster_notes(struct roster *roster, struct roster_note ret_notes[ROSTER_NOTES]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the collector remembers of each sensor: how far its batches are stored, and the row people
 * look at (table `sensors`). In the same transaction as the records themselves.
 */
#ifndef YAGURA_COLLECTOR_LEDGER_H
#define YAGURA_COLLECTOR_LEDGER_H

#include "collector/dedupe/dedupe.h"
#include "collector/verify/verify.h"

struct database;
struct ledger;

struct ledger_arrival {
	const uint8_t *sensor; /* 16 bytes */
	const struct verify_hello *hello;
	const char *tls_version;
	const char *tls_group;
	uint64_t time_ns;
};

/* 0 or -errno. Afterwards no sensor counts as connected. */
int ledger_new(struct database *database, struct ledger **ret_ledger);
void ledger_free(struct ledger *ledger);

/* For struct dedupe_marks; the context is the ledger. */
int ledger_mark_get(void *ledger, const struct dedupe_key *key, uint64_t *ret_mark);
int ledger_mark_set(void *ledger, const struct dedupe_key *key, uint64_t mark);

/* Is this the start of the sensor that arrived last? 0 or -errno. */
int ledger_knows(struct ledger *ledger, const struct ledger_arrival *arrival, bool *ret_known);
/* All three: 0 or -errno. */
int ledger_arrive(struct ledger *ledger, const struct ledger_arrival *arrival);
int ledger_count(struct ledger *ledger, const uint8_t sensor[16], uint64_t records,
		 uint64_t time_ns);
int ledger_leave(struct ledger *ledger, const uint8_t sensor[16], uint64_t time_ns);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the database remembers beside the records, in the same transaction as they: how far in the
 * intake log it has come (table `places`), how far each sensor's batches are stored (`marks`), and
 * the row of each sensor that people look at (`sensors`).
 */
#ifndef YAGURA_COLLECTOR_LEDGER_H
#define YAGURA_COLLECTOR_LEDGER_H

#include "collector/dedupe/dedupe.h"
#include "collector/sinks/sink.h"
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

/* 0 or -errno. */
int ledger_new(struct database *database, struct ledger **ret_ledger);
void ledger_free(struct ledger *ledger);

/* All of these: 0 or -errno. A place that was never set is all zero. */
int ledger_place_get(struct ledger *ledger, struct sink_place *ret_place);
int ledger_place_set(struct ledger *ledger, const struct sink_place *place);

int ledger_mark_set(struct ledger *ledger, const struct dedupe_key *key, uint64_t mark);
/* Each mark there is; what `each` says ends it unless 0. */
int ledger_marks(struct ledger *ledger,
		 int (*each)(void *context, const struct dedupe_key *key, uint64_t mark),
		 void *context);

/* A collector has started: no sensor counts as connected. */
int ledger_start(struct ledger *ledger);
int ledger_arrive(struct ledger *ledger, const struct ledger_arrival *arrival);
int ledger_count(struct ledger *ledger, const uint8_t sensor[16], uint64_t records,
		 uint64_t time_ns);
int ledger_leave(struct ledger *ledger, const uint8_t sensor[16], uint64_t time_ns);

#endif

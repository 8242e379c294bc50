/* SPDX-License-Identifier: Apache-2.0 */
/* The embedded store: one row a record, one row a flow however many parts it came in. */
#ifndef YAGURA_COLLECTOR_SQLITE_H
#define YAGURA_COLLECTOR_SQLITE_H

#include "collector/sinks/sink.h"

struct database;
struct ledger;

extern const struct sink sqlite_sink;

/* What its state is made of: for those who test the tables. */
struct database *sqlite_database(void *state);
struct ledger *sqlite_ledger(void *state);

#endif

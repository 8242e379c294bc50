/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From first bytes to marks: what events tell of is fetched from the arena, goes through flow/, and
 * what came of it is put into the flow's record.
 */
#ifndef YAGURA_SENSOR_MARKING_H
#define YAGURA_SENSOR_MARKING_H

#include "bpf/abi/event.h"
#include "sensor/flow/flow_table.h"
#include "sensor/kernel/arena.h"
#include "telemetry/record.h"

#include <stdint.h>

struct marking;

/* `arena` stays the caller's. NULL without memory. */
struct marking *marking_new(struct arena *arena, uint64_t started_ns);
/* Takes NULL. */
void marking_free(struct marking *marking);

/* Fetches what the event tells of, whatever becomes of it: its slot is free again. */
void marking_take(struct marking *marking, const struct event_bytes *event, uint64_t now_ns);
/* Adds to the record what is known of its flow; valid until the next call for any flow. */
void marking_fill(struct marking *marking, const struct event_flow *flow, uint64_t now_ns,
		  struct record_flow *record);
/* After its last record was copied: forgets the flow. */
void marking_end(struct marking *marking, const struct event_flow *flow);

void marking_stats(const struct marking *marking, struct flow_table_stats *ret_stats);

#endif

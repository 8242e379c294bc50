/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event + process table → one finished record. Pure. `boot_epoch_ns` is what must be added to a
 * boottime instant to have UTC. The record's texts point into the table and the event.
 */
#ifndef YAGURA_RECORD_RECORD_BUILD_H
#define YAGURA_RECORD_RECORD_BUILD_H

#include "sensor/decode/decode.h"
#include "sensor/process/table.h"
#include "telemetry/record.h"

void record_from_exec(const struct decoded_exec *exec, const struct process_table *processes,
		      uint64_t boot_epoch_ns, struct record *ret_record);
void record_from_exit(const struct event_exit *exit, const struct process_table *processes,
		      uint64_t boot_epoch_ns, struct record *ret_record);
/* Source is the end that initiated. *ret_has_process says whether the owner, when it has one, was
 * in the table (the record carries its identity either way); true when it has none: nothing lacks.
 */
void record_from_flow(const struct event_flow *flow, const struct process_table *processes,
		      uint64_t boot_epoch_ns, struct record *ret_record, bool *ret_has_process);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event + what is known of processes and control groups → one finished record. Pure. The record's
 * texts point into the tables and the event.
 */
#ifndef YAGURA_RECORD_RECORD_BUILD_H
#define YAGURA_RECORD_RECORD_BUILD_H

#include "sensor/decode/decode.h"
#include "sensor/process/cgroups.h"
#include "sensor/process/table.h"
#include "telemetry/record.h"

struct record_sources {
	const struct process_table *processes;
	struct cgroup_names *cgroups; /* notes which names it was asked for in vain */
	struct record_process *ancestors; /* room for RECORD_ANCESTORS_MAX; an exec's point here */
	uint64_t boot_epoch_ns; /* what must be added to a boottime instant to have UTC */
};

void record_from_exec(const struct record_sources *sources, const struct decoded_exec *exec,
		      struct record *ret_record);
void record_from_exit(const struct record_sources *sources, const struct event_exit *exit,
		      struct record *ret_record);
/* Source is the end that initiated. */
void record_from_flow(const struct record_sources *sources, const struct event_flow *flow,
		      struct record *ret_record);
/* Whether the flow has no owner, or one that the table knows: then nothing lacks. (A record carries
 * the owner's identity either way.) */
bool record_owner_is_known(const struct record_sources *sources, const struct event_flow *flow);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/batch_read.h"
#include "telemetry/batch_rows.h"

/* Named and no more: what it was given on its command line is its own record's to tell. */
struct record_process reading_relative(struct reading *reading, uint64_t reference)
{
	const uint64_t *row = reading_row(reading, &reading->processes, reference,
					  "process reference out of range");

	return (struct record_process){
		.key = { .start_ns = row[PROCESS_ROW_START_NS],
			 .pid = (uint32_t)row[PROCESS_ROW_PID],
			 .exec_count = (uint32_t)row[PROCESS_ROW_EXEC_COUNT] },
		.uid = (uint32_t)row[PROCESS_ROW_UID] - 1u,
		.gid = (uint32_t)row[PROCESS_ROW_GID] - 1u,
		.executable = reading_path(reading, row[PROCESS_ROW_EXECUTABLE]),
	};
}

/* Each row leads to one before it, so this comes to an end. */
void reading_ancestors(struct reading *reading, uint64_t reference, struct record_exec *exec)
{
	size_t count = 0;

	while (reference > 0 && !reading->why) {
		const uint64_t *row = reading_row(reading, &reading->ancestries, reference,
						  "ancestry reference out of range");

		if (row[ANCESTRY_ROW_PROCESS] == 0)
			reading_refuse(reading, "ancestor that is nobody");
		if (row[ANCESTRY_ROW_ABOVE] >= reference)
			reading_refuse(reading, "ancestor of itself");
		if (count == RECORD_ANCESTORS_MAX)
			reading_refuse(reading, "too many ancestors");
		if (reading->why)
			break;
		reading_count(reading, ANCESTOR_WRITTEN_BYTES);
		reading->ancestors[count++] = reading_relative(reading, row[ANCESTRY_ROW_PROCESS]);
		reference = row[ANCESTRY_ROW_ABOVE];
	}
	exec->ancestors = reading->ancestors;
	exec->ancestor_count = count;
}

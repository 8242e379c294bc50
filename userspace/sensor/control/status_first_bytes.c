/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/control/status_first_bytes.h"

#include "sensor/kernel/arena.h"
#include "sensor/marking.h"

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *arena_json(const struct arena *arena)
{
	struct arena_stats stats;

	arena_stats(arena, &stats);
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "slots", number(stats.slots), "taken",
			 number(stats.taken), "held", number(stats.held), "reclaimed",
			 number(stats.reclaimed), "stale", number(stats.stale));
}

json_t *status_first_bytes(const struct control_sensor *sensor)
{
	struct flow_table_stats stats;

	if (!sensor->marking || !sensor->arena)
		return json_object();
	marking_stats(sensor->marking, &stats);
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "flows",
			 number(stats.flows), "pending_bytes", number(stats.pending_bytes),
			 "marks_bytes", number(stats.marks_bytes), "names", number(stats.names),
			 "evicted_flows", number(stats.evicted_flows), "pieces",
			 number(stats.pieces), "messages", number(stats.messages), "truncated",
			 number(stats.truncated), "malformed", number(stats.malformed), "arena",
			 arena_json(sensor->arena));
}

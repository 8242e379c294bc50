/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/control/status_limits.h"

#include <stdbool.h>
#include <string.h>

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *text(const char *value)
{
	json_t *string = json_string(value);

	return string ? string : json_string("(not UTF-8)");
}

static json_t *map_json(const struct keeper_map *map)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "name", text(map->name), "type",
			 text(map->type), "bytes", number(map->bytes), "entries_max",
			 number(map->entries_max), "entries",
			 map->entries == KEEPER_UNCOUNTED ? json_null() : number(map->entries));
}

json_t *status_maps(const struct keeper_maps *maps)
{
	json_t *rows = json_array();
	uint64_t total = 0;

	for (uint32_t i = 0; i < maps->count && i < KEEPER_MAPS_MAX; i++) {
		total += maps->map[i].bytes;
		json_array_append_new(rows, map_json(&maps->map[i]));
	}
	return json_pack("{s:o, s:o}", "bytes", number(total), "map", rows);
}

/* Without the row that tells what budgets left out, none of them counts. */
static bool can_throttle(const struct keeper_probes *probes)
{
	for (uint32_t i = 0; i < probes->count && i < KEEPER_PROBES_MAX; i++)
		if (strcmp(probes->probe[i].name, "throttle") == 0)
			return probes->probe[i].state == KEEPER_PROBE_ATTACHED;
	return false;
}

static void budgets_set(json_t *object, const struct live_config *live, bool counts)
{
	const struct {
		const char *name;
		uint32_t value;
	} budgets[] = {
		{ "process_events_per_s", live->process_events_per_s },
		{ "process_burst", live->process_burst },
		{ "flows_per_s", live->flows_per_s },
		{ "flow_burst", live->flow_burst },
	};
	bool any = live->process_events_per_s || live->flows_per_s;

	json_object_set_new(object, "throttling",
			    text(!counts ? "not on this kernel"
				 : any	 ? "on"
					 : "off"));
	for (size_t i = 0; i < sizeof(budgets) / sizeof(*budgets); i++)
		json_object_set_new(object, budgets[i].name,
				    counts ? number(budgets[i].value) : json_null());
}

json_t *status_limits(const struct live_config *live, const struct keeper_probes *probes)
{
	static const char *const names[FILTER_COUNT] = {
#define FILTER_NAME(NAME, name, key) #name,
		FILTERS(FILTER_NAME)
#undef FILTER_NAME
	};
	json_t *filters = json_array(), *object = json_object();

	for (int filter = 0; filter < FILTER_COUNT; filter++)
		if (live->filters & 1u << filter)
			json_array_append_new(filters, text(names[filter]));
	json_object_set_new(object, "filters", filters);
	json_object_set_new(object, "filter_default",
			    text(live->filter_default == FILTER_DROP ? "drop" : "keep"));
	budgets_set(object, live, can_throttle(probes));
	return object;
}

json_t *status_sequence(const struct control_sensor *sensor, const struct counters *kernel)
{
	static const char *const names[EVENT_RING_COUNT] = {
		[EVENT_RING_VALUABLE] = "valuable",
		[EVENT_RING_BULK] = "bulk",
	};
	json_t *object = json_object();
	struct sequence_totals totals;
	uint64_t missing = 0;

	sequence_totals(sensor->sequence, &totals);
	for (int ring = 0; ring < EVENT_RING_COUNT; ring++) {
		uint64_t lost = sequence_counted(kernel, (enum event_ring)ring);

		missing += totals.missing[ring];
		json_object_set_new(object, names[ring],
				    json_pack("{s:o, s:o, s:o}", "missing",
					      number(totals.missing[ring]), "counted_lost",
					      number(lost), "late", number(totals.late[ring])));
	}
	json_object_set_new(object, "missing", number(missing));
	json_object_set_new(object, "unnumbered", number(totals.unnumbered));
	json_object_set_new(object, "untracked", number(totals.untracked));
	return object;
}

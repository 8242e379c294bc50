/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/control/status_hashes.h"

#include "sensor/content/content.h"

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

/* By the names that records have them under; what there is no hash for is not told of. */
static json_t *told_json(const struct content_stats *stats)
{
	json_t *told = json_object();

	for (int i = 0; i < HASH_STATUS_COUNT; i++)
		if (i != HASH_NONE && i != HASH_PENDING)
			json_object_set_new(told, hash_status_name((enum hash_status)i),
					    number(stats->told[i]));
	return told;
}

json_t *status_hashes(const struct control_sensor *sensor)
{
	struct content_stats stats;

	if (!sensor->content)
		return json_object();
	content_stats(sensor->content, &stats);
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "entries",
			 number(stats.entries), "hits", number(stats.hits), "misses",
			 number(stats.misses), "waiting", number(stats.waiting), "asked",
			 number(stats.asked), "promised", number(stats.promised), "read_bytes",
			 number(stats.read_bytes), "told", told_json(&stats));
}

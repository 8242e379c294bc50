/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/choice.h"

#include "sensor/keeper/features.h"

#include <stdbool.h>
#include <stdio.h>

static bool has_hook(const struct probe_way *way, const struct btf *kernel)
{
	return !way->needs || btf__find_by_name(kernel, way->needs) > 0;
}

static void tell_missing(struct choice *choice, const struct probe_way *way,
			 const struct btf *kernel, uint32_t features)
{
	snprintf(choice->reason, sizeof(choice->reason), "no %s",
		 has_hook(way, kernel) ? feature_text(way->features & ~features)
				       : "such hook here");
}

struct choice choice_make(const struct probe *probe, const struct btf *kernel, uint32_t features)
{
	struct choice choice = { 0 };

	for (size_t i = 0; i < PROBE_WAYS_MAX && probe->ways[i].program; i++) {
		const struct probe_way *way = &probe->ways[i];

		if (has_hook(way, kernel) && (way->features & ~features) == 0) {
			choice.way = way;
			return choice;
		}
		if (i == 0)
			tell_missing(&choice, way, kernel, features);
	}
	return choice;
}

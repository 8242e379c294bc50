/* SPDX-License-Identifier: Apache-2.0 */
/* `stats`: every number and state of `status` on a line of its own, as Prometheus reads them. */
#include "sensor/control/command_table.h"
#include "sensor/control/flatten.h"
#include "sensor/control/status.h"

#include <errno.h>
#include <jansson.h>

#define LINE_BYTES (3 * FLATTEN_TEXT_BYTES)

struct telling {
	struct control_call *call;
	bool for_prometheus;
};

static int tell(void *context, const struct flat_value *value)
{
	const struct telling *telling = context;
	char line[LINE_BYTES];
	json_t *row = json_pack("{s:s, s:s, s:O}", "name", value->path, "labels", value->labels,
				"value", value->value);

	if (telling->for_prometheus && flatten_prometheus(value, line, sizeof(line)) < 0) {
		json_decref(row);
		return control_fail(telling->call, "'%s' is too long for a line", value->path);
	}
	return control_row_line(telling->call, row, telling->for_prometheus ? line : NULL);
}

static int cmd_stats(struct control_call *call)
{
	struct telling telling = { call, control_arg_flag(call, "prometheus") };
	json_t *status;
	int r = status_object(call, &status);

	if (r < 0)
		return r;
	r = flatten(status, tell, &telling);
	json_decref(status);
	return r == -E2BIG ? control_fail(call, "a name is too long") : r;
}

const struct control_command stats_commands[] = {
	{
		.name = "stats",
		.role = CONTROL_VIEWER,
		.run = cmd_stats,
		.rows = "stats",
		.arguments = { { "prometheus", ARG_FLAG, "in the text format of Prometheus" } },
		.help = "Every number and state of 'status', one a line",
	},
	{ 0 },
};

/* SPDX-License-Identifier: Apache-2.0 */
/* `watch`: records as they happen, as they go into the next batch. */
#include "sensor/control/command_table.h"
#include "sensor/control/record_filter.h"

static int cmd_watch(struct control_call *call)
{
	static const char *const names[] = { "class", "pid",	    "uid", "address",
					     "port",  "executable", "mark" };
	struct record_filter filter = { 0 };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *value = control_arg_text(call, names[i]);
		const char *wanted;

		if (value && record_filter_set(&filter, names[i], value, &wanted) < 0)
			return control_bad_argument(call, names[i], wanted);
	}
	control_watch(call, &filter, control_arg_u32(call, "limit", 0));
	return 0;
}

const struct control_command watch_commands[] = {
	{
		.name = "watch",
		.role = CONTROL_VIEWER,
		.run = cmd_watch,
		.streams = true,
		
		.arguments = {
			{ "class", ARG_TEXT, "exec, exit, flow, gap, exec_update; commas between" },
			{ "pid", ARG_U32, "of this process alone" },
			{ "uid", ARG_U32, "of this user alone" },
			{ "executable", ARG_TEXT, "path; * and ? stand for others" },
			{ "address", ARG_TEXT, "either end in this network" },
			{ "port", ARG_U32, "either end has it" },
			{ "mark", ARG_TEXT, "a name or fingerprint of it; * and ? stand for others" },
			{ "limit", ARG_U32, "end after so many records" },
		},
		.help = "Records as they happen",
	},
	{ 0 },
};

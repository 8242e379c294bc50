/* SPDX-License-Identifier: Apache-2.0 */
/* `watch`: records as they happen, as they go into the next batch. */
#include "sensor/control/command_table.h"
#include "sensor/control/record_filter.h"

static int cmd_watch(struct control_call *call)
{
	struct record_filter filter;
	int r = control_filter(call, &filter);

	if (r == 0)
		control_watch(call, &filter, control_arg_u32(call, "limit", 0));
	return r;
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

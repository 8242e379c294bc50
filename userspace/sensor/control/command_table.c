/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/control/command_table.h"

const struct control_command *const command_table[] = {
	status_commands, doctor_commands, stats_commands, process_commands, watch_commands, NULL,
};

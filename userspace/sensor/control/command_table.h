/* SPDX-License-Identifier: Apache-2.0 */
/* Every command, by subject. A new one is a row in its cmd_<subject>.c; a new subject is one more
 * line in command_table.c. */
#ifndef YAGURA_CONTROL_COMMAND_TABLE_H
#define YAGURA_CONTROL_COMMAND_TABLE_H

#include "sensor/control/control.h"

/* Arrays that end with a row without a name; the list of them ends with NULL. */
typedef const struct control_command *const *command_list;

extern const struct control_command *const command_table[];

extern const struct control_command status_commands[];
extern const struct control_command process_commands[];
extern const struct control_command doctor_commands[];
extern const struct control_command stats_commands[];
extern const struct control_command watch_commands[];

#endif

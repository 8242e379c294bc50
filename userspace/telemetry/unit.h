/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which unit of the service manager a control group belongs to, told by the names that systemd
 * gives its groups (systemd.unit(5), and "Control Group APIs and Delegation"). Pure. Names stay
 * escaped
 * ("\\x2d"), as systemctl shows them. Below a unit's group whoever runs there may make others of
 * any name: those are not looked at, but for the user's own manager, which is asked for its units.
 */
#ifndef YAGURA_TELEMETRY_UNIT_H
#define YAGURA_TELEMETRY_UNIT_H

#include "telemetry/text.h"

#include <stdbool.h>

/* Texts point into the path, empty where there is none. */
struct unit {
	struct text slice; /* the innermost above the unit; empty: the root slice */
	struct text name; /* "ssh.service", "session-3.scope", "user@1000.service" */
	struct text user_unit; /* of the user's manager, where `name` is that */
	struct text session; /* the login session's id, "3" */
};

/* False when the path names no unit, or was cut and may lack the one that counts. */
bool unit_of(struct text cgroup, struct unit *ret_unit);

#endif

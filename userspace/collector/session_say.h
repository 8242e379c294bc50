/* SPDX-License-Identifier: Apache-2.0 */
/* What the log says of what a session found. */
#ifndef YAGURA_COLLECTOR_SESSION_SAY_H
#define YAGURA_COLLECTOR_SESSION_SAY_H

#include "collector/intake/intake.h"

/* Both say nothing when there is nothing. `name` is the sensor's. */
void session_say_rewinds(const char *name, const struct verify_hello *hello,
			 const struct intake_rewind rewinds[VERIFY_LANES]);
void session_say_hole(const char *name, uint32_t lane, const struct intake_outcome *outcome);

#endif

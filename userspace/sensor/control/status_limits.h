/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of `status` that tell what the kernel side may take and leave out. */
#ifndef YAGURA_CONTROL_STATUS_LIMITS_H
#define YAGURA_CONTROL_STATUS_LIMITS_H

#include "sensor/control/control_sensor.h"

#include <jansson.h>

/* Every map: type, memory, how full; and all of it together. */
json_t *status_maps(const struct keeper_maps *maps);
/* The budgets of control groups, and whether there are filters. Budgets are null where this kernel
 * cannot throttle: what the configuration says does not count there. */
json_t *status_limits(const struct live_config *live, const struct keeper_probes *probes);
/* What is missing by the events' own numbers, beside what the kernel counted. */
json_t *status_sequence(const struct control_sensor *sensor, const struct counters *kernel);

#endif

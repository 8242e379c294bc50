/* SPDX-License-Identifier: Apache-2.0 */
/* Part of `status`: what becomes of flows' first bytes. */
#ifndef YAGURA_CONTROL_STATUS_FIRST_BYTES_H
#define YAGURA_CONTROL_STATUS_FIRST_BYTES_H

#include "sensor/control/control_sensor.h"

#include <jansson.h>

/* NULL without memory. */
json_t *status_first_bytes(const struct control_sensor *sensor);

#endif

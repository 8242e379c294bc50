/* SPDX-License-Identifier: Apache-2.0 */
/* What `status` says of the hashes of executed files. */
#ifndef YAGURA_CONTROL_STATUS_HASHES_H
#define YAGURA_CONTROL_STATUS_HASHES_H

#include "sensor/control/control_sensor.h"

#include <jansson.h>

/* The caller's; empty where nothing is hashed. */
json_t *status_hashes(const struct control_sensor *sensor);

#endif

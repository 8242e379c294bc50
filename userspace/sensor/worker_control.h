/* SPDX-License-Identifier: Apache-2.0 */
/* What the control socket may ask of the worker's rooms, and what it is shown. Private to worker.c.
 */
#ifndef YAGURA_SENSOR_WORKER_CONTROL_H
#define YAGURA_SENSOR_WORKER_CONTROL_H

#include "sensor/worker_rooms.h"

/* 0, or -errno with one line in worker->error. */
int worker_control_open(struct worker *worker);
/* A record that goes into the next batch: struct batch_options, `context` is the worker. */
void worker_control_show(void *context, const struct batch_header *header,
			 const struct record *record);

#endif

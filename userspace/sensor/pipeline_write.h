/* SPDX-License-Identifier: Apache-2.0 */
/* Batches → spool → disk, and the rings' room back to the kernel. */
#ifndef YAGURA_SENSOR_PIPELINE_WRITE_H
#define YAGURA_SENSOR_PIPELINE_WRITE_H

#include "sensor/pipeline.h"

/* Gives the lane's batch to the spool; pipeline_write() puts it on disk. 0, also when there is
 * none, or -errno: it stays. */
int pipeline_write_lane(struct pipeline *pipeline, size_t lane);
/* The end of a turn: batches that are due go to the spool, what waits there long enough goes to the
 * disk, and the rings get back what is there. */
void pipeline_write(struct pipeline *pipeline, enum pipeline_turn turn);
/* Whether everything that was given to the spool is on disk. */
bool pipeline_is_on_disk(const struct pipeline *pipeline, size_t lane);

#endif

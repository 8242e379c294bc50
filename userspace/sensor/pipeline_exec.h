/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Execs and snapshots: their arguments become what may leave the host before a table keeps them or
 * a record has them; an exec's px1 is made of what they were. Private to pipeline.c.
 */
#ifndef YAGURA_SENSOR_PIPELINE_EXEC_H
#define YAGURA_SENSOR_PIPELINE_EXEC_H

#include "sensor/pipeline.h"

/* What it does to the table; exec->args is what may leave from here on. It only depends on the
 * event's bytes, so one that is read again becomes the same. 0 or -ENOMEM. */
int pipeline_take_exec(struct pipeline *p, struct decoded_exec *exec);
/* A process that ran before us: the kernel gives the path, /proc the arguments. 0 or -ENOMEM. */
int pipeline_take_snapshot(struct pipeline *p, const struct decoded_exec *exec);
/* What the record of the exec just taken says beyond its event and the tables. Its texts live until
 * the next one is taken. */
void pipeline_fill_exec(struct pipeline *p, const struct decoded_exec *exec,
			struct record_exec *record);
/* Puts the hash that is known now into an update's px1, whose text lives until the next call. */
void pipeline_complete_px1(struct pipeline *p, struct record_exec_update *update);

#endif

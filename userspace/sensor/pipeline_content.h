/* SPDX-License-Identifier: Apache-2.0 */
/* What execs have to do with what their files hold. Private to pipeline.c. */
#ifndef YAGURA_SENSOR_PIPELINE_CONTENT_H
#define YAGURA_SENSOR_PIPELINE_CONTENT_H

#include "sensor/pipeline.h"

/* An exec whose hash is on its way waits as a flow without owner does: in the ring, so a kill loses
 * nothing. What takes long is promised instead. Else p->facts and p->answer are of this event. */
bool pipeline_waits_for_hash(struct pipeline *p, const struct decoded_event *event);
/* Counts what was promised with it, kept by it, or lost. */
void pipeline_add_record(struct pipeline *p, struct batch *batch, const struct record *record);
/* Tells what was promised and is known now, as far as lane A's batch has room. */
void pipeline_keep_promises(struct pipeline *p);

/* Of the execs behind one that waits the files are asked for, too: each would else wait for its
 * own, one after the other. Reads on in the ring: the caller goes back to where it was. */
void pipeline_look_ahead(struct pipeline *p, struct ring *ring);

#endif

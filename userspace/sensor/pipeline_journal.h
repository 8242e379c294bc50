/* SPDX-License-Identifier: Apache-2.0 */
/* What of an event goes into the journal, for a worker that comes after: no argument that may not
 * leave the host. Private to pipeline.c. */
#ifndef YAGURA_SENSOR_PIPELINE_JOURNAL_H
#define YAGURA_SENSOR_PIPELINE_JOURNAL_H

#include "sensor/pipeline.h"

/* `bytes` are those of p->event, which was applied to the tables. */
void pipeline_note(struct pipeline *p, const uint8_t *bytes, size_t size);
/* Whether the event's arguments are from a journal and need nothing to be taken out again. */
bool pipeline_was_noted(const struct pipeline *p, const struct event_exec *exec);

#endif

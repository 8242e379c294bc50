/* SPDX-License-Identifier: Apache-2.0 */
/* A flow of a capture as the record a sensor would make of it: no process is known, and "local" is
 * the end that initiated it. */
#ifndef YAGURA_REPLAY_REPORT_H
#define YAGURA_REPLAY_REPORT_H

#include "replay/track.h"

/* Fills everything but marks and names. A flow is named by when it began and its number. */
void report_flow(const struct track_flow *flow, struct record_flow *ret_record);

#endif

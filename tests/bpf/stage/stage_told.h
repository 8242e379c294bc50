/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs told of a flow, put where replay's own lookout would have put it. */
#ifndef YAGURA_TESTS_BPF_STAGE_TOLD_H
#define YAGURA_TESTS_BPF_STAGE_TOLD_H

#include "bpf/stage/stage_programs.h"
#include "replay/watch.h"

/* A piece of payload of `side`, or that some will not come, into the flow table. 0 or -errno. */
int stage_told_bytes(struct stage *stage, const struct watch *watch, enum fingerprint_side side,
		     const struct event_bytes *event);
/* The first segment, into the flow table. */
void stage_told_syn(const struct watch *watch, const struct flow_syn *seen);
/* Lengths and times, into the flow, in place of those that replay counted. `is_turned`: whom the
 * kernel takes for the source is the other end for replay. */
void stage_told_lengths(const struct watch *watch, const struct flow_splt *seen, bool is_turned);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The unfinished messages of all flows: begun, grown, read, given up. Private to flow/. */
#ifndef YAGURA_FLOW_ASSEMBLY_H
#define YAGURA_FLOW_ASSEMBLY_H

#include "sensor/flow/flow.h"

struct assembly {
	struct flow_message *messages; /* grown longest ago, first */
	size_t bytes_max; /* of all of them */
	struct flow_table_stats *stats; /* whose pending_bytes and message counts it keeps */
};

/* Embedded; there is nothing to free once every flow was dropped. */
void assembly_init(struct assembly *assembly, size_t bytes_max, struct flow_table_stats *stats);

/* As flow_table_piece, for a protocol that has a parser. */
int assembly_piece(struct assembly *assembly, struct flow *flow, const struct flow_piece *piece);
/* Nothing more will come of a side's unfinished messages: they are read a last time or truncated
 * for `reason`. False when there was none. */
bool assembly_end_side(struct assembly *assembly, struct flow *flow, enum fingerprint_side side,
		       const char *reason);
/* Wipes all of a flow's unfinished messages, counted as truncated. */
void assembly_drop(struct assembly *assembly, struct flow *flow);

#endif

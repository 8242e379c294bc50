/* SPDX-License-Identifier: Apache-2.0 */
/* The unfinished messages of all flows: begun, grown, read, given up. Private to flow/. */
#ifndef YAGURA_FLOW_MESSAGES_H
#define YAGURA_FLOW_MESSAGES_H

#include "sensor/flow/flow.h"

struct flow_messages {
	struct flow_message *oldest; /* grown longest ago, first */
	size_t bytes_max; /* of all of them */
	struct flow_table_stats *stats; /* whose pending_bytes and message counts it keeps */
};

/* Embedded; there is nothing to free once every flow was dropped. */
void flow_messages_init(struct flow_messages *messages, size_t bytes_max,
			struct flow_table_stats *stats);

/* As flow_table_piece, for a protocol that has a parser. */
int flow_messages_piece(struct flow_messages *messages, struct flow *flow,
			const struct flow_piece *piece);
/* Nothing more will come of a side's unfinished messages: they are read a last time or truncated
 * for `reason`. False when there was none. */
bool flow_messages_end_side(struct flow_messages *messages, struct flow *flow,
			    enum fingerprint_side side, const char *reason);
/* Wipes all of a flow's unfinished messages, counted as truncated. */
void flow_messages_drop(struct flow_messages *messages, struct flow *flow);

#endif

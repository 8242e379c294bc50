/* SPDX-License-Identifier: Apache-2.0 */
/* What the first segments of connections say. Hosts have few kinds of them, and a busy one sees the
 * same kind a thousand times a second: the last of each are remembered. Private to flow/. */
#ifndef YAGURA_FLOW_SYNS_H
#define YAGURA_FLOW_SYNS_H

#include "sensor/fingerprint/fingerprint.h"

#define FLOW_SYNS_MAX 64

struct flow_syns {
	struct flow_syn_seen {
		struct fingerprint_syn_shape shape; /* of no bytes: none */
		struct marks marks;
	} seen[FLOW_SYNS_MAX]; /* by hash: a new one takes the place of another */
};

/* All zero is empty. Frees what is remembered. */
void flow_syns_done(struct flow_syns *syns);
/* As fingerprint_syn(). */
void flow_syns_add_marks(struct flow_syns *syns, const struct fingerprint_syn *syn,
			 struct marks *marks);

#endif

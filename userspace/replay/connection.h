/* SPDX-License-Identifier: Apache-2.0 */
/* How a segment moves its TCP connection on: RFC 9293 3.3.2, seen by somebody between the ends. */
#ifndef YAGURA_REPLAY_CONNECTION_H
#define YAGURA_REPLAY_CONNECTION_H

#include "replay/track.h"

/* Whether the segment's sender is the end that was connected to, so far as one segment tells: of a
 * SYN and of its answer surely, else by which port looks like a service's. */
bool connection_is_from_acceptor(const struct segment *segment);
/* Whether the segment opens another connection between the ends of this one. */
bool connection_is_another(const struct track_flow *flow, enum track_end sender,
			   const struct segment *segment);
/* Moves the state on by a segment, all but its payload. True when it is the first SYN, or the first
 * answer to one. */
bool connection_take(struct track_flow *flow, enum track_end sender, const struct segment *segment,
		     uint64_t time_ns);
/* Both ends have said that they are done, or one has torn it down. */
bool connection_is_closed(const struct track_flow *flow);

#endif

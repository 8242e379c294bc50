/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shows payload to the code that decides, in the kernel, which first bytes are wanted
 * (bpf/lib/look.h), and hands those to the flow table. What comes early is kept until what is
 * before it has come, within bounds; a hole that stays is cut. What comes twice while a message is
 * under way is shown to the table too: other bytes than before make the message an overlap. What
 * was shown is remembered to the flow's end, as far as there is room: other bytes that come after
 * it was read take back what it said.
 */
#ifndef YAGURA_REPLAY_LOOKOUT_H
#define YAGURA_REPLAY_LOOKOUT_H

#include "replay/track.h"
#include "sensor/flow/flow_table.h"

struct lookout;

/* `table` stays the caller's, and so does `room`: how many bytes more all lookouts together may
 * keep of what comes early and of what was shown. NULL without memory. */
struct lookout *lookout_new(struct flow_table *table, int64_t *room);
/* Takes NULL; wipes what was kept. */
void lookout_free(struct lookout *lookout);

/* A new piece of a stream's payload, or a datagram, of the flow `key`. True when the table was
 * given something of it. */
bool lookout_data(struct lookout *lookout, const struct flow_key *key, uint8_t protocol,
		  const struct track_data *data);
/* A piece of the stream that has come before. */
void lookout_again(struct lookout *lookout, const struct flow_key *key,
		   const struct track_data *data);
/* No more will come. */
void lookout_finish(struct lookout *lookout);

#endif

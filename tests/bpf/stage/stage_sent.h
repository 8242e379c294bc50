/* SPDX-License-Identifier: Apache-2.0 */
/* What one end of a connection has sent, as the other end's kernel has it: up to where all has
 * come, and the segments that lie behind a hole. */
#ifndef YAGURA_TESTS_BPF_STAGE_SENT_H
#define YAGURA_TESTS_BPF_STAGE_SENT_H

#include "common/cursor.h"

/* A segment that lies behind a hole. */
struct ahead {
	struct ahead *prev;
	struct ahead *next;
	uint32_t offset;
	uint32_t size;
	uint8_t bytes[];
};

/* What an end has sent. */
struct sent {
	uint64_t edge; /* all before has come */
	struct ahead *ahead; /* by offset */
	uint32_t ahead_bytes;
	uint32_t ahead_count;
};

/* A segment behind a hole. 0 or -ENOMEM. */
int stage_sent_keep(struct sent *sent, uint32_t offset, const struct cursor *bytes);
/* Bytes up to here have come, and what was kept right behind them. */
void stage_sent_reach(struct sent *sent, uint64_t to);
/* Of those kept. */
void stage_sent_forget(struct sent *sent, struct ahead *ahead);

#endif

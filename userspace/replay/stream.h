/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one end of a TCP connection has sent: from 32-bit sequence numbers to places in the stream,
 * and which bytes are new. Bounded: with too many holes, of this stream or of all, the first one
 * counts as lost for good.
 */
#ifndef YAGURA_REPLAY_STREAM_H
#define YAGURA_REPLAY_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STREAM_AHEAD_MAX 2048 /* a shuffled hello in segments of one byte has that many holes */

struct stream_range {
	uint64_t from;
	uint64_t to; /* not included */
};

/* All zero is a stream of which nothing is known. */
struct stream {
	bool is_known;
	uint32_t first_seq; /* of byte 0 */
	uint64_t edge; /* all before is there, or lost */
	uint64_t unique_bytes;
	struct stream_range *ahead; /* beyond the edge, in order, apart */
	uint32_t ahead_count;
	uint32_t ahead_capacity;
};

/* Byte 0 has this number; only the first call counts. */
void stream_begin(struct stream *stream, uint32_t seq);
/* Takes note of `bytes` bytes from `seq` on; a stream that has not begun begins there. How many
 * were not there before, and the place of the first in *ret_offset: negative when it lies before
 * byte 0. *room is how many ranges more all streams together may have room for. */
uint32_t stream_add(struct stream *stream, size_t *room, uint32_t seq, uint32_t bytes,
		    int64_t *ret_offset);
/* Gives back to *room what it took; all is unknown again. */
void stream_done(struct stream *stream, size_t *room);

#endif

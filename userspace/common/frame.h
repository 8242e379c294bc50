/* SPDX-License-Identifier: Apache-2.0 */
/* Length-prefixed frames (4 bytes, big-endian, then that much), as both protocols use them. */
#ifndef YAGURA_COMMON_FRAME_H
#define YAGURA_COMMON_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define FRAME_PREFIX_BYTES 4

struct evbuffer;

/* Looks at the front of `input`. 1 when a whole frame waits there (*ret_body its bytes, made
 * contiguous, *ret_size their number: consume with frame_drain), 0 when more must arrive, -EMSGSIZE
 * when the frame declares more than `max` bytes (close the connection), -ENOMEM. */
int frame_peek(struct evbuffer *input, size_t max, const uint8_t **ret_body, size_t *ret_size);
/* Drops the frame that frame_peek showed. */
void frame_drain(struct evbuffer *input, size_t size);
/* Appends a frame around `size` bytes to `output`. 0, -ENOMEM, or -EMSGSIZE when the prefix cannot
 * hold `size`. */
int frame_append(struct evbuffer *output, const void *body, size_t size);

#endif

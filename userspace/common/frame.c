/* SPDX-License-Identifier: Apache-2.0 */
#include "common/frame.h"

#include "common/cursor.h"
#include "common/put.h"

#include <errno.h>
#include <event2/buffer.h>

int frame_peek(struct evbuffer *input, size_t max, const uint8_t **ret_body, size_t *ret_size)
{
	uint8_t prefix[FRAME_PREFIX_BYTES];
	struct cursor c = cursor_of(prefix, sizeof(prefix));
	size_t waiting = evbuffer_get_length(input);

	if (waiting < sizeof(prefix))
		return 0;
	if (evbuffer_copyout(input, prefix, sizeof(prefix)) != (ev_ssize_t)sizeof(prefix))
		return -ENOMEM;
	size_t size = cursor_u32(&c);

	if (size > max)
		return -EMSGSIZE;
	if (waiting - sizeof(prefix) < size)
		return 0;
	const uint8_t *frame = evbuffer_pullup(input, (ev_ssize_t)(sizeof(prefix) + size));

	if (!frame)
		return -ENOMEM;
	*ret_body = frame + sizeof(prefix);
	*ret_size = size;
	return 1;
}

void frame_drain(struct evbuffer *input, size_t size)
{
	evbuffer_drain(input, FRAME_PREFIX_BYTES + size);
}

int frame_append(struct evbuffer *output, const void *body, size_t size)
{
	uint8_t prefix[FRAME_PREFIX_BYTES];

	if (size > UINT32_MAX)
		return -EMSGSIZE;
	put_be(prefix, size, sizeof(prefix));
	/* Room for all of it first: half a frame in the buffer would break the stream. */
	if (evbuffer_expand(output, sizeof(prefix) + size) < 0)
		return -ENOMEM;
	if (evbuffer_add(output, prefix, sizeof(prefix)) < 0 ||
	    evbuffer_add(output, body, size) < 0)
		return -ENOMEM;
	return 0;
}

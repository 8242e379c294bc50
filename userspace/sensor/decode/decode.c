/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/decode/decode.h"

#include <errno.h>

typedef int (*decode_fn)(struct cursor record, struct decoded_event *ret_event);

static const decode_fn decoders[EVENT_KIND_COUNT] = {
#define DECODER_ROW(NAME, name, ring) [EVENT_##NAME] = decode_##name,
	EVENT_KINDS(DECODER_ROW)
#undef DECODER_ROW
};

int decode_event(const uint8_t *bytes, size_t size, struct decoded_event *ret_event)
{
	struct cursor record = cursor_of(bytes, size);
	struct cursor head = record;
	struct event_header header;
	int r;

	if (!cursor_copy(&head, &header, sizeof(header)) || header.size_bytes != size)
		return -EBADMSG;
	if (header.kind >= EVENT_KIND_COUNT || !decoders[header.kind])
		return -EBADMSG;

	r = decoders[header.kind](record, ret_event);
	if (r < 0)
		return r;
	ret_event->kind = (enum event_kind)header.kind;
	ret_event->header = header;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/decode/decode.h"

#include <errno.h>

/* Laid out as an exec, but argv is another task's memory there: the kernel side never reads it. */
int decode_snapshot(struct cursor record, struct decoded_event *ret_event)
{
	struct cursor head = record;
	struct event_exec fixed;

	if (!cursor_copy(&head, &fixed, sizeof(fixed)) || fixed.args_bytes != 0)
		return -EBADMSG;
	return decode_exec(record, ret_event);
}

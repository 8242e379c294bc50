/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/decode/decode.h"

#include <errno.h>

int decode_exit(struct cursor record, struct decoded_event *ret_event)
{
	struct event_exit event;

	if (!cursor_copy(&record, &event, sizeof(event)) || !cursor_done(&record) ||
	    event.process.pid == 0)
		return -EBADMSG;
	event.comm[EVENT_COMM_BYTES - 1] = '\0'; /* whoever prints it may rely on that */
	ret_event->exit = event;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/decode/decode.h"

#include <errno.h>

int decode_fork(struct cursor record, struct decoded_event *ret_event)
{
	struct event_fork fork;

	/* The parent may be nobody: pid 0 makes the first process and the kernel's threads. */
	if (!cursor_copy(&record, &fork, sizeof(fork)) || !cursor_done(&record) ||
	    fork.process.pid == 0)
		return -EBADMSG;
	ret_event->fork = fork;
	return 0;
}

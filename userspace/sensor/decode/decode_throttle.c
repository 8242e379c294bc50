/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/decode/decode.h"

#include <errno.h>

int decode_throttle(struct cursor record, struct decoded_event *ret_event)
{
	struct event_throttle throttle;

	if (!cursor_copy(&record, &throttle, sizeof(throttle)) || !cursor_done(&record))
		return -EBADMSG;
	if (throttle.state < THROTTLE_STARTED || throttle.state > THROTTLE_STOPPED ||
	    throttle.first_ns > throttle.last_ns || throttle.reserved != 0)
		return -EBADMSG;
	throttle.comm[EVENT_COMM_BYTES - 1] = '\0';
	ret_event->throttle = throttle;
	return 0;
}

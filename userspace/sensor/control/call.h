/* SPDX-License-Identifier: Apache-2.0 */
/* A call in progress: what is behind the handlers' view of it in control.h. */
#ifndef YAGURA_CONTROL_CALL_H
#define YAGURA_CONTROL_CALL_H

#include "sensor/control/control.h"
#include "sensor/control/watch.h"

#include "proto/control.pb-c.h"

#include <stdbool.h>

struct evbuffer;

struct control_call {
	struct control_sensor *sensor;
	struct watch *watch; /* of the conversation: control_watch turns it on */
	const Yagura__Control__Call *request;
	struct evbuffer *output;
	char error[CONTROL_ERROR_BYTES]; /* from control_fail */
};

/* Whether the arguments are among those the command declares, each once and of its type. True, or
 * false with ret_error saying what is wrong. */
bool control_call_check(const struct control_command *command, const Yagura__Control__Call *request,
			char ret_error[CONTROL_ERROR_BYTES]);
/* "u32", "text", "flag". */
const char *control_argument_type_name(enum control_argument_type type);
/* Appends one reply as a frame. 0, -EMSGSIZE (over DISPATCH_REPLY_BYTES_MAX), or -ENOMEM. */
int control_reply(struct evbuffer *output, const Yagura__Control__Reply *reply);

#endif

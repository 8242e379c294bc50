/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One client's conversation (proto/control.proto) without its socket: request frames in, reply
 * frames out. Role and argument types are checked here, before a handler runs.
 */
#ifndef YAGURA_CONTROL_DISPATCH_H
#define YAGURA_CONTROL_DISPATCH_H

#include "sensor/control/command_table.h"
#include "sensor/control/watch.h"

#include <stdbool.h>

struct evbuffer;

#define DISPATCH_PROTOCOL 1u
#define DISPATCH_REQUEST_BYTES_MAX (64u << 10)
#define DISPATCH_REPLY_BYTES_MAX (4u << 20)

/* Of a Done; contract with every client. */
enum dispatch_error {
	DISPATCH_OK = 0,
	DISPATCH_UNKNOWN_COMMAND = 1,
	DISPATCH_NOT_PERMITTED = 2,
	DISPATCH_BAD_ARGUMENT = 3,
	DISPATCH_FAILED = 4,
	DISPATCH_PROTOCOL_ERROR = 5,
	DISPATCH_TOO_SLOW = 6,
};

struct dispatch {
	command_list commands;
	struct control_sensor *sensor;
	enum control_role role;
	bool greeted;
	struct watch watch; /* off, unless the last call streams; another call ends it */
};

/* Answers one request frame into `output`. 0: go on; -EPROTO: the answer says what was wrong, close
 * once it is out; -ENOMEM: close. */
int dispatch_request(struct dispatch *dispatch, const uint8_t *body, size_t size,
		     struct evbuffer *output);
/* Appends a Done. 0 or -ENOMEM. */
int dispatch_done(struct evbuffer *output, enum dispatch_error error, const char *text);

#endif

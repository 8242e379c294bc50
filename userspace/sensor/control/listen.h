/* SPDX-License-Identifier: Apache-2.0 */
/* A listening Unix socket at a path which an earlier daemon may have left behind. */
#ifndef YAGURA_CONTROL_LISTEN_H
#define YAGURA_CONTROL_LISTEN_H

#include "sensor/control/control.h"

#include <event2/listener.h>

/* Anybody may connect; the role decides what for. 0, or -errno with one line in ret_error:
 * -EADDRINUSE when somebody answers there, -EEXIST when something else than a socket is there. */
int control_listen(struct event_base *base, const char *path, evconnlistener_cb accepted,
		   void *context, struct evconnlistener **ret_listener,
		   char ret_error[CONTROL_ERROR_BYTES]);

#endif

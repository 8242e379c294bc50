/* SPDX-License-Identifier: Apache-2.0 */
/* The listening socket: who connects is handed on, with address. */
#ifndef YAGURA_COLLECTOR_LISTENER_H
#define YAGURA_COLLECTOR_LISTENER_H

#include "collector/accept/connection.h"

#include <stdint.h>

#define LISTENER_ERROR_BYTES 256

struct event_base;
struct listener;

struct listener_options {
	const char *address; /* numeric, IPv4 or IPv6 */
	uint16_t port; /* 0: any free one */
	/* Takes over `fd`. */
	void (*accepted)(void *context, int fd, const char *address);
	void *context;
};

/* 0, or -errno with one line in ret_error. */
int listener_new(struct event_base *base, const struct listener_options *options,
		 struct listener **ret_listener, char ret_error[LISTENER_ERROR_BYTES]);
/* Takes NULL. */
void listener_free(struct listener *listener);
/* No new connections. */
void listener_stop(struct listener *listener);
/* "127.0.0.1:7443", the port that was really taken. */
const char *listener_address(const struct listener *listener);

#endif

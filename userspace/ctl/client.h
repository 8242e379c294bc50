/* SPDX-License-Identifier: Apache-2.0 */
/* The client's half of proto/control.proto, over a blocking socket that gives up after 10 s. */
#ifndef YAGURA_CTL_CLIENT_H
#define YAGURA_CTL_CLIENT_H

#include "proto/control.pb-c.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;

#define CLIENT_ERROR_BYTES 512

/* One argument of a call, NAME=VALUE. */
struct client_argument {
	const char *name;
	const char *value;
};

struct client_call {
	const char *command;
	const struct client_argument *arguments;
	size_t argument_count;
	bool endless; /* rows may be long in coming */
	/* Called once a row with its JSON and, "" where there is none, its line for people; a
	 * negative answer ends the call with that value. */
	int (*row)(void *context, const char *json, const char *line);
	void *context;
};

/* Connects and exchanges greetings. 0, -EPERM (the daemon refuses this user), or another -errno;
 * one line in ret_error. */
int client_connect(const char *path, struct client **ret_client,
		   char ret_error[CLIENT_ERROR_BYTES]);
void client_close(struct client *client);
/* What the daemon said of itself and of the commands this user may call. */
const Yagura__Control__Welcome *client_welcome(const struct client *client);
/* 0, -EPERM (the daemon says no: unknown, not permitted, bad argument, failed), or another -errno
 * (the connection broke, or what `row` returned); one line in ret_error. */
int client_call(struct client *client, const struct client_call *call,
		char ret_error[CLIENT_ERROR_BYTES]);

#endif

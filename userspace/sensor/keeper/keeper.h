/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The privileged process: loads and attaches, starts the worker and starts it again when it dies,
 * answers its fixed-size requests. Parses nothing from the network, no argv, no control request.
 */
#ifndef YAGURA_KEEPER_KEEPER_H
#define YAGURA_KEEPER_KEEPER_H

#include "sensor/keeper/loader.h"
#include "sensor/keeper/policy.h"

#include <stdint.h>

struct keeper_options {
	struct loader_options loader;
	uint64_t state_bytes; /* of the memory that outlives a worker */
	const char *config_path; /* handed on to the worker */
	uint64_t hash_bytes_max; /* larger files are not hashed; 0: none is */
	struct policy policy;
	/* Reads the configuration again, for SIGHUP: 0 with a policy that stays valid until the
	 * next call, or -errno with one line in ret_error. */
	int (*reread)(const char *config_path, struct policy *ret_policy,
		      char ret_error[POLICY_ERROR_BYTES]);
};

/* The descriptor on which a worker finds its keeper. */
#define KEEPER_LINK_FD 3

/* Runs until SIGTERM or SIGINT. The exit status: 0 after a clean stop, 1 when it could not start,
 * the worker refused its configuration, or the worker could not be stopped cleanly. */
int keeper_run(const struct keeper_options *options);

#endif

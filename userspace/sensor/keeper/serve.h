/* SPDX-License-Identifier: Apache-2.0 */
/* Answers one request of the worker. See requests.h for what may be asked. */
#ifndef YAGURA_KEEPER_SERVE_H
#define YAGURA_KEEPER_SERVE_H

#include "sensor/keeper/executed.h"
#include "sensor/keeper/hasher_process.h"
#include "sensor/keeper/loader.h"

#include <stdint.h>

struct serve_context {
	struct loader *loader;
	struct keeper_description description;
	int state_fd;
	struct executed_maps executed;
	int measured_fd; /* -1: none */
	uint64_t hash_bytes_max;
	struct hasher_process *hasher;
};

/* From here on KEEPER_HASH is answered; the loader is there. 0 or -errno. */
int serve_hashes(struct serve_context *context, struct hasher_process *hasher,
		 const char *config_path);

/* Receives one request on `link` and sends its reply. 0, -EPIPE when the worker has gone, -EAGAIN
 * when it reads no replies, or -errno: nothing more is to be had from it. What is no request (wrong
 * size, unknown verb, an argument where none belongs) is answered -EINVAL. */
int serve_request(const struct serve_context *context, int link);

#endif

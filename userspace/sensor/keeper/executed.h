/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens what was executed, to be hashed, and nothing else: the file asked for must stand in the map
 * that the exec program writes (bpf/abi/executed.h), and what is opened must be that file.
 */
#ifndef YAGURA_KEEPER_EXECUTED_H
#define YAGURA_KEEPER_EXECUTED_H

#include "sensor/keeper/requests.h"

#include <stdbool.h>

struct executed_maps {
	int files_fd; /* -1: none, everything is refused */
	int scripts_fd;
};

struct bpf_object;

/* Those of a loaded object, which keeps them. */
struct executed_maps executed_maps_of(const struct bpf_object *object);

struct executed_file_opened {
	int fd; /* the caller's; -1 unless status is OK or TOUCHED */
	enum hash_status status;
	struct hash_identity identity; /* as at the execve() */
	struct hash_identity opened; /* as it is now */
	bool is_volatile; /* its times do not tell of every change */
};

/* `bytes_max`: larger ones are not opened. Never blocks on what an unprivileged user serves: files
 * in FUSE file systems are UNREADABLE. A memfd is
 * opened when nothing can write to it any more; it may have been sealed later than executed. With
 * the KEEPER_HASH_..._LOOKs there is no descriptor. */
void executed_open(const struct executed_maps *maps, uint64_t bytes_max,
		   const struct keeper_hash_request *request,
		   struct executed_file_opened *ret_opened);

/* The digest that fs-verity keeps of an open file, if it has one, into the reply. */
void executed_measure(int fd, struct keeper_hash_reply *reply);

#endif

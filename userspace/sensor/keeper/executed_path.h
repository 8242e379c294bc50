/* SPDX-License-Identifier: Apache-2.0 */
/* The way to a file by its name, as a process sees it. Private to executed.c. */
#ifndef YAGURA_KEEPER_EXECUTED_PATH_H
#define YAGURA_KEEPER_EXECUTED_PATH_H

#include "bpf/abi/event.h"
#include "bpf/abi/executed.h"
#include "sensor/hasher/hash_message.h"

#include <stdbool.h>

/* Facts of an open regular file, the device as stat tells it. False for anything else. Asks no
 * server of a file system. */
bool executed_path_facts(int fd, struct hash_identity *ret_facts);
/* An O_PATH descriptor of a regular file, the caller's, with its facts, the device as the kernel
 * has it; the name is resolved in the process's root and leads nowhere out of it. start_ns 0:
 * whoever has the pid. -ENOENT when nothing is there, -EACCES in a FUSE file system, or -errno. */
int executed_path_open(const struct process_key *seer, const char *path,
		       struct hash_identity *ret_facts);
/* Likewise a script: from the process's root or, for a relative name, from its working directory if
 * that is still the one noted down, and downwards only. The parent stands in when an absolute
 * name's process has gone. */
int executed_path_open_script(const struct process_key *process, const struct process_key *parent,
			      const struct executed_script *script,
			      struct hash_identity *ret_facts);
/* Opens for reading what an O_PATH descriptor stands for. */
int executed_path_reopen(int fd);

#endif

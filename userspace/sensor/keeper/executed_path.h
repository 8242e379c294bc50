/* SPDX-License-Identifier: Apache-2.0 */
/* The way to a file by its name, as a process sees it. Private to executed.c. */
#ifndef YAGURA_KEEPER_EXECUTED_PATH_H
#define YAGURA_KEEPER_EXECUTED_PATH_H

#include "bpf/abi/event.h"
#include "sensor/hasher/hash_message.h"

/* An O_PATH descriptor of the regular file that a process runs, the caller's, with its facts, the
 * device as the kernel has it. Asks no server of a file system. -ESRCH when the process has gone,
 * -EACCES in a FUSE file system, or -errno. */
int executed_path_open_running(const struct process_key *key, struct hash_identity *ret_facts);
/* Likewise what is called so (absolute): resolved in the process's root, which it does not lead out
 * of, or, "/dev/fd/7", its descriptor. start_ns 0: whoever has the pid. -ENOENT when nothing is
 * there, -EAGAIN when the kernel does not know the name by heart. */
int executed_path_open(const struct process_key *seer, const char *path,
		       struct hash_identity *ret_facts);
/* Opens for reading what an O_PATH descriptor stands for. */
int executed_path_reopen(int fd);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Starting the worker as a process of its own, and nothing else. */
#ifndef YAGURA_KEEPER_WORKER_PROCESS_H
#define YAGURA_KEEPER_WORKER_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/* Starts `yagurad --worker` with its end of a new SOCK_SEQPACKET pair as KEEPER_LINK_FD. *ret_pid
 * and *ret_link (our end, close-on-exec) on 0; else -errno. */
int worker_process_start(const char *config_path, pid_t *ret_pid, int *ret_link);
/* Has the worker check configuration and files, before anything is attached: 0 when it is content,
 * -EINVAL when not (it has said why), or -errno. */
int worker_process_check(const char *config_path);

#endif

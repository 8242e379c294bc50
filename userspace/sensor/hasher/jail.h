/* SPDX-License-Identifier: Apache-2.0 */
/* What the hasher gives up before it looks at a byte. */
#ifndef YAGURA_HASHER_JAIL_H
#define YAGURA_HASHER_JAIL_H

#include <stddef.h>

#define JAIL_ERROR_BYTES 256

/* Becomes `user` (NULL or "": stays who it is) and gives up every capability; with no_new_privs
 * nothing brings them back. 0; -ENOENT when there is no such user (nothing is given up yet), or
 * another -errno; then one line is in ret_error. */
int jail_drop_privileges(const char *user, char ret_error[JAIL_ERROR_BYTES]);
/* From here on any system call but those of hashing kills the process: pread64, fstat, close,
 * recvmsg, sendmsg, clock_gettime, clock_nanosleep (the pace), restart_syscall, exit, exit_group.
 * 0 or -errno. */
int jail_close(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Starts this very executable in another role. */
#ifndef YAGURA_KEEPER_SPAWN_H
#define YAGURA_KEEPER_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

/* /proc/self/exe, so that a package upgrade never pairs new with old. In a session of its own, so
 * that a terminal's ^C reaches the keeper alone, with SIGTERM and SIGINT held back until it can
 * take them; `descriptors` become 3, 4 …, every other one of ours is close-on-exec. 0 or -errno. */
int spawn_self(char *const arguments[], const int *descriptors, size_t count, pid_t *ret_pid);

#endif

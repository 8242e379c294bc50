/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One process's directory in /proc, opened once: what is read through it is that process's and no
 * other's, even if its number is given again.
 */
#ifndef YAGURA_COMMON_PROCDIR_H
#define YAGURA_COMMON_PROCDIR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The directory of `pid` below `proc` ("/proc"; tests give another), or -errno: -ESRCH when there
 * is no such process. The caller closes it. */
int procdir_open(const char *proc, pid_t pid);
/* Whether the process began at `start_ns` (CLOCK_BOOTTIME), at the granularity that /proc has
 * (clock ticks). 0; -ESRCH when another began then, or it has gone; -EBADMSG when its stat makes no
 * sense; or -errno. */
int procdir_check_start(int directory, uint64_t start_ns);
/* Reads a file below it until `size` or the end. The length, or -errno: -ESRCH when the process has
 * gone, -EACCES when /proc does not show it. */
long procdir_read(int directory, const char *name, char *ret_bytes, size_t size);

#endif

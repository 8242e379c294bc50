/* SPDX-License-Identifier: Apache-2.0 */
/*
 * argv of a process that ran before the sensor did, from /proc. The one place that reads it, and
 * only for EVENT_SNAPSHOT: the start time is compared before and after, so a reused pid gives
 * nothing. (Kept apart from table.c, which does no I/O.)
 */
#ifndef YAGURA_PROCESS_PROCFS_H
#define YAGURA_PROCESS_PROCFS_H

#include "bpf/abi/event.h"

#include <stddef.h>

/* Reads up to `size` bytes of argv into `ret_args`. The length, or -errno: -ESRCH when the process
 * has gone or its pid is another's by now, -EACCES when /proc does not show it, -EBADMSG when its
 * stat makes no sense. On failure nothing in `ret_args` is of use. `proc` is "/proc" (tests give
 * another). start_ns is compared at the granularity /proc has (clock ticks). */
long procfs_args(const char *proc, const struct process_key *key, char *ret_args, size_t size);

#endif

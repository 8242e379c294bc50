/* SPDX-License-Identifier: Apache-2.0 */
#ifndef YAGURA_KEEPER_CGROUP_H
#define YAGURA_KEEPER_CGROUP_H

#include <stddef.h>

/* Opens the cgroup the programs are attached to: `path`, or, when it is NULL or empty, the root of
 * the cgroup2 hierarchy wherever it is mounted; where it is not, it is mounted for a moment of our
 * own (the descriptor keeps it alive). *ret_fd is the caller's; ret_path gets its name for the
 * status. 0, or -errno with one line in ret_error: -ENOTDIR/-ENOENT and the like for `path`,
 * -EINVAL when it is not in a cgroup2 hierarchy. */
int cgroup_open(const char *path, int *ret_fd, char *ret_path, size_t path_size, char *ret_error,
		size_t error_size);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel calls the things that people name by path. */
#ifndef YAGURA_KEEPER_PLACE_H
#define YAGURA_KEEPER_PLACE_H

#include "bpf/abi/config.h"

#include <stdint.h>

/* The inode and the device as the programs see them: super_block.s_dev, which stat(2) does not tell
 * on btrfs and overlayfs, but /proc/self/mountinfo does. 0 or -errno. */
int place_executable(const char *path, struct filter_executable *ret_executable);
/* The id of a control group named from the root of its hierarchy, into which `root_fd` leads. 0 or
 * -errno. */
int place_cgroup(int root_fd, const char *path, uint64_t *ret_id);

#endif

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

/* Inode number of the mount namespace that the host's files are in: init's or, where a container
 * hides that even from root, our own. 0 when neither can be read. */
uint32_t place_host_namespace(void);

#endif

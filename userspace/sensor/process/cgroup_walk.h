/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of the control groups that are there already, from the file system: the kernel tells of
 * those that are made from now on, and snapshots only of those that hold a process. Everybody may
 * read these directories.
 */
#ifndef YAGURA_PROCESS_CGROUP_WALK_H
#define YAGURA_PROCESS_CGROUP_WALK_H

#include "sensor/process/cgroups.h"

/* Where the hierarchy is mounted, all of it: its root has always this inode number. In a container
 * that sees a part only, or without any such mount, nothing is to be learned. */
#define CGROUP_ROOT_INODE 1

/* Learns every group below `directory`, itself the root ("/"), with inode numbers for ids. What
 * cannot be read is left out. How many groups there were, or -errno of the directory itself. */
long cgroup_walk(const char *directory, struct cgroup_names *names);
/* The same for the mounted hierarchy; -ENOENT when it is not mounted whole. */
long cgroup_walk_mounted(struct cgroup_names *names);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Where something is mounted, as this process sees it. */
#ifndef YAGURA_COMMON_MOUNTS_H
#define YAGURA_COMMON_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>

/* The first mount point of a file system type in /proc/self/mounts; false when there is none. */
bool mounts_find(const char *type, char *ret_path, size_t size);

#endif

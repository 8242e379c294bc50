/* SPDX-License-Identifier: Apache-2.0 */
/* What a mount is of, as /proc/PID/mountinfo says: what stat(2) does not tell of btrfs, overlayfs.
 */
#ifndef YAGURA_KEEPER_MOUNTINFO_H
#define YAGURA_KEEPER_MOUNTINFO_H

#include <stdint.h>

struct mount_facts {
	uint32_t device; /* super_block.s_dev: major << 20 | minor */
	char kind[32]; /* "ext4", "fuse.sshfs"; cut when longer */
};

/* As the kernel has it (include/linux/kdev_t.h): not how user space packs a device number. */
static inline uint32_t mountinfo_device(unsigned major, unsigned minor)
{
	return major << 20 | minor;
}

/* `mount_id` is statx(2)'s; `mountinfo` names the file of a process that sees the mount. 0, -ENODEV
 * when it is not listed there, or -errno. */
int mountinfo_find(const char *mountinfo, uint64_t mount_id, struct mount_facts *ret_facts);

#endif

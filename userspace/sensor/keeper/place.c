/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/place.h"

#include "common/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* include/linux/kdev_t.h: not how user space packs a device number. */
static uint32_t kernel_device(unsigned major, unsigned minor)
{
	return major << 20 | minor;
}

/* "36 35 98:0 /root /mount options…": the third field is the file system's own device. */
static int device_of_mount(uint64_t mount_id, uint32_t *ret_device)
{
	_cleanup_fclose_ FILE *mounts = fopen("/proc/self/mountinfo", "re");
	_cleanup_free_ char *line = NULL;
	size_t size = 0;

	if (!mounts)
		return -errno;
	while (getline(&line, &size, mounts) > 0) {
		unsigned major, minor;
		uint64_t id;

		if (sscanf(line, "%" SCNu64 " %*u %u:%u", &id, &major, &minor) != 3 ||
		    id != mount_id)
			continue;
		*ret_device = kernel_device(major, minor);
		return 0;
	}
	return -ENODEV;
}

int place_executable(const char *path, struct filter_executable *ret_executable)
{
	struct filter_executable executable = { 0 };
	struct statx facts;
	int r;

	if (statx(AT_FDCWD, path, 0, STATX_TYPE | STATX_INO | STATX_MNT_ID, &facts) < 0)
		return -errno;
	if (!S_ISREG(facts.stx_mode))
		return -EACCES; /* as execve() would say */
	executable.inode = facts.stx_ino;
	executable.device = kernel_device(facts.stx_dev_major, facts.stx_dev_minor);
	if (facts.stx_mask & STATX_MNT_ID) {
		r = device_of_mount(facts.stx_mnt_id, &executable.device);
		/* In a plain chroot the root's own mount is not listed: then stat has to do. */
		if (r < 0 && r != -ENODEV)
			return r;
	}
	*ret_executable = executable;
	return 0;
}

int place_cgroup(int root_fd, const char *path, uint64_t *ret_id)
{
	struct stat facts;

	path += strspn(path, "/");
	if (fstatat(root_fd, path, &facts, AT_EMPTY_PATH) < 0)
		return -errno;
	if (!S_ISDIR(facts.st_mode))
		return -ENOTDIR;
	*ret_id = facts.st_ino; /* kernfs gives both the same number where ino_t has 64 bits */
	return 0;
}

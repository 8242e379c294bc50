/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/place.h"

#include "sensor/keeper/mountinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

int place_executable(const char *path, struct filter_executable *ret_executable)
{
	struct filter_executable executable = { 0 };
	struct mount_facts mount;
	struct statx facts;
	int r;

	if (statx(AT_FDCWD, path, 0, STATX_TYPE | STATX_INO | STATX_MNT_ID, &facts) < 0)
		return -errno;
	if (!S_ISREG(facts.stx_mode))
		return -EACCES; /* as execve() would say */
	executable.inode = facts.stx_ino;
	executable.device = mountinfo_device(facts.stx_dev_major, facts.stx_dev_minor);
	if (facts.stx_mask & STATX_MNT_ID) {
		r = mountinfo_find("/proc/self/mountinfo", facts.stx_mnt_id, &mount);
		/* In a plain chroot the root's own mount is not listed: then stat has to do. */
		if (r < 0 && r != -ENODEV)
			return r;
		if (r == 0)
			executable.device = mount.device;
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

uint32_t place_host_namespace(void)
{
	struct stat facts = { 0 };

	if (stat("/proc/1/ns/mnt", &facts) < 0 && stat("/proc/self/ns/mnt", &facts) < 0)
		return 0;
	return (uint32_t)facts.st_ino;
}

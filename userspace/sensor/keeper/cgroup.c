/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/cgroup.h"

#include "common/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* A mount of our own: opened, then detached at once, so that nothing is left behind. */
static int open_own_mount(int *ret_fd)
{
	char directory[] = "/tmp/yagura-cgroup2-XXXXXX";
	int fd, r = 0;

	if (!mkdtemp(directory))
		return -errno;
	if (mount("none", directory, "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL)) {
		r = -errno;
	} else {
		fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = fd < 0 ? -errno : 0;
		umount2(directory, MNT_DETACH);
		if (r == 0)
			*ret_fd = fd;
	}
	rmdir(directory);
	return r;
}

int cgroup_open(const char *path, int *ret_fd, char *ret_path, size_t path_size, char *ret_error,
		size_t error_size)
{
	char mounted[4096];
	struct statfs fs;
	int fd;

	if (!path || !*path) {
		if (!mounts_find("cgroup2", mounted, sizeof(mounted))) {
			int r = open_own_mount(ret_fd);

			if (r < 0)
				snprintf(ret_error, error_size,
					 "no cgroup2 is mounted and mounting one failed: %s; "
					 "mount one or set [kernel] cgroup",
					 strerror(-r));
			else
				snprintf(ret_path, path_size, "/ (own mount)");
			return r;
		}
		path = mounted;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		int r = -errno;

		snprintf(ret_error, error_size, "cannot open cgroup %s: %s; see [kernel] cgroup",
			 path, strerror(-r));
		return r;
	}
	if (fstatfs(fd, &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC) {
		close(fd);
		snprintf(ret_error, error_size,
			 "%s is not in a cgroup2 hierarchy; see [kernel] cgroup", path);
		return -EINVAL;
	}
	snprintf(ret_path, path_size, "%s", path);
	*ret_fd = fd;
	return 0;
}

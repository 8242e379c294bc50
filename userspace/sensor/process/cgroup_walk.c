/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/cgroup_walk.h"

#include "common/cleanup.h"
#include "common/mounts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEVELS_MAX 32 /* as the kernel's side has it, see bpf/lib/cgroup.bpf.h */

struct walk {
	struct cgroup_names *names;
	char path[PATH_MAX]; /* of the group being looked at; "" the root */
	long groups;
};

static void cleanup_closedirp(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

static void learn(struct walk *walk, int fd, size_t length)
{
	struct text path = { length ? walk->path : "/", length ? length : 1 };
	struct stat facts;

	if (fstat(fd, &facts) == 0 && cgroup_names_learn(walk->names, facts.st_ino, path) == 0)
		walk->groups++;
}

static void walk_below(struct walk *walk, DIR *directory, size_t length, int level);

/* One that has gone by now, or is not ours to read, is no group to name. */
static void walk_group(struct walk *walk, int above, const char *name, size_t length, int level)
{
	int n = snprintf(walk->path + length, sizeof(walk->path) - length, "/%s", name);
	int fd;

	if (n < 0 || (size_t)n >= sizeof(walk->path) - length)
		return;
	fd = openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	_cleanup_(cleanup_closedirp) DIR *directory = fdopendir(fd);

	if (directory)
		walk_below(walk, directory, length + (size_t)n, level);
	else
		close(fd);
}

static void walk_below(struct walk *walk, DIR *directory, size_t length, int level)
{
	const struct dirent *entry;

	learn(walk, dirfd(directory), length);
	if (level == LEVELS_MAX)
		return;
	while ((entry = readdir(directory)))
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			walk_group(walk, dirfd(directory), entry->d_name, length, level + 1);
}

long cgroup_walk(const char *directory, struct cgroup_names *names)
{
	_cleanup_(cleanup_closedirp) DIR *root = opendir(directory);
	struct walk walk = { .names = names };

	if (!root)
		return -errno;
	walk_below(&walk, root, 0, 0);
	return walk.groups;
}

long cgroup_walk_mounted(struct cgroup_names *names)
{
	char path[PATH_MAX];
	struct stat root;

	if (!mounts_find("cgroup2", path, sizeof(path)) || stat(path, &root) < 0 ||
	    root.st_ino != CGROUP_ROOT_INODE)
		return -ENOENT;
	return cgroup_walk(path, names);
}

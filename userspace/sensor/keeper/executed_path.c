/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/executed_path.h"

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/procdir.h"
#include "sensor/keeper/mountinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef RESOLVE_CACHED
#define RESOLVE_CACHED 0x20 /* 5.12 */
#endif
#define TRIES_MAX 4

static uint64_t nanoseconds(struct statx_timestamp time)
{
	return (uint64_t)time.tv_sec * NS_PER_S + time.tv_nsec;
}

static int look(int fd, struct statx *ret_facts)
{
	const unsigned want = STATX_BASIC_STATS | STATX_MNT_ID;

	return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, want, ret_facts) < 0 ? -errno : 0;
}

static struct hash_identity identity_of(const struct statx *facts)
{
	return (struct hash_identity){
		.inode = facts->stx_ino,
		.bytes = facts->stx_size,
		.ctime_ns = nanoseconds(facts->stx_ctime),
		.mtime_ns = nanoseconds(facts->stx_mtime),
		.device = mountinfo_device(facts->stx_dev_major, facts->stx_dev_minor),
	};
}

/* A name that was just executed is known to the kernel: it need not ask a file system, which might
 * be an unprivileged user's program that never answers. Before 5.12 there is no such promise. It
 * says EAGAIN when it would have to, and when somebody mounts something at this very moment. */
static int resolve(int root, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
				.resolve =
					RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_CACHED };
	long fd = -1;

	errno = EAGAIN;
	for (int tries = 0; fd < 0 && errno == EAGAIN && tries < TRIES_MAX; tries++)
		fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
	if (fd < 0 && errno == EINVAL) {
		how.resolve &= ~(uint64_t)RESOLVE_CACHED;
		fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
	}
	return fd < 0 ? -errno : (int)fd;
}

/* What is open must be a regular file of a file system that the kernel itself serves. */
static int check(int process, int fd, struct hash_identity *ret_facts)
{
	struct mount_facts mount;
	struct statx facts;
	char mountinfo[64];
	int r = look(fd, &facts);

	if (r < 0)
		return r;
	if (!S_ISREG(facts.stx_mode))
		return -ENOENT;
	*ret_facts = identity_of(&facts);
	if (!(facts.stx_mask & STATX_MNT_ID)) /* before 5.8 */
		return 0;
	snprintf(mountinfo, sizeof(mountinfo), "/proc/self/fd/%d/mountinfo", process);
	r = mountinfo_find(mountinfo, facts.stx_mnt_id, &mount);
	if (r == -ENODEV) /* a plain chroot does not list its own root */
		return 0;
	if (r == 0 && strncmp(mount.kind, "fuse", 4) == 0)
		return -EACCES;
	if (r == 0)
		ret_facts->device = mount.device;
	return r;
}

static int open_checked(int process, int root, const char *path, struct hash_identity *ret_facts)
{
	int fd = resolve(root, path);
	int r;

	if (fd < 0)
		return fd;
	r = check(process, fd, ret_facts);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

static int open_process(const struct process_key *key)
{
	int process, r;

	if (key->pid == 0)
		return -ESRCH;
	process = procdir_open("/proc", (pid_t)key->pid);
	if (process < 0)
		return process;
	r = key->start_ns ? procdir_check_start(process, key->start_ns) : 0;
	if (r < 0) {
		close(process);
		return r;
	}
	return process;
}

/* "/dev/fd/7", as a script is called that was executed by its descriptor: fexecve(3). -1: it is
 * called otherwise. */
static int descriptor_of(const char *path)
{
	int number = -1, length = 0;

	if (sscanf(path, "/dev/fd/%9d%n", &number, &length) != 1 || path[length] != '\0')
		return -1;
	return number;
}

/* A link of /proc leads to the very file, and asks its file system nothing as it is not opened. */
static int open_link(int process, const char *link, struct hash_identity *ret_facts)
{
	int fd = openat(process, link, O_PATH | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = check(process, fd, ret_facts);
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

int executed_path_open_running(const struct process_key *key, struct hash_identity *ret_facts)
{
	_cleanup_close_ int process = open_process(key);

	return process < 0 ? process : open_link(process, "exe", ret_facts);
}

int executed_path_open(const struct process_key *seer, const char *path,
		       struct hash_identity *ret_facts)
{
	_cleanup_close_ int process = path[0] == '/' ? open_process(seer) : -ENOENT;
	_cleanup_close_ int root = -1;
	char link[32];

	if (process < 0)
		return process;
	if (descriptor_of(path) >= 0) {
		snprintf(link, sizeof(link), "fd/%d", descriptor_of(path));
		return open_link(process, link, ret_facts);
	}
	root = openat(process, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	return open_checked(process, root, path, ret_facts);
}

int executed_path_reopen(int fd)
{
	char path[64];
	int opened;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	opened = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return opened < 0 ? -errno : opened;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/executed_kind.h"

#include "common/cleanup.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#ifndef EROFS_SUPER_MAGIC_V1
#define EROFS_SUPER_MAGIC_V1 0xe0f5e1e2
#endif
#ifndef HUGETLBFS_MAGIC
#define HUGETLBFS_MAGIC 0x958458f6
#endif
#define XFS_MAGIC 0x58465342 /* "XFSB": fs/xfs/libxfs/xfs_format.h */

bool executed_times_tell(const struct executed_latest *latest)
{
	/* Those that move the times at the first store through a shared mapping (their
	 * page_mkwrite() calls file_update_time()), or take none. In tmpfs, ramfs and their like a
	 * store moves no time; network file systems are written to by others; FUSE says what its
	 * server likes, vfat counts in two seconds. */
	static const uint32_t telling[] = {
		EXT4_SUPER_MAGIC, /* ext2, ext3 */
		XFS_MAGIC,	  BTRFS_SUPER_MAGIC,	F2FS_SUPER_MAGIC,
		SQUASHFS_MAGIC,	  EROFS_SUPER_MAGIC_V1, ISOFS_SUPER_MAGIC,
	};

	/* The layers below are not told: who is root has chosen them, but no other. */
	if (latest->magic == OVERLAYFS_SUPER_MAGIC)
		return latest->user_ns_level == 0;
	for (size_t i = 0; i < sizeof(telling) / sizeof(*telling); i++)
		if (latest->magic == telling[i])
			return true;
	return false;
}

/* The kernel's own tmpfs, which no path leads to: memfds lie there. */
static bool is_in_memory(int fd)
{
	_cleanup_close_ int ours = memfd_create("yagura-kind", MFD_CLOEXEC);
	struct stat facts, own;

	return ours < 0 || fstat(ours, &own) < 0 || fstat(fd, &facts) < 0 ||
	       facts.st_dev == own.st_dev;
}

bool executed_is_writable(int fd)
{
	struct statfs facts;
	int seals;

	if (fstatfs(fd, &facts) < 0)
		return true;
	if (facts.f_type != HUGETLBFS_MAGIC && (facts.f_type != TMPFS_MAGIC || !is_in_memory(fd)))
		return false;
	seals = fcntl(fd, F_GET_SEALS);
	return seals < 0 || !(seals & F_SEAL_WRITE);
}

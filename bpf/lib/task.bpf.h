/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What we read of a task: identity, credentials, executable path, argv. */
#ifndef YAGURA_LIB_TASK_BPF_H
#define YAGURA_LIB_TASK_BPF_H

#include "compat.bpf.h"
#include "emit.bpf.h"

static __always_inline void key_fill(struct process_key *key, struct task_struct *task)
{
	struct task_struct *leader = task_read(task, group_leader);

	key->start_ns = task_read(leader, start_boottime);
	key->pid = (__u32)task_read(task, tgid);
	key->exec_count = task_read(leader, self_exec_id);
}

/* container_of, but with the offset of the running kernel: offsetof() would give that of our own
 * struct. */
static __always_inline struct mount *mount_of(struct vfsmount *vfsmount)
{
	struct mount *none = NULL;

	return (void *)vfsmount - bpf_core_field_offset(none->mnt);
}

/*
 * The names from `path` up to the root of the mount namespace, leaf first, a NUL after each;
 * userspace turns them round. The walk crosses mounts, needs no lock (a concurrent rename may give
 * one old and one new name, as d_path would a moment earlier or later), and is bounded. Returns the
 * length, sets *flags.
 */
static __always_inline __u32 path_fill(struct exec_scratch *scratch, struct path *path,
				       __u32 *flags)
{
	struct vfsmount *vfsmount = BPF_CORE_READ(path, mnt);
	struct dentry *dentry = BPF_CORE_READ(path, dentry);
	struct mount *mount = mount_of(vfsmount);
	/* Kept in memory: in a register the verifier would follow every possible sum of name
	 * lengths and give up after a million instructions (6.18, clang 14). */
	volatile __u32 *used = &scratch->path_bytes;
	int i;

	*used = 0;
	for (i = 0; i < EVENT_PATH_COMPONENTS_MAX; i++) {
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
		__u32 at = *used;
		long size;

		if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
			struct mount *above = BPF_CORE_READ(mount, mnt_parent);

			if (above == mount || !above)
				return *used;
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mount = above;
			continue;
		}
		/* Moved out of its bind mount: the way to the root is not to be told. */
		if (at > EVENT_PATH_BYTES_MAX - 256 || (dentry == parent && at > 0))
			break;
		size = bpf_probe_read_kernel_str(scratch->bytes + at, 256,
						 BPF_CORE_READ(dentry, d_name.name));
		if (size <= 1) {
			*flags |= EXEC_PATH_UNREADABLE;
			return 0;
		}
		*used = at + (__u32)size;
		if (dentry == parent) /* outside any tree: a memfd has a name and nothing above */
			return *used;
		dentry = parent;
	}
	*flags |= EXEC_PATH_TRUNCATED;
	return *used;
}

#endif

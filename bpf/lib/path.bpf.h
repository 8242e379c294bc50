/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Paths as chains of names: from the leaf up to the root of the mount namespace, a NUL after each,
 * appended to the scratch bytes; userspace turns them round. The walk crosses mounts, needs no lock
 * (a concurrent rename may give one old and one new name, as d_path would a moment earlier or
 * later), and is bounded.
 */
#ifndef YAGURA_LIB_PATH_BPF_H
#define YAGURA_LIB_PATH_BPF_H

#include "scratch.bpf.h"

#define NAME_BYTES_MAX 256 /* NAME_MAX and a NUL */

enum path_status {
	PATH_GOES_ON = 0,
	PATH_WHOLE,
	PATH_CUT, /* too long, too deep, or cut off from the root */
	PATH_UNREADABLE,
};

/* Both counts are kept in memory, hence volatile: in registers the verifier would follow every
 * possible sum of name lengths and give up after a million instructions (6.18, clang 14). */
static __always_inline enum path_status name_append(struct exec_scratch *scratch, __u32 start,
						    __u32 bytes_max, const void *name)
{
	volatile __u32 *used = &scratch->used, *names_left = &scratch->names_left;
	__u32 at = *used;
	long size;

	if (*names_left == 0 || at - start > bytes_max - NAME_BYTES_MAX ||
	    at > EXEC_NAMES_BYTES_MAX - NAME_BYTES_MAX) /* the last is for the verifier */
		return PATH_CUT;
	size = kernel_string(scratch->bytes + at, NAME_BYTES_MAX, name);
	if (size <= 1)
		return PATH_UNREADABLE;
	*names_left -= 1;
	*used = at + (__u32)size;
	return PATH_GOES_ON;
}

/* From the leaf to the root of its mount: pointers the verifier knows, read directly. */
static __always_inline enum path_status names_in_mount(struct exec_scratch *scratch, __u32 start,
						       struct path *path)
{
	struct dentry *root = path->mnt->mnt_root;
	struct dentry *dentry = path->dentry;
	enum path_status status;
	int i;

	for (i = 0; i <= EVENT_PATH_COMPONENTS_MAX; i++) {
		struct dentry *parent = dentry->d_parent;

		if (dentry == root)
			return PATH_GOES_ON;
		/* Moved out of its bind mount: the way to the root is not to be told. */
		if (dentry == parent && i > 0)
			return PATH_CUT;
		status = name_append(scratch, start, EVENT_PATH_BYTES_MAX, dentry->d_name.name);
		if (status != PATH_GOES_ON)
			return status;
		if (dentry == parent) /* outside any tree: a memfd has a name, nothing above */
			return PATH_WHOLE;
		dentry = parent;
	}
	return PATH_CUT;
}

#ifdef YAGURA_LOCKED
/* The verifier knows no way from a vfsmount to what it is mounted on. So a path is known to be
 * whole only where its mount begins with the directory that is the root of init, the host's or a
 * container's. The root of whoever is at work would not do: a chroot may be a mount below. */
static __always_inline enum path_status names_above_mount(__u32 start, struct path *path)
{
	struct nsproxy *namespaces = current_task()->nsproxy;
	struct dentry *root;

	if (!namespaces)
		return PATH_CUT;
	root = namespaces->pid_ns_for_children->child_reaper->fs->root.dentry;
	return path->mnt->mnt_root == root ? PATH_WHOLE : PATH_CUT;
}
#else
/* container_of, but with the offset of the running kernel: offsetof() would give that of our own
 * struct. */
static __always_inline struct mount *mount_of(struct vfsmount *vfsmount)
{
	struct mount *none = NULL;

	return (void *)vfsmount - bpf_core_field_offset(none->mnt);
}

/*
 * From the root of a mount on up, over as many mounts as there are. The verifier knows no way from
 * a vfsmount to its struct mount, so this part cannot do without bpf_probe_read_kernel. A function
 * of its own, of numbers: inlined it is verified again for each way out of the walk before,
 * which 6.18 gave up.
 */
__weak __noinline int path_above_mount(__u64 vfsmount, __u32 start)
{
	struct mount *mount = mount_of((void *)vfsmount);
	struct dentry *root = NULL, *dentry = root; /* it begins with the root, whichever that is */
	struct exec_scratch *scratch = scratch_of_cpu();
	enum path_status status;
	int i;

	if (!scratch)
		return PATH_UNREADABLE;
	for (i = 0; i < EVENT_PATH_COMPONENTS_MAX; i++) {
		if (dentry == root) {
			struct mount *above = BPF_CORE_READ(mount, mnt_parent);

			if (above == mount)
				return PATH_WHOLE;
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mount = above;
			root = BPF_CORE_READ(mount, mnt.mnt_root);
			continue;
		}
		status = name_append(scratch, start, EVENT_PATH_BYTES_MAX,
				     BPF_CORE_READ(dentry, d_name.name));
		if (status != PATH_GOES_ON)
			return status;
		dentry = BPF_CORE_READ(dentry, d_parent);
	}
	return PATH_CUT;
}

static __always_inline enum path_status names_above_mount(__u32 start, struct path *path)
{
	return path_above_mount((__u64)BPF_CORE_READ(path, mnt), start);
}
#endif

/* Appends the whole chain. *ret_size is its length, 0 when unreadable. */
static __always_inline enum path_status path_append(struct exec_scratch *scratch, struct path *path,
						    __u32 *ret_size)
{
	__u32 start = scratch->used;
	enum path_status status;

	scratch->names_left = EVENT_PATH_COMPONENTS_MAX;
	status = names_in_mount(scratch, start, path);
	if (status == PATH_GOES_ON)
		status = names_above_mount(start, path);
	if (status == PATH_UNREADABLE)
		scratch->used = start;
	*ret_size = scratch->used - start;
	return status;
}

#endif

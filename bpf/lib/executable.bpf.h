/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What file a process runs. */
#ifndef YAGURA_LIB_EXECUTABLE_BPF_H
#define YAGURA_LIB_EXECUTABLE_BPF_H

#include "path.bpf.h"

static __always_inline __u64 nanoseconds(__s64 seconds, __u64 fraction_ns)
{
	return (__u64)seconds * 1000000000ull + fraction_ns;
}

/* `read` is BPF_CORE_READ, or typed_read for a pointer whose type the verifier knows. */
#define typed_read(pointer, ...) (___arrow(pointer, __VA_ARGS__))

#define ctime_of(read, inode)                                                                      \
	({                                                                                         \
		struct inode___timespec *older_ = (void *)(inode);                                 \
		__u64 time_;                                                                       \
		if (bpf_core_field_exists((inode)->i_ctime_sec))                                   \
			time_ = nanoseconds(read(inode, i_ctime_sec),                              \
					    read(inode, i_ctime_nsec) & ~I_CTIME_QUERIED);         \
		else if (bpf_core_field_exists(older_->__i_ctime))                                 \
			time_ = nanoseconds(read(older_, __i_ctime.tv_sec),                        \
					    read(older_, __i_ctime.tv_nsec));                      \
		else                                                                               \
			time_ = nanoseconds(read(older_, i_ctime.tv_sec),                          \
					    read(older_, i_ctime.tv_nsec));                        \
		time_;                                                                             \
	})

#define mtime_of(read, inode)                                                                      \
	({                                                                                         \
		struct inode___timespec *older_ = (void *)(inode);                                 \
		__u64 time_;                                                                       \
		if (bpf_core_field_exists((inode)->i_mtime_sec))                                   \
			time_ = nanoseconds(read(inode, i_mtime_sec), read(inode, i_mtime_nsec));  \
		else if (bpf_core_field_exists(older_->__i_mtime))                                 \
			time_ = nanoseconds(read(older_, __i_mtime.tv_sec),                        \
					    read(older_, __i_mtime.tv_nsec));                      \
		else                                                                               \
			time_ = nanoseconds(read(older_, i_mtime.tv_sec),                          \
					    read(older_, i_mtime.tv_nsec));                        \
		time_;                                                                             \
	})

/*
 * overlayfs keeps the dentry in its upper layer, if there is one, right behind the inode that it
 * embeds (struct ovl_inode, 4.13 and later). The type is its module's own, and modules need not
 * have BTF, so the size of struct inode leads there. What is found must look like the same kind of
 * file, else we say nothing.
 */
static __always_inline bool is_upper_layer(struct inode *inode)
{
#ifdef YAGURA_LOCKED
	return false; /* no typed pointer leads there */
#else
	struct dentry *upper = NULL;
	struct inode *real;

	if (inode->i_sb->s_magic != OVERLAYFS_SUPER_MAGIC)
		return false;
	if (bpf_probe_read_kernel(&upper, sizeof(upper),
				  (void *)inode + bpf_core_type_size(struct inode)) ||
	    !upper)
		return false;
	real = BPF_CORE_READ(upper, d_inode);
	return real && ((BPF_CORE_READ(real, i_mode) ^ inode->i_mode) & S_IFMT) == 0;
#endif
}

static __always_inline void inode_fill(struct event_exec *event, struct inode *inode)
{
	event->inode = inode->i_ino;
	event->device = inode->i_sb->s_dev;
	event->file_bytes = inode->i_size;
	event->mode = inode->i_mode;
	event->nlink = inode->i_nlink;
	event->ctime_ns = ctime_of(typed_read, inode);
	event->mtime_ns = mtime_of(typed_read, inode);
	if (event->nlink == 0)
		event->flags |= EXEC_DELETED;
	if (is_upper_layer(inode))
		event->flags |= EXEC_UPPER_LAYER;
}

/* Sticky or not: whoever owns a file there may still put another one in its place. */
static __always_inline bool is_in_writable_directory(struct dentry *dentry)
{
	struct dentry *directory = dentry->d_parent;

	return directory != dentry && directory->d_inode->i_mode & S_IWOTH;
}

/* memfd_create(2) makes a file in no tree and puts this before its name; a file in a directory may
 * be called so too. The path has just been written, as the first of the scratch bytes. */
static __always_inline bool is_memfd(struct exec_scratch *scratch, struct dentry *dentry)
{
	const char prefix[] = "memfd:";
	__u32 i;

	if (dentry != dentry->d_parent)
		return false;
	for (i = 0; i < sizeof(prefix) - 1; i++)
		if (scratch->bytes[i] != prefix[i])
			return false;
	return true;
}

static __always_inline void executable_fill(struct exec_scratch *scratch, struct event_exec *event,
					    struct file *file)
{
	enum path_status status = PATH_UNREADABLE;

	if (file) {
		inode_fill(event, file->f_inode);
		status = path_append(scratch, &file->f_path, &event->path_bytes);
		if (event->nlink == 0 && event->path_bytes > 0 &&
		    is_memfd(scratch, file->f_path.dentry))
			event->flags |= EXEC_MEMFD;
		if (is_in_writable_directory(file->f_path.dentry))
			event->flags |= EXEC_WRITABLE_DIRECTORY;
	}
	if (status == PATH_CUT) {
		event->flags |= EXEC_PATH_TRUNCATED;
		counter_add(COUNTER_PATH_TRUNCATED);
	} else if (status == PATH_UNREADABLE) {
		event->flags |= EXEC_PATH_UNREADABLE;
		counter_add(COUNTER_PATH_UNREADABLE);
	}
}

#endif

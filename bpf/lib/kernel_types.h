/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel fields we read, by hand, and nothing else: what the sensor looks at in the kernel can
 * be read here on two screens. A generated vmlinux.h has 130,000 lines and differs per builder.
 * Offsets are relocated at load time (CO-RE); the order and neighbours of the fields mean nothing.
 * Here processes and files; sockets and packets are in socket_types.h.
 */
#ifndef YAGURA_LIB_KERNEL_TYPES_H
#define YAGURA_LIB_KERNEL_TYPES_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */
#define PFA_NO_NEW_PRIVS 0 /* a bit of task_struct.atomic_flags */
#define PIDTYPE_SID 3 /* include/linux/pid_types.h, the same since 4.19 */
#define SIGNAL_GROUP_EXIT 0x00000004 /* include/linux/sched/signal.h */
#define SIGNAL_UNKILLABLE 0x00000040 /* likewise: the first process of a pid namespace */
#define S_IFMT 00170000
#define S_IFREG 0100000
#define S_IWOTH 00002
#define FMODE_EXEC 0x20 /* in f_flags: opened to be executed, include/linux/fs.h */
#define OVERLAYFS_SUPER_MAGIC 0x794c7630 /* include/uapi/linux/magic.h */
#define I_CTIME_QUERIED 0x80000000u /* 6.13 keeps it in i_ctime_nsec, include/linux/fs.h */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* --- users and rights --- */

typedef struct {
	__u32 val;
} kuid_t;

typedef struct {
	__u32 val;
} kgid_t;

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	__s64 counter;
} atomic64_t;

/* Was __u32 cap[2] before 6.3: low half first, so these 64 bits either way. */
typedef struct {
	__u64 val;
} kernel_cap_t;

struct ns_common {
	unsigned int inum;
};

struct user_namespace {
	int level; /* 0: the initial one */
	struct ns_common ns;
};

struct cred {
	kuid_t uid;
	kgid_t gid;
	kuid_t suid;
	kuid_t euid;
	kgid_t egid;
	kuid_t fsuid;
	kernel_cap_t cap_permitted;
	kernel_cap_t cap_effective;
	kernel_cap_t cap_ambient;
	struct user_namespace *user_ns;
};

/* --- files --- */

struct super_block {
	__u32 s_dev;
	unsigned long s_magic;
	struct user_namespace *s_user_ns; /* of who mounted it */
};

struct inode {
	unsigned short i_mode;
	struct super_block *i_sb;
	unsigned long i_ino;
	unsigned int i_nlink;
	long long i_size;
	__s64 i_mtime_sec; /* these four since 6.11 */
	__s64 i_ctime_sec;
	__u32 i_mtime_nsec;
	__u32 i_ctime_nsec;
};

struct timespec64 {
	__s64 tv_sec;
	long tv_nsec;
};

/* Its times on older kernels. */
struct inode___timespec {
	struct timespec64 i_mtime; /* to 6.6 */
	struct timespec64 i_ctime; /* to 6.5 */
	struct timespec64 __i_mtime; /* 6.7 to 6.10 */
	struct timespec64 __i_ctime; /* 6.6 to 6.10 */
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

/* What a task has to do before it goes back to user space, newest first. */
struct callback_head {
	struct callback_head *next;
};

struct file {
	unsigned int f_flags;
	struct path f_path;
	struct inode *f_inode;
	struct callback_head f_task_work; /* since 6.7; of one that was let go of */
};

/* Where that is on older kernels. */
struct file___rcu {
	struct callback_head f_rcuhead; /* 6.0 to 6.6 */
	struct callback_head f_u; /* before, a union */
};

struct fs_struct {
	struct path root;
	struct path pwd;
};

struct linux_binprm {
	unsigned int secureexec : 1;
	const char *filename; /* what execve() was given */
	const char *interp; /* what was executed: another string when a script named it */
	struct file *file; /* the executable, or the interpreter of a script */
};

/* --- namespaces --- */

struct cgroup_namespace {
	struct ns_common ns;
};

struct ipc_namespace {
	struct ns_common ns;
};

struct mnt_namespace {
	struct ns_common ns;
};

struct net {
	struct ns_common ns;
};

struct pid_namespace {
	struct ns_common ns;
	struct task_struct *child_reaper; /* its init */
};

struct uts_namespace {
	struct ns_common ns;
};

struct nsproxy {
	struct uts_namespace *uts_ns;
	struct ipc_namespace *ipc_ns;
	struct mnt_namespace *mnt_ns;
	struct net *net_ns;
	struct cgroup_namespace *cgroup_ns;
	struct pid_namespace *pid_ns_for_children;
};

/* A number of a process in one namespace. */
struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level; /* of the innermost namespace */
	struct upid numbers[]; /* 0: the initial namespace */
};

/* --- control groups --- */

struct kernfs_node {
	struct kernfs_node *parent;
	const char *name;
	__u64 id;
};

struct kernfs_node___rcu {
	struct kernfs_node *__parent; /* since 6.15 */
};

struct cgroup_root {
	int hierarchy_id; /* 0: the unified one, which is there first */
};

struct cgroup;

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
};

struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
	struct cgroup_root *root;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

/* --- processes --- */

struct mm_struct {
	unsigned long arg_start;
	unsigned long arg_end;
	unsigned long env_start;
	unsigned long env_end;
	struct file *exe_file;
};

struct tty_driver {
	int major;
	int minor_start;
};

struct tty_struct {
	struct tty_driver *driver;
	int index;
};

struct signal_struct {
	atomic_t live;
	int nr_threads;
	int group_exit_code;
	unsigned int flags;
	struct pid *pids[PIDTYPE_SID + 1];
	struct tty_struct *tty;
};

struct task_struct {
	unsigned int flags;
	unsigned long atomic_flags;
	int exit_code;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	__u64 start_boottime;
	__u32 self_exec_id; /* u64 since 5.7; CO-RE reads the low half, which is what we keep */
	const struct cred *real_cred;
	const struct cred *cred;
	struct mm_struct *mm;
	struct fs_struct *fs;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct css_set *cgroups;
	struct callback_head *task_works;
	kuid_t loginuid; /* these two only with CONFIG_AUDIT */
	unsigned int sessionid;
	char comm[16];
};

struct bpf_iter__task {
	struct task_struct *task;
};

struct bpf_iter__task_file {
	struct task_struct *task;
	struct file *file;
};

#pragma clang attribute pop

#endif

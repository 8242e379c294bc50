/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Noting down what was executed, for those who open it: see abi/executed.h. */
#ifndef YAGURA_LIB_EXECUTED_BPF_H
#define YAGURA_LIB_EXECUTED_BPF_H

#include "executable.bpf.h"
#include "executed.h"
#include "scratch.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EXECUTED_FILES_MAX);
	__type(key, struct executed_file);
	__type(value, struct executed_latest);
} executed_files __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EXECUTED_SCRIPTS_MAX);
	__type(key, struct process_key);
	__type(value, struct executed_script);
} executed_scripts __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EXECUTED_DIGESTS_MAX);
	__type(key, struct executed_content);
	__type(value, struct executed_digest);
} executed_digests __weak SEC(".maps");

/* Before the event is out: who reads it may ask at once. In place where it is there already: that
 * costs a fifth. */
static __always_inline void executed_note(const struct executed_file *file,
					  const struct executed_latest *now)
{
	struct executed_latest *latest = bpf_map_lookup_elem(&executed_files, file);

	if (latest)
		*latest = *now;
	else
		bpf_map_update_elem(&executed_files, file, now, BPF_ANY);
}

static __always_inline void executed_file_add(struct file *opened, __u64 time_ns)
{
	struct executed_latest now = { .time_ns = time_ns };
	struct executed_file file = { 0 };
	struct inode *inode;

	if (!opened)
		return;
	inode = opened->f_inode;
	file.inode = inode->i_ino;
	file.device = inode->i_sb->s_dev;
	now.ctime_ns = ctime_of(typed_read, inode);
	now.magic = (__u32)inode->i_sb->s_magic;
	now.user_ns_level = (__u32)inode->i_sb->s_user_ns->level;
	executed_note(&file, &now);
}

/* --- scripts --- */

#ifdef YAGURA_LOCKED
static __always_inline void executed_script_add(struct exec_scratch *scratch,
						const struct event_exec *event,
						struct task_struct *task)
{
	/* No typed pointer leads there. */
}
#else

/* More files than are closed by an execve() as a rule; beyond, the script is not known. */
#define WORKS_MAX 256

static __always_inline __u32 work_offset(void)
{
	struct file *file = NULL;
	struct file___rcu *older = NULL;

	if (bpf_core_field_exists(file->f_task_work))
		return bpf_core_field_offset(file->f_task_work);
	if (bpf_core_field_exists(older->f_rcuhead))
		return bpf_core_field_offset(older->f_rcuhead);
	return bpf_core_field_offset(older->f_u);
}

/* Whether what is taken for a file is one that execve() has opened: other work has no such flag,
 * inode and directory entry that agree where those of a file are. */
static __always_inline bool is_executed(struct file *file)
{
	struct inode *inode;

	if (!(BPF_CORE_READ(file, f_flags) & FMODE_EXEC))
		return false;
	inode = BPF_CORE_READ(file, f_inode);
	return inode && BPF_CORE_READ(file, f_path.dentry, d_inode) == inode &&
	       (BPF_CORE_READ(inode, i_mode) & S_IFMT) == S_IFREG;
}

/*
 * By now the kernel has let go of the script (exec_binprm(), fs/exec.c; bprm->file is the
 * interpreter). But the last hold on a file is given up only on the way back to user space: until
 * then it stands among the task's work (fput(), fs/file_table.c), which was empty when the execve()
 * began. Of those opened to be executed the oldest is what execve() was given: scripts that are
 * interpreters, and the dynamic linker, come later. A function of numbers, verified once.
 */
__weak __noinline int executed_script_find(__u64 work)
{
	struct exec_scratch *scratch = scratch_of_cpu();
	__u64 found = 0;
	int i;

	if (!scratch)
		return 0;
	for (i = 0; i < WORKS_MAX && work; i++) {
		if (is_executed((void *)(work - work_offset())))
			found = work - work_offset();
		work = (__u64)BPF_CORE_READ((struct callback_head *)work, next);
	}
	scratch->script_file = work ? 0 : found;
	return 0;
}

static __always_inline void executed_script_add(struct exec_scratch *scratch,
						const struct event_exec *event,
						struct task_struct *task)
{
	struct executed_script *script = &scratch->script;
	struct process_key key = event->process;
	struct executed_file file = { 0 };
	struct executed_latest now = { .time_ns = scratch->due.time_ns };
	struct file *opened;
	struct inode *inode;

	executed_script_find((__u64)BPF_CORE_READ(task, task_works)); /* a number to the verifier */
	opened = (void *)scratch->script_file;
	inode = BPF_CORE_READ(opened, f_inode);
	if (!opened || !inode)
		return;
	file.inode = script->inode = BPF_CORE_READ(inode, i_ino);
	file.device = script->device = BPF_CORE_READ(inode, i_sb, s_dev);
	script->bytes = BPF_CORE_READ(inode, i_size);
	now.ctime_ns = script->ctime_ns = ctime_of(BPF_CORE_READ, inode);
	script->mtime_ns = mtime_of(BPF_CORE_READ, inode);
	now.magic = (__u32)BPF_CORE_READ(inode, i_sb, s_magic);
	now.user_ns_level = (__u32)BPF_CORE_READ(inode, i_sb, s_user_ns, level);
	executed_note(&file, &now);
	bpf_map_update_elem(&executed_scripts, &key, script, BPF_ANY);
}
#endif

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Noting down what was executed, for those who open it: see abi/executed.h. */
#ifndef YAGURA_LIB_EXECUTED_BPF_H
#define YAGURA_LIB_EXECUTED_BPF_H

#include "executed.h"
#include "scratch.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EXECUTED_FILES_MAX);
	__type(key, struct executed_file);
	__type(value, __u32);
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
	__type(key, struct executed_file);
	__type(value, struct executed_digest);
} executed_digests __weak SEC(".maps");

/* Before the event is out: who reads it may ask at once. */
static __always_inline void executed_file_add(const struct event_exec *event, struct file *opened)
{
	struct executed_file file = {
		.inode = event->inode,
		.ctime_ns = event->ctime_ns,
		.device = event->device,
	};
	__u32 magic;

	if (!opened || bpf_map_lookup_elem(&executed_files, &file))
		return;
	magic = (__u32)opened->f_inode->i_sb->s_magic;
	bpf_map_update_elem(&executed_files, &file, &magic, BPF_ANY);
}

static __always_inline void executed_script_add(struct exec_scratch *scratch,
						const struct event_exec *event,
						struct fs_struct *fs, const char *name)
{
	struct executed_script *script = &scratch->script;
	struct process_key key = event->process;
	struct inode *directory = fs ? fs->pwd.dentry->d_inode : NULL;
	long size = kernel_string(script->name, sizeof(script->name), name);

	script->time_ns = scratch->due.time_ns;
	script->cwd_inode = directory ? directory->i_ino : 0;
	script->cwd_device = directory ? directory->i_sb->s_dev : 0;
	script->name_bytes = size > 1 && size < EXECUTED_NAME_BYTES_MAX ? (__u32)size - 1 : 0;
	bpf_map_update_elem(&executed_scripts, &key, script, BPF_ANY);
}

#endif

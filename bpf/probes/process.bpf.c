// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Processes: fork, exec, exit, and those that ran before us. Core tier: BTF tracepoints, one
 * iterator. */
#include "admit.bpf.h"
#include "ancestors.bpf.h"
#include "cgroup.bpf.h"
#include "environment.bpf.h"
#include "executable.bpf.h"
#include "executed.bpf.h"
#include "task.bpf.h"
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline void directory_fill(struct exec_scratch *scratch, struct event_exec *event,
					   struct fs_struct *fs)
{
	enum path_status status = PATH_UNREADABLE;

	if (fs)
		status = path_append(scratch, &fs->pwd, &event->cwd_bytes);
	if (status == PATH_CUT)
		event->flags |= EXEC_CWD_TRUNCATED;
	else if (status == PATH_UNREADABLE)
		event->flags |= EXEC_CWD_UNREADABLE;
}

/* The name execve() was given, where another program runs in its stead: a script's interpreter, or
 * the interpreter's own. */
static __always_inline void script_fill(struct exec_scratch *scratch, struct event_exec *event,
					struct linux_binprm *bprm, struct task_struct *task)
{
	const char *name = bprm->filename;
	__u32 at = *(volatile __u32 *)&scratch->used;
	long size;

	if (bprm->interp == name || at > 2 * EVENT_PATH_BYTES_MAX)
		return;
	size = kernel_string(scratch->bytes + at, EVENT_SCRIPT_BYTES_MAX, name);
	if (size <= 1)
		return;
	if (size >= KERNEL_STRING_BYTES) /* the longest path that fits is a byte shorter */
		event->flags |= EXEC_SCRIPT_TRUNCATED;
	event->script_bytes = (__u32)size - 1; /* without its NUL */
	scratch->used = at + event->script_bytes;
	executed_script_add(scratch, event, task);
}

/* argv as it lies in the memory of the running task: the kernel's own copy, made a moment ago. */
static __always_inline void args_fill(struct exec_scratch *scratch, struct event_exec *event,
				      struct mm_struct *mm)
{
	__u64 start = mm->arg_start;
	__u64 total = mm->arg_end - start;
	__u32 at = *(volatile __u32 *)&scratch->used;
	__u64 size = total;

	event->args_total_bytes = (__u32)total;
	if (size > probe_config.args_bytes_max) {
		size = probe_config.args_bytes_max;
		event->flags |= EXEC_ARGS_TRUNCATED;
		counter_add(COUNTER_ARGS_TRUNCATED);
	}
	if (size > EVENT_ARGS_BYTES_MAX)
		size = EVENT_ARGS_BYTES_MAX;
	if (at > EXEC_NAMES_BYTES_MAX || user_bytes(scratch->bytes + at, size, (void *)start)) {
		event->flags |= EXEC_ARGS_UNREADABLE;
		counter_add(COUNTER_ARGS_UNREADABLE);
		return;
	}
	event->args_bytes = (__u32)size;
	scratch->used = at + (__u32)size;
}

/* Who runs what, where: all but what only the moment of an execve() shows. */
static __always_inline void process_fill(struct exec_scratch *scratch, struct event_exec *event,
					 struct task_struct *task)
{
	__builtin_memset(event, 0, sizeof(*event));
	key_fill(&event->process, task);
	key_fill(&event->parent, task->real_parent);
	event->cgroup_id = cgroup_id_of(task);
	credentials_fill(event, task);
	login_fill(event, task);
	session_fill(event, task->signal);
	namespaces_fill(&event->namespaces, task->nsproxy);
	pid_namespace_fill(event, task);
	entered_fill(event, task);
	if (is_namespace_init(task))
		event->flags |= EXEC_NAMESPACE_INIT;
	__builtin_memcpy(event->comm, task->comm, sizeof(event->comm));
	executable_fill(scratch, event, task->mm->exe_file);
	directory_fill(scratch, event, task->fs);
}

static __always_inline void record_end(struct exec_scratch *scratch, enum event_kind kind,
				       struct task_struct *task)
{
	struct event_exec *event = (void *)scratch->event;
	__u32 size;

	ancestors_fill(scratch, event, task);
	size = *(volatile __u32 *)&scratch->used;

	if (size <= EXEC_BYTES_MAX)
		record_output(scratch, &event->header, kind, sizeof(*event) + size);
	scratch_release(scratch);
}

#ifndef YAGURA_LOCKED /* these two read nothing that lockdown refuses */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(yagura_fork, struct task_struct *parent, struct task_struct *child)
{
	struct event_fork *event;
	struct process_key key;

	if (child->pid != child->tgid || child->flags & PF_KTHREAD) /* a thread, or the kernel's */
		return 0;
	key_fill(&key, child);
	if (!fork_is_told(child, &key))
		return 0;
	event = event_reserve(&ring_valuable, EVENT_FORK, struct event_fork);
	if (!event)
		return 0;
	event->process = key;
	key_fill(&event->parent, parent);
	event->flags = is_namespace_init(child) ? FORK_NAMESPACE_INIT : 0;
	event->reserved = 0;
	event_submit(&ring_valuable, event);
	return 0;
}

/*
 * The last thread ends the process. Threads that end at the same instant may all find none alive
 * any more (the count goes down before the tracepoint), so the first of several notes the process
 * down, and one that finds itself alone, as the others have been released, looks whether it was
 * told already.
 */
static __always_inline bool is_last_thread(struct signal_struct *signal, struct process_key *key)
{
	__u8 told = 1;

	if (signal->live.counter != 0)
		return false;
	if (signal->nr_threads <= 1)
		return !bpf_map_lookup_elem(&exits_told, key);
	return bpf_map_update_elem(&exits_told, key, &told, BPF_NOEXIST) == 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(yagura_exit, struct task_struct *task)
{
	struct signal_struct *signal = task->signal;
	struct process_key key;
	struct event_exit *event;
	enum event_kind kind;

	key_fill(&key, task);
	if (task->flags & PF_KTHREAD || !is_last_thread(signal, &key))
		return 0;
	kind = exit_kind(task, &key);
	if (kind == EVENT_KIND_NONE)
		return 0;
	event = event_reserve(&ring_valuable, kind, struct event_exit);
	if (!event)
		return 0;
	event->process = key;
	event->status = signal->flags & SIGNAL_GROUP_EXIT ? signal->group_exit_code
							  : task->group_leader->exit_code;
	event->uid = task->real_cred->uid.val;
	__builtin_memcpy(event->comm, task->comm, sizeof(event->comm));
	event_submit(&ring_valuable, event);
	return 0;
}
#endif

/* By now the caller is the leader, whichever thread it was: old_pid tells. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(yagura_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	bool is_privileged = BPF_CORE_READ_BITFIELD(bprm, secureexec);
	struct exec_scratch *scratch;
	struct event_exec *event;
	struct process_key key;

	key_fill(&key, task);
	if (!exec_is_told(task, &key, is_privileged)) {
		executed_file_add(task->mm->exe_file, bpf_ktime_get_boot_ns());
		return 0;
	}
	scratch = record_begin(EVENT_EXEC);
	if (!scratch)
		return 0;
	event = (void *)scratch->event;
	process_fill(scratch, event, task);
	if (old_pid != task->pid)
		event->flags |= EXEC_FROM_THREAD;
	if (is_privileged)
		event->flags |= EXEC_PRIVILEGED;
	executed_file_add(task->mm->exe_file, scratch->due.time_ns);
	script_fill(scratch, event, bprm, task);
	args_fill(scratch, event, task->mm);
	environment_fill(scratch, event, task->mm);
	record_end(scratch, EVENT_EXEC, task);
	return 0;
}

/* Each group that holds a process has one whose parent is in another. */
static __always_inline void snapshot_cgroup(struct task_struct *task)
{
	struct task_struct *parent = task->real_parent;
	struct cgroup *cgroup = task->cgroups->dfl_cgrp;

	if (parent->pid == 0 || parent->cgroups->dfl_cgrp != cgroup)
		emit_cgroup(cgroup);
}

SEC("iter/task")
int yagura_snapshot(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct exec_scratch *scratch;
	struct event_exec *event;
	struct process_key key;

	if (!task || task->pid != task->tgid)
		return 0;
	snapshot_cgroup(task);
	if (!task->mm) /* a kernel thread, or ended and not waited for */
		return 0;
	key_fill(&key, task);
	process_listed(&key);
	scratch = record_begin(EVENT_SNAPSHOT);
	if (!scratch)
		return 0;
	event = (void *)scratch->event;
	process_fill(scratch, event, task);
	/* Another task's memory. */
	event->flags |= EXEC_ARGS_UNREADABLE | EXEC_ENVIRONMENT_UNKNOWN;
	record_end(scratch, EVENT_SNAPSHOT, task);
	return 0;
}

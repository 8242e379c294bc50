// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Processes: fork, exec, exit, and those that ran before us. Core tier: BTF tracepoints, one
 * iterator. */
#include "admit.bpf.h"
#include "task.bpf.h"
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline struct exec_scratch *scratch_claim(void)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct exec_scratch *scratch = bpf_map_lookup_elem(&exec_scratch, &cpu);

	if (!scratch || __sync_lock_test_and_set(&scratch->claimed, 1))
		return NULL;
	return scratch;
}

static __always_inline void scratch_release(struct exec_scratch *scratch)
{
	__sync_lock_test_and_set(&scratch->claimed, 0);
}

static __always_inline void credentials_fill(struct event_exec *event, struct task_struct *task)
{
	const struct cred *cred = task->real_cred;

	event->uid = cred->uid.val;
	event->gid = cred->gid.val;
	event->euid = cred->euid.val;
	event->egid = cred->egid.val;
	event->cgroup_id = task->cgroups->dfl_cgrp->kn->id;
}

static __always_inline __u32 executable_fill(struct exec_scratch *scratch, struct event_exec *event,
					     struct mm_struct *mm)
{
	struct file *file = BPF_CORE_READ(mm, exe_file);
	__u32 size = 0;

	if (!file) {
		event->flags |= EXEC_PATH_UNREADABLE;
	} else {
		if (BPF_CORE_READ(file, f_path.dentry, d_inode, i_nlink) == 0)
			event->flags |= EXEC_DELETED;
		size = path_fill(scratch, &file->f_path, &event->flags);
	}
	if (event->flags & EXEC_PATH_TRUNCATED)
		counter_add(COUNTER_PATH_TRUNCATED);
	if (event->flags & EXEC_PATH_UNREADABLE)
		counter_add(COUNTER_PATH_UNREADABLE);
	return size;
}

/* argv as it lies in the memory of the running task: the kernel's own copy, made a moment ago. */
static __always_inline __u32 args_fill(__u8 *to, struct event_exec *event, struct mm_struct *mm)
{
	__u64 start = BPF_CORE_READ(mm, arg_start);
	__u64 total = BPF_CORE_READ(mm, arg_end) - start;
	__u64 size = total;

	event->args_total_bytes = (__u32)total;
	if (size > probe_config.args_bytes_max) {
		size = probe_config.args_bytes_max;
		event->flags |= EXEC_ARGS_TRUNCATED;
		counter_add(COUNTER_ARGS_TRUNCATED);
	}
	if (size > EVENT_ARGS_BYTES_MAX)
		size = EVENT_ARGS_BYTES_MAX;
	if (bpf_probe_read_user(to, size, (void *)start)) {
		event->flags |= EXEC_ARGS_UNREADABLE;
		counter_add(COUNTER_ARGS_UNREADABLE);
		return 0;
	}
	return (__u32)size;
}

/* Fills the fixed part and the path; args follow for EVENT_EXEC only. */
static __always_inline void emit_process(struct task_struct *task, enum event_kind kind)
{
	struct mm_struct *mm = task->mm;
	struct event_header header;
	struct exec_scratch *scratch;
	struct event_exec *event;
	__u32 path_bytes, size;

	if (!mm) /* a kernel thread */
		return;
	header = event_due(kind);
	scratch = scratch_claim();
	if (!scratch) {
		count_lost(kind);
		return;
	}
	event = (struct event_exec *)scratch->event;
	__builtin_memset(event, 0, sizeof(*event));
	key_fill(&event->process, task);
	key_fill(&event->parent, task->real_parent);
	credentials_fill(event, task);
	BPF_CORE_READ_STR_INTO(&event->comm, task, comm);
	path_bytes = executable_fill(scratch, event, mm);
	if (path_bytes > EVENT_PATH_BYTES_MAX) /* never: for the verifier */
		path_bytes = EVENT_PATH_BYTES_MAX;
	event->path_bytes = path_bytes;
	if (kind == EVENT_EXEC)
		event->args_bytes = args_fill(scratch->bytes + path_bytes, event, mm);
	else
		event->flags |= EXEC_ARGS_UNREADABLE;
	size = path_bytes + event->args_bytes;
	if (size <= EXEC_BYTES_MAX) {
		size += sizeof(*event);
		header.size_bytes = size;
		event->header = header;
		if (bpf_ringbuf_output(&ring_valuable, event, size,
				       wakeup_flags(&ring_valuable, size)))
			count_lost(kind);
	}
	scratch_release(scratch);
}

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
	event_submit(&ring_valuable, event);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(yagura_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct process_key key;

	key_fill(&key, task);
	if (exec_is_told(task, &key, BPF_CORE_READ_BITFIELD(bprm, secureexec)))
		emit_process(task, EVENT_EXEC);
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
	BPF_CORE_READ_STR_INTO(&event->comm, task, comm);
	event_submit(&ring_valuable, event);
	return 0;
}

SEC("iter/task")
int yagura_snapshot(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	struct process_key key;

	if (!task || task->pid != task->tgid)
		return 0;
	key_fill(&key, task);
	process_listed(&key);
	emit_process(task, EVENT_SNAPSHOT);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whose descendant a process is at this moment. */
#ifndef YAGURA_LIB_ANCESTORS_BPF_H
#define YAGURA_LIB_ANCESTORS_BPF_H

#include "maps.bpf.h"

/* Appends the parent's parent and so on. real_parent is whoever waits for a process now, after any
 * re-parenting; it may be any thread of the parent, hence its leader. Above pid 1 and kthreadd
 * there is only the idle task, which is no process. */
static __always_inline void ancestors_fill(struct exec_scratch *scratch, struct event_exec *event,
					   struct task_struct *task)
{
	struct task_struct *ancestor = task->real_parent;
	__u32 at = *(volatile __u32 *)&scratch->used;
	__u32 i;

	if (at > EXEC_TEXTS_BYTES_MAX)
		return;
	for (i = 0; i < EVENT_ANCESTORS_MAX; i++) {
		struct process_key *key = (void *)(scratch->bytes + at + i * sizeof(*key));
		struct task_struct *leader;

		if (ancestor->flags & PF_KTHREAD) {
			event->flags |= EXEC_KERNEL_ANCESTOR;
			break;
		}
		ancestor = ancestor->real_parent;
		if (ancestor->pid == 0)
			break;
		leader = ancestor->group_leader;
		key->start_ns = leader->start_boottime;
		key->pid = (__u32)leader->tgid;
		key->exec_count = leader->self_exec_id;
	}
	if (i == EVENT_ANCESTORS_MAX)
		event->flags |= EXEC_ANCESTORS_CUT;
	event->ancestor_count = i;
	scratch->used = at + i * sizeof(struct process_key);
}

#endif

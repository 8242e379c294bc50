/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who a task is: identity, credentials, login, session, namespaces. */
#ifndef YAGURA_LIB_TASK_BPF_H
#define YAGURA_LIB_TASK_BPF_H

#include "compat.bpf.h"
#include "maps.bpf.h"

#define NOBODY_LOGGED_IN 4294967295u

static __always_inline void key_fill(struct process_key *key, struct task_struct *task)
{
	struct task_struct *leader = task_read(task, group_leader);

	key->start_ns = task_read(leader, start_boottime);
	key->pid = (__u32)task_read(task, tgid);
	key->exec_count = task_read(leader, self_exec_id);
}

/* Another execve in the same process is no other process. */
static __always_inline bool same_process(const struct process_key *a, const struct process_key *b)
{
	return a->start_ns == b->start_ns && a->pid == b->pid;
}

/* Eight bytes wherever the field lies: its type has changed, its bits have not. */
#define capabilities_of(cred, field) (*(const __u64 *)&(cred)->field)

static __always_inline void credentials_fill(struct event_exec *event, struct task_struct *task)
{
	const struct cred *cred = task->real_cred;

	event->uid = cred->uid.val;
	event->gid = cred->gid.val;
	event->euid = cred->euid.val;
	event->egid = cred->egid.val;
	event->suid = cred->suid.val;
	event->cap_effective = capabilities_of(cred, cap_effective);
	event->cap_permitted = capabilities_of(cred, cap_permitted);
	event->cap_ambient = capabilities_of(cred, cap_ambient);
	event->namespaces.user = cred->user_ns->ns.inum;
	if (task->atomic_flags & (1ul << PFA_NO_NEW_PRIVS))
		event->flags |= EXEC_NO_NEW_PRIVS;
}

static __always_inline void login_fill(struct event_exec *event, struct task_struct *task)
{
	event->loginuid = NOBODY_LOGGED_IN;
	event->audit_session = NOBODY_LOGGED_IN;
	if (bpf_core_field_exists(task->loginuid))
		event->loginuid = task->loginuid.val;
	if (bpf_core_field_exists(task->sessionid))
		event->audit_session = task->sessionid;
}

static __always_inline void session_fill(struct event_exec *event, struct signal_struct *signal)
{
	struct pid *leader = signal->pids[PIDTYPE_SID];
	struct tty_struct *tty = signal->tty;

	if (leader)
		event->session_pid = (__u32)leader->numbers[0].nr;
	if (tty) {
		struct tty_driver *driver = tty->driver;

		event->tty = ((__u32)driver->major << 20 | (__u32)driver->minor_start) + tty->index;
	}
}

/* In a namespace below the initial one. The entries' number varies, so they are read by address:
 * before 6.6 the array is declared with one entry, and the verifier takes no direct read
 * beyond; 5.10 lets no variable be added to a pointer whose type it knows. */
static __always_inline void nested_pid_fill(struct event_exec *event, struct task_struct *task)
{
#ifndef YAGURA_LOCKED
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	__u32 level = BPF_CORE_READ(pid, level);
	struct upid *innermost = (void *)pid + bpf_core_field_offset(pid->numbers) +
				 (__u64)level * bpf_core_type_size(struct upid);

	event->namespace_pid = (__u32)BPF_CORE_READ(innermost, nr);
	event->namespaces.pid = BPF_CORE_READ(innermost, ns, ns.inum);
#endif
}

static __always_inline void pid_namespace_fill(struct event_exec *event, struct task_struct *task)
{
	struct pid *pid = task->thread_pid;

	if (!pid)
		return;
	if (pid->level > 0) {
		nested_pid_fill(event, task);
		return;
	}
	event->namespace_pid = (__u32)pid->numbers[0].nr;
	event->namespaces.pid = pid->numbers[0].ns->ns.inum;
}

/* Those of an exiting task have gone. */
static __always_inline void namespaces_fill(struct process_namespaces *namespaces,
					    struct nsproxy *all)
{
	if (!all)
		return;
	namespaces->cgroup = all->cgroup_ns->ns.inum;
	namespaces->ipc = all->ipc_ns->ns.inum;
	namespaces->mnt = all->mnt_ns->ns.inum;
	namespaces->net = all->net_ns->ns.inum;
	namespaces->uts = all->uts_ns->ns.inum;
}

/* Where it is and its parent is not. A process may leave its pid namespace only downwards, and
 * nobody above it takes it over while somebody in its own can: so a deeper level tells. */
static __always_inline void entered_fill(struct event_exec *event, struct task_struct *task)
{
	struct task_struct *parent = task->real_parent;
	struct nsproxy *own = task->nsproxy, *its = parent->nsproxy;

	if (task->real_cred->user_ns != parent->real_cred->user_ns)
		event->flags |= EXEC_ENTERED_USERNS;
	if (task->thread_pid->level > parent->thread_pid->level)
		event->flags |= EXEC_ENTERED_PIDNS;
	if (!own || !its || own == its)
		return;
	if (own->cgroup_ns != its->cgroup_ns)
		event->flags |= EXEC_ENTERED_CGROUPNS;
	if (own->ipc_ns != its->ipc_ns)
		event->flags |= EXEC_ENTERED_IPCNS;
	if (own->mnt_ns != its->mnt_ns)
		event->flags |= EXEC_ENTERED_MNTNS;
	if (own->net_ns != its->net_ns)
		event->flags |= EXEC_ENTERED_NETNS;
	if (own->uts_ns != its->uts_ns)
		event->flags |= EXEC_ENTERED_UTSNS;
}

static __always_inline bool is_namespace_init(struct task_struct *task)
{
	return task->signal->flags & SIGNAL_UNKILLABLE;
}

static __always_inline __u64 cgroup_id_of(struct task_struct *task)
{
	return task->cgroups->dfl_cgrp->kn->id;
}

#endif

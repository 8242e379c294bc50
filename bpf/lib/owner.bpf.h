/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who a socket belongs to. A process is named only for what it was seen doing with the socket, in
 * its own context; kernel threads that work for somebody else name nobody. (io_uring's threads are
 * threads of the process that made the ring since 5.12, and are no kernel threads.)
 */
#ifndef YAGURA_LIB_OWNER_BPF_H
#define YAGURA_LIB_OWNER_BPF_H

#include "task.bpf.h"

#ifdef YAGURA_OLD
#define READS_ARE_SEEN false /* no socket storage in tracepoints */
#else
#define READS_ARE_SEEN true
#endif

/*
 * Does this program run on behalf of a user of the socket, so that `current` is that user? Whoever
 * works on a socket holds its lock. A task that does marks it as owned until it lets go; softirqs
 * and timers take the spinlock inside without marking it, and leave a socket that is owned alone
 * (net/core/sock.c, lock_sock and bh_lock_sock). So a callback that finds the lock owned was called
 * by its owner. Kernel threads that hold it (MPTCP's) work for somebody we do not know.
 */
static __always_inline bool runs_for_user(const struct tcp_sock *tcp)
{
	return ((const struct sock *)tcp)->sk_lock.owned &&
	       !(task_read(current_task(), flags) & PF_KTHREAD);
}

static __always_inline bool is_mptcp(const struct tcp_sock *tcp)
{
	return bpf_core_field_exists(tcp->is_mptcp) && tcp->is_mptcp;
}

/* Made by the kernel for its own purposes (NFS, CIFS …), whoever is at work now. The subflows of
 * MPTCP are made that way, too, but for a process. */
static __always_inline bool is_kernel_socket(const struct tcp_sock *tcp)
{
	const struct sock *sk = (const struct sock *)tcp;

	return BPF_CORE_READ_BITFIELD(sk, sk_kern_sock) && !is_mptcp(tcp);
}

static __always_inline void owner_forget(struct flow_storage *flow, enum event_owner_quality why)
{
	__builtin_memset(&flow->owner, 0, sizeof(flow->owner));
	flow->owner_quality = why;
}

/* connect() and listen(): whoever is at work here and now. */
static __always_inline void owner_set_current(struct flow_storage *flow, const struct tcp_sock *tcp)
{
	struct task_struct *task = current_task();

	if (is_kernel_socket(tcp)) {
		owner_forget(flow, OWNER_KERNEL);
	} else if (task_read(task, flags) & PF_KTHREAD) {
		owner_forget(flow, OWNER_UNKNOWN);
	} else {
		key_fill(&flow->owner, task);
		flow->owner_quality = OWNER_CALLER;
	}
}

/* Nobody was seen using this very socket. */
static __always_inline bool owner_is_open(const struct flow_storage *flow)
{
	return flow->owner_quality == OWNER_UNKNOWN || flow->owner_quality == OWNER_INHERITED;
}

/* A process was seen using the socket: its owner, unless it has one; then it is shared. */
static __always_inline void owner_seen(struct flow_storage *flow, struct task_struct *task)
{
	struct process_key key;

	key_fill(&key, task);
	if (owner_is_open(flow)) {
		flow->owner = key;
		flow->owner_quality = OWNER_CALLER;
	} else if (flow->owner_quality != OWNER_KERNEL && !same_process(&flow->owner, &key)) {
		flow->flags |= STORAGE_SHARED;
	}
}

/*
 * The last close, in the closer's context: a connection on which nobody was seen reading or sending
 * is the closer's. On any other a close is no use: who is last to let go of what several inherited
 * is chance; so it is on one older than the sensor, whose use is not seen. Kernel threads close
 * what others let go of (descriptors in flight, collected as garbage). Where reads cannot be seen,
 * the process that listens may only let go of what a child of it has read from.
 */
static __always_inline void owner_at_close(struct flow_storage *flow)
{
	struct task_struct *task = current_task();
	struct process_key key;

	if (!owner_is_open(flow) || flow->flags & STORAGE_PREEXISTING ||
	    task_read(task, flags) & PF_KTHREAD)
		return;
	key_fill(&key, task);
	if (READS_ARE_SEEN || !same_process(&flow->listener, &key))
		owner_seen(flow, task);
}

/*
 * Found holding a descriptor of the socket. Which of several holders uses it cannot be seen, so a
 * connection of several is nobody's. A listener stays the first one's: of a process and its
 * children, which inherit it, that is the one that listens.
 */
static __always_inline void owner_found(struct flow_storage *flow, struct task_struct *task)
{
	struct process_key key;

	key_fill(&key, task);
	if (flow->owner_quality == OWNER_UNKNOWN && !(flow->flags & STORAGE_SHARED)) {
		flow->owner = key;
		flow->owner_quality = OWNER_SNAPSHOT;
	} else if (flow->owner_quality == OWNER_SNAPSHOT && !same_process(&flow->owner, &key)) {
		flow->flags |= STORAGE_SHARED;
		if (flow->phase != FLOW_PHASE_LISTEN)
			owner_forget(flow, OWNER_UNKNOWN);
	}
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whose a socket of datagrams is. It starts as its creator's. connect, sendto and recvfrom with an
 * address have hooks of their own that always run in the caller's context: the first such caller is
 * the owner, a second one makes it shared.
 *
 * A packet that leaves does so in its sender's context nearly always: not when IPsec encrypts in
 * the background or a firewall's queue hands it back. So that alone names nobody new; it confirms
 * a process that is the owner already, and tells that there is more than one.
 */
#ifndef YAGURA_LIB_DATAGRAM_OWNER_BPF_H
#define YAGURA_LIB_DATAGRAM_OWNER_BPF_H

#include "admit.bpf.h"
#include "datagram_maps.bpf.h"
#include "task.bpf.h"

static __always_inline void note_executable(struct datagram_socket *socket,
					    struct task_struct *task)
{
#ifndef YAGURA_OLD /* the current task is known by its address only */
	const struct live_config *live = flows_judged();

	if (live)
		socket->executable_verdict = (__u8)executable_verdict(live, task);
#endif
}

/* cgroup/sock_create: the socket takes uid, control group and namespace of whoever makes it. */
static __always_inline void socket_created(struct datagram_socket *socket)
{
	struct task_struct *task = current_task();

	key_fill(&socket->owner, task);
	socket->owner_quality = OWNER_CREATOR;
	socket->cgroup_id = bpf_get_current_cgroup_id();
	socket->uid = task_read(task, cred, fsuid.val);
	socket->netns = task_read(task, nsproxy, net_ns, ns.inum);
	socket->labelled = 1;
	note_executable(socket, task);
}

/* What the sweep knows of a socket with many peers is a copy. */
static __noinline void socket_changed(struct datagram_socket *socket)
{
	struct datagram_many *many;
	__u64 cookie = socket->cookie;

	if (!socket->many)
		return;
	many = bpf_map_lookup_elem(&datagram_many, &cookie);
	if (!many)
		return;
	many->socket.owner = socket->owner;
	many->socket.owner_quality = socket->owner_quality;
	many->socket.shared = socket->shared;
	many->socket.closed = socket->closed;
}

/* An iterator found the socket in a process's table of files. Which of several holders uses it
 * cannot be seen: then it is nobody's until one of them is seen calling. */
static __always_inline void socket_found(struct datagram_socket *socket, struct sock *sk,
					 struct task_struct *task)
{
	struct process_key key;

	key_fill(&key, task);
	socket->preexisting = 1;
	socket->cgroup_id = sk->sk_cgrp_data.cgroup->kn->id;
	socket->uid = sk->sk_uid.val;
	socket->netns = sk->__sk_common.skc_net.net->ns.inum;
	if (socket->owner_quality == OWNER_UNKNOWN && !socket->shared) {
		socket->owner = key;
		socket->owner_quality = OWNER_SNAPSHOT;
	} else if (socket->owner_quality == OWNER_SNAPSHOT && !same_process(&socket->owner, &key)) {
		__builtin_memset(&socket->owner, 0, sizeof(socket->owner));
		socket->owner_quality = OWNER_UNKNOWN;
		socket->shared = 1;
	}
	socket->labelled = 1;
	socket_changed(socket);
}

static __always_inline void owner_becomes(struct datagram_socket *socket,
					  const struct process_key *key)
{
	socket->owner = *key;
	socket->owner_quality = OWNER_CALLER;
	note_executable(socket, current_task());
}

/* `current` surely uses the socket. */
static __always_inline void owner_called(struct datagram_socket *socket)
{
	struct task_struct *task = current_task();
	struct process_key key;

	key_fill(&key, task);
	if (socket->owner_quality == OWNER_CALLER && same_process(&socket->owner, &key) &&
	    socket->owner.exec_count == key.exec_count)
		return;
	if (task_read(task, flags) & PF_KTHREAD) {
		if (socket->owner_quality == OWNER_UNKNOWN)
			socket->owner_quality = OWNER_KERNEL;
	} else if (same_process(&socket->owner, &key)) {
		owner_becomes(socket, &key); /* perhaps another program by now */
	} else if (word_change(&socket->has_caller, 0, 1)) {
		owner_becomes(socket, &key);
	} else if (socket->owner_quality == OWNER_CALLER) {
		socket->shared = 1;
	}
	socket_changed(socket);
}

/* A packet leaves the socket, most probably sent by `current`. */
static __always_inline void owner_sent(struct datagram_socket *socket)
{
	struct task_struct *task = current_task();
	struct process_key key;

	if (task_read(task, flags) & PF_KTHREAD) {
		if (!socket->labelled && socket->owner_quality == OWNER_UNKNOWN)
			socket->owner_quality = OWNER_KERNEL;
		return;
	}
	key_fill(&key, task);
	if (same_process(&socket->owner, &key))
		owner_becomes(socket, &key);
	else if (socket->owner.pid)
		socket->shared = 1;
	socket_changed(socket);
}

/*
 * The last close. Whoever does that had it open, but may only have inherited it: no reason to
 * replace a name, nor to give one to a socket that was used before anybody looked. Kernel threads
 * close what others let go of.
 */
static __always_inline void owner_released(struct datagram_socket *socket)
{
	struct task_struct *task = current_task();
	struct process_key key;

	if (task_read(task, flags) & PF_KTHREAD)
		return;
	key_fill(&key, task);
	if (same_process(&socket->owner, &key) ||
	    (socket->owner_quality == OWNER_UNKNOWN && !socket->preexisting))
		owner_becomes(socket, &key);
}

#endif

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Enhanced tier: who receives on a UDP socket. The cgroup hooks of recvmsg run only for callers
 * that ask from whom a datagram came; here whoever took one is seen, by read, recv, recvmmsg or
 * io_uring. That is a worker that inherited its socket, and one of several holders of a socket that
 * is older than the sensor. Who finds none waiting has received nothing.
 */
#include "datagram_owner.bpf.h"
#include <bpf/bpf_tracing.h>

static __always_inline int on_read(void *ctx, struct sock *sk)
{
	struct datagram_socket *socket;
	__u64 result = 0;

	if (bpf_get_func_ret(ctx, &result) || (int)result < 0)
		return 0;
	socket = bpf_sk_storage_get(&datagram_sockets, sk, NULL, 0);
	if (socket)
		owner_called(socket);
	return 0;
}

SEC("fexit/udp_recvmsg")
int BPF_PROG(yagura_datagram_read4, struct sock *sk)
{
	return on_read(ctx, sk);
}

SEC("fexit/udpv6_recvmsg")
int BPF_PROG(yagura_datagram_read6, struct sock *sk)
{
	return on_read(ctx, sk);
}

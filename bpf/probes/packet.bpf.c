// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Every packet of every socket. The kernel keeps no counters of anything but TCP, so each packet of
 * UDP, ICMP, raw sockets and the rest is counted; TCP's leave after one look at their socket, but
 * for the first of each connection.
 *
 * Why at cgroup_skb: no other hook sees every datagram together with its socket. The tracepoints of
 * send and receive run for TCP as well, 41 ns a call, and miss splice; consume_skb has no socket
 * and no namespace; tc and netfilter programs are attached to each device and namespace and look at
 * forwarded traffic, too. An empty pair of programs here costs TCP 39 to 55 ns a packet (of 4 us
 * for a round trip of four packets on loopback). The other hooks a TCP connection meets, socket,
 * connect and release, leave at once.
 *
 * What costs here is calls (7 ns each, with the returns that mitigate speculation), clocks (30 to
 * 40), and lines of memory that are not at hand (up to 100): bytes are followed eight at a time,
 * and a socket's storage is the last thing to be looked at, not the first.
 *
 * What "received" means: it arrived at the socket, whether or not there was room in its buffer.
 * Not seen: what the kernel itself takes out of UDP before a socket does (VXLAN, WireGuard, ESP),
 * what it answers by its own control sockets (resets, ICMP), and packet sockets (AF_PACKET).
 */
#include "datagram_look.bpf.h"
#include "first_bytes.bpf.h"

static __always_inline int on_packet(struct __sk_buff *skb, bool egress)
{
	struct bpf_sock *sk = skb->sk;

	if (!sk)
		return 1;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return 1;
	if (is_tcp(sk->type, sk->protocol))
		first_bytes(skb, sk, egress);
	else
		datagram_seen(skb, sk, egress);
	return 1;
}

SEC("cgroup_skb/ingress")
int yagura_datagram_in(struct __sk_buff *skb)
{
	return on_packet(skb, false);
}

SEC("cgroup_skb/egress")
int yagura_datagram_out(struct __sk_buff *skb)
{
	return on_packet(skb, true);
}

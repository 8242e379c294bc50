/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The fields of sockets and packets that we read; as in kernel_types.h. */
#ifndef YAGURA_LIB_SOCKET_TYPES_H
#define YAGURA_LIB_SOCKET_TYPES_H

#include "kernel_types.h"

#define TCP_FLAG_RST 0x04 /* as in the header, RFC 9293 3.1 */
#define AF_INET 2
#define AF_INET6 10
#define IPPROTO_ICMP 1
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_DCCP 33
#define IPPROTO_ICMPV6 58
#define IPPROTO_SCTP 132
#define IPPROTO_UDPLITE 136
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_RAW 3
#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86DD

enum tcp_state { /* net/tcp_states.h */
		 TCP_ESTABLISHED = 1,
		 TCP_SYN_SENT = 2,
		 TCP_SYN_RECV = 3,
		 TCP_FIN_WAIT2 = 5,
		 TCP_TIME_WAIT = 6,
		 TCP_CLOSE = 7,
		 TCP_CLOSE_WAIT = 8,
		 TCP_LISTEN = 10,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct in6_addr {
	union {
		__be32 u6_addr32[4];
	} in6_u;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	possible_net_t skc_net;
	unsigned long skc_flags;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	atomic64_t skc_cookie;
};

typedef struct {
	int owned;
} socket_lock_t;

struct sock_cgroup_data {
	struct cgroup *cgroup; /* in this form since 5.15 */
};

struct sock {
	struct sock_common __sk_common;
	socket_lock_t sk_lock;
	int sk_err;
	unsigned char sk_kern_sock : 1;
	kuid_t sk_uid;
	__u16 sk_protocol;
	__u16 sk_type;
	struct sock_cgroup_data sk_cgrp_data;
};

enum sock_flags { SOCK_DEAD, SOCK_DONE };

struct socket {
	struct sock *sk;
};

struct inet_sock {
	struct sock sk;
};

struct inet_connection_sock {
	struct inet_sock icsk_inet;
};

struct minmax_sample {
	__u32 v;
};

struct minmax {
	struct minmax_sample s[3]; /* the first is the smallest; ~0: none yet */
};

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	__u64 bytes_received;
	__u64 bytes_acked;
	__u64 bytes_sent;
	__u64 bytes_retrans;
	__u32 segs_in;
	__u32 segs_out;
	__u32 data_segs_in;
	__u32 data_segs_out;
	__u32 total_retrans;
	__u32 srtt_us;
	__u32 rcv_nxt; /* next sequence number awaited, of the peer */
	__u32 snd_nxt;
	__u32 snd_una; /* oldest that the peer has not acknowledged */
	__u32 snd_wl1; /* of the peer's latest segment that acknowledged anything new */
	struct minmax rtt_min;
	__u64 tcp_mstamp; /* CLOCK_MONOTONIC us of the latest packet */
	__u8 bpf_sock_ops_cb_flags;
	bool is_mptcp;
};

struct net_device {
	possible_net_t nd_net;
};

struct sk_buff {
	struct net_device *dev;
	unsigned char *head;
	unsigned int tail; /* an offset from head, as are the next two */
	__u16 network_header;
	__u16 transport_header;
	__be16 protocol;
};

enum skb_drop_reason { SKB_DROP_REASON_NO_SOCKET = 3 }; /* relocated: it differs by kernel */

struct bpf_iter__bpf_map_elem {
	void *key;
	void *value;
};

struct bpf_iter__tcp {
	struct sock_common *sk_common;
};

struct bpf_iter__bpf_sk_storage_map {
	struct sock *sk;
	void *value;
};

#pragma clang attribute pop

#endif

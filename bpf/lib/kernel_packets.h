/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The fields of packets that we read and the numbers of their protocols; see kernel_types.h. */
#ifndef YAGURA_LIB_KERNEL_PACKETS_H
#define YAGURA_LIB_KERNEL_PACKETS_H

#include "kernel_types.h"

#define IPPROTO_ICMP 1
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

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

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

#pragma clang attribute pop

#endif

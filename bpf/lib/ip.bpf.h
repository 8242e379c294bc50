/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Addresses and headers of IPv4 and IPv6. */
#ifndef YAGURA_LIB_IP_BPF_H
#define YAGURA_LIB_IP_BPF_H

#include "socket_types.h"
#include <bpf/bpf_endian.h>
#include <linux/ip.h>

/* Extension headers looked behind; one more, and the packet's protocol is that of the next. */
#define IPV6_EXTENSIONS_MAX 6

/* RFC 8200 3 */
struct ipv6_header {
	__be32 version_class_label;
	__be16 payload_length;
	__u8 next_header;
	__u8 hop_limit;
	__u8 source[16];
	__u8 destination[16];
};

/* RFC 4291 2.5.5.2. */
static __always_inline void addr_from_ipv4(__u8 addr[16], __be32 ipv4)
{
	__u32 *word = (__u32 *)addr;

	word[0] = 0;
	word[1] = 0;
	word[2] = bpf_htonl(0xffff);
	word[3] = ipv4;
}

static __always_inline void addr_from_ipv6(__u8 addr[16], const struct in6_addr *ipv6)
{
	__u32 *word = (__u32 *)addr;

	word[0] = ipv6->in6_u.u6_addr32[0];
	word[1] = ipv6->in6_u.u6_addr32[1];
	word[2] = ipv6->in6_u.u6_addr32[2];
	word[3] = ipv6->in6_u.u6_addr32[3];
}

static __always_inline bool addr_is_mapped(const __u8 addr[16])
{
	const __u32 *word = (const __u32 *)addr;

	return word[0] == 0 && word[1] == 0 && word[2] == bpf_htonl(0xffff);
}

/* Headers that stand between IPv6 and its payload, RFC 8200 4 and RFC 4302. */
static __always_inline bool is_extension(__u8 protocol)
{
	return protocol == 0 /* hop by hop */ || protocol == 43 /* routing */ ||
	       protocol == 44 /* fragment */ || protocol == 51 /* authentication */ ||
	       protocol == 60 /* destination */;
}

/* The length of an extension header, told from its second byte. */
static __always_inline __u32 extension_bytes(__u8 protocol, __u8 length)
{
	if (protocol == 44)
		return 8;
	return protocol == 51 ? (length + 2) * 4 : (length + 1) * 8;
}

/* Ports lie first in all of these. */
static __always_inline bool has_ports(__u8 protocol)
{
	return protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE || protocol == IPPROTO_SCTP ||
	       protocol == IPPROTO_DCCP;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* First datagrams of a flow: whole ones that begin a handshake, and DNS. */
#ifndef YAGURA_LIB_DATAGRAM_LOOK_BPF_H
#define YAGURA_LIB_DATAGRAM_LOOK_BPF_H

#include "datagram.bpf.h"
#include "look_kernel.bpf.h"

#define LOOK_BATCH_MAX 4 /* datagrams looked at of those that offload keeps in one buffer */

static __noinline void datagram_tell(struct __sk_buff *skb, struct datagram_flow *flow,
				     const struct packet *packet, __u32 at, __u32 bytes)
{
	__u32 side = packet->egress == !(flow->flags & DATAGRAM_INGRESS) ? 0 : 1;
	struct look_source source = { .skb = skb, .base = packet->payload_at + at };
	struct look_piece piece = { .bytes = bytes, .total_bytes = bytes };
	struct dissect_head head = { .count = DISSECT_HEAD_BYTES };

	if (!look_wants_datagram(&flow->look, side))
		return;
	head.first = look_word_of(skb, 0, source.base, 8);
	head.second = look_word_of(skb, 0, source.base + 8, 8);
	piece.protocol =
		(__u8)look_datagram(&flow->look, side, &head, bytes, probe_config.first_bytes);
	if (!piece.protocol)
		return;
	source.pieces = &flow->pieces;
	source.of.cookie = bpf_get_socket_cookie(skb);
	source.of.index = flow->life.index;
	source.of.side = (__u8)side;
	piece.start = flow->look.taken[side & 1] - 1u;
	if (bytes > ARENA_BYTES_MAX) {
		piece.cut = LOOK_CUT_LIMIT;
		bytes = 0;
	}
	piece_tell(&source, &piece, 0, bytes);
}

static __noinline void datagram_look(struct __sk_buff *skb, struct bpf_sock *sk,
				     const struct packet *packet)
{
	struct datagram_flow *flow = flow_of(sk, packet);
	__u32 each = skb->gso_size ? skb->gso_size : packet->payload_bytes;
	__u32 at = 0, i, bytes;

	if (!flow || flow->flags & DATAGRAM_UNTOLD)
		return;
	for (i = 0; i < LOOK_BATCH_MAX && at < packet->payload_bytes; i++) {
		bytes = packet->payload_bytes - at < each ? packet->payload_bytes - at : each;
		if (bytes >= DNS_MESSAGE_BYTES_MIN)
			datagram_tell(skb, flow, packet, at, bytes);
		at += bytes;
	}
}

/* Everything but TCP: counts it, and looks at it. */
static __always_inline void datagram_seen(struct __sk_buff *skb, struct bpf_sock *sk, bool egress)
{
	struct packet packet = { .egress = egress, .ticks = packet_ticks() };

	if (!packet_parse(skb, &packet))
		return;
	datagram_packet(skb, sk, &packet);
	if (probe_config.first_bytes & DISSECT_DATAGRAMS && packet.key.protocol == IPPROTO_UDP)
		datagram_look(skb, sk, &packet);
}

#endif

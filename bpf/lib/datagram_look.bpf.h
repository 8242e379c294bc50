/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* First datagrams of a flow: whole ones that begin a handshake, and DNS. */
#ifndef YAGURA_LIB_DATAGRAM_LOOK_BPF_H
#define YAGURA_LIB_DATAGRAM_LOOK_BPF_H

#include "datagram.bpf.h"
#include "look_kernel.bpf.h"
#include "shape.bpf.h"
#include "splt.bpf.h"

#define LOOK_BATCH_MAX 4 /* datagrams looked at of those that offload keeps in one buffer */

/* A function of its own, verified once: a datagram of the flow `index`, its bytes from `base` on.
 */
__weak int datagram_piece(struct __sk_buff *skb, __u32 index, __u64 where_word, __u64 what_word,
			  __u32 base)
{
	union piece_where where = { .word = where_word };
	union piece_what what = { .word = what_word };
	struct look_source source = {
		.skb = skb,
		.base = base,
		.of = { .cookie = bpf_get_socket_cookie(skb), .index = index, .side = where.side },
	};
	struct look_piece piece = { .bytes = what.bytes,
				    .start = what.start,
				    .total_bytes = what.total_bytes,
				    .protocol = where.protocol,
				    .cut = where.cut };

	piece_tell(&source, &piece);
	return 0;
}

/* 0: the flow's source sent it. */
static __always_inline __u32 datagram_side(const struct datagram_flow *flow,
					   const struct packet *packet)
{
	return packet->egress == !(flow->flags & DATAGRAM_INGRESS) ? 0 : 1;
}

/* Whether it is wanted; then it is told of. */
static __noinline bool datagram_tell(struct __sk_buff *skb, struct datagram_flow *flow,
				     const struct packet *packet, __u32 at, __u32 bytes)
{
	__u32 side = datagram_side(flow, packet);
	struct dissect_head head = { .count = DISSECT_HEAD_BYTES };
	__u32 base = packet->payload_at + at;
	bool is_too_long = bytes > ARENA_BYTES_MAX;
	union piece_where where = { .side = (__u8)side,
				    .cut = is_too_long ? LOOK_CUT_LIMIT : LOOK_CUT_NONE };
	union piece_what what = { .bytes = is_too_long ? 0 : (__u16)bytes,
				  .total_bytes = is_too_long ? 0 : (__u16)bytes };

	if (bytes < DNS_MESSAGE_BYTES_MIN || !look_wants_datagram(&flow->look, side))
		return false;
	head.first = look_word_of(skb, 0, base, 8);
	head.second = look_word_of(skb, 0, base + 8, 8);
	where.protocol =
		(__u8)look_datagram(&flow->look, side, &head, bytes, probe_config.first_bytes);
	if (!where.protocol)
		return false;
	what.start = flow->look.taken[side & 1] - 1u;
	__sync_fetch_and_add(&flow->pieces, 1);
	datagram_piece(skb, flow->life.index, where.word, what.word, base);
	return true;
}

static __always_inline void datagram_look(struct __sk_buff *skb, struct datagram_flow *flow,
					  const struct packet *packet)
{
	__u32 each = skb->gso_size ? skb->gso_size : packet->payload_bytes;
	__u32 at = 0, i, bytes;
	bool is_known;

	for (i = 0; i < LOOK_BATCH_MAX && at < packet->payload_bytes; i++) {
		bytes = packet->payload_bytes - at < each ? packet->payload_bytes - at : each;
		is_known = datagram_tell(skb, flow, packet, at, bytes);
		if (!flow->look.is_begun && !is_known)
			flow->look.shape =
				(__u8)shape_of_packet(skb, packet->payload_at + at, bytes);
		flow->look.is_begun = 1;
		at += bytes;
	}
}

#define DATAGRAM_LENGTHS (probe_config.looks_at_tcp & PROBE_LOOK_LENGTHS)

/* One that was counted. */
static __noinline void datagram_note(struct __sk_buff *skb, struct bpf_sock *sk,
				     const struct packet *packet)
{
	struct datagram_flow *flow = flow_of(sk, packet);

	if (!flow || flow->flags & DATAGRAM_UNTOLD || !packet->payload_bytes)
		return;
	if (DATAGRAM_LENGTHS && flow->splt.count < SPLT_LENGTHS)
		splt_note(&flow->splt, datagram_side(flow, packet) == 0, packet->payload_bytes);
	if (probe_config.first_bytes & DISSECT_DATAGRAMS && packet->key.protocol == IPPROTO_UDP)
		datagram_look(skb, flow, packet);
}

/* Everything but TCP: counts it, and looks at it. A function of its own: the stack that it takes is
 * needed for what looks at TCP. */
static __noinline void datagram_seen(struct __sk_buff *skb, struct bpf_sock *sk, bool egress)
{
	struct packet packet = { .egress = egress, .ticks = packet_ticks() };

	if (!packet_parse(skb, &packet))
		return;
	datagram_packet(skb, sk, &packet);
	if (probe_config.first_bytes & DISSECT_DATAGRAMS || DATAGRAM_LENGTHS)
		datagram_note(skb, sk, &packet);
}

#endif

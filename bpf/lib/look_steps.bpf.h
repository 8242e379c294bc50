/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What looks at a segment, look.h, as functions that are verified once each. On the longest way, a
 * piece that was carried over, their stacks, each rounded up to 32 bytes, add up to the 512 that
 * there are: what one of them takes more another has to save.
 */
#ifndef YAGURA_LIB_LOOK_STEPS_BPF_H
#define YAGURA_LIB_LOOK_STEPS_BPF_H

#include "hold.bpf.h"

static __always_inline __u32 side_of(const struct flow_storage *flow, bool egress)
{
	__u32 side = egress == !!(flow->flags & STORAGE_EGRESS) ? 0 : 1;

	barrier_var(
		side); /* 6.1 loses its bounds in the comparison: what is masked behind has them */
	return side & 1;
}

static __always_inline struct look_side *side_at(const struct look_source *source)
{
	__u32 side = source->of.side;

	barrier_var(side);
	return &source->look->side[side & 1];
}

/* Whose socket's flow a packet belongs to, and the rest of a source; false: there is none. */
static __always_inline bool source_of(struct __sk_buff *skb, bool egress,
				      struct look_source *source)
{
	struct bpf_sock *sk = skb->sk;
	struct flow_storage *flow;

	if (!sk)
		return false;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return false;
	flow = bpf_sk_storage_get(&flow_storage, sk, NULL, 0);
	if (!flow)
		return false;
	source->skb = skb;
	source->egress = egress;
	source->look = &flow->look;
	source->of.cookie = bpf_get_socket_cookie(skb);
	source->of.index = flow->index;
	source->of.side = (__u8)side_of(flow, egress);
	return true;
}

/* --- pieces --- */

__weak int piece_tell_of(struct __sk_buff *skb, __u64 where_word, __u64 what_word, __u64 first,
			 __u64 second)
{
	union piece_where where = { .word = where_word };
	union piece_what what = { .word = what_word };
	struct look_source source = { .base = where.base, .slot = where.slot };
	struct look_piece piece = { .at = where.carried_count ? 0 : (__u32)first,
				    .carried = { first, second, where.carried_count },
				    .bytes = what.bytes,
				    .start = what.start,
				    .offset = what.offset,
				    .total_bytes = what.total_bytes,
				    .protocol = where.protocol,
				    .cut = where.cut };

	if (!source_of(skb, where.egress, &source))
		return 0;
	__sync_fetch_and_add(&source.look->pieces, 1);
	piece_tell(&source, &piece);
	return 0;
}

#define LOOK_PIECES_MAX (LOOK_WINDOW_BYTES / ARENA_BYTES_MAX + 1)

/* As much at once as a slot takes; without bytes it tells of a cut. */
__weak int piece_tell_all(struct __sk_buff *skb, __u64 where_word, __u64 what_word, __u64 first,
			  __u64 second)
{
	union piece_what all = { .word = what_word }, part = all;
	__u32 left = all.bytes, i;

	for (i = 0; i < LOOK_PIECES_MAX; i++) {
		part.bytes = (__u16)(left < ARENA_BYTES_MAX ? left : ARENA_BYTES_MAX);
		left -= part.bytes;
		part.total_bytes = left ? 0 : all.total_bytes;
		piece_tell_of(skb, where_word, part.word, first, second);
		if (!left)
			break;
		part.offset += part.bytes;
		first += part.bytes; /* what was carried is told at once */
	}
	return 0;
}

static __always_inline void look_emit(struct look_source *source, const struct look_side *side,
				      const struct look_piece *piece)
{
	union piece_where where = { .slot = (__u16)source->slot,
				    .base = (__u16)source->base,
				    .egress = source->egress,
				    .protocol = piece->protocol,
				    .cut = piece->cut,
				    .carried_count = (__u8)piece->carried.count };
	union piece_what what = { .start = (__u16)piece->start,
				  .offset = (__u16)piece->offset,
				  .bytes = (__u16)piece->bytes,
				  .total_bytes = (__u16)piece->total_bytes };

	(void)side;
	piece_tell_all(source->skb, where.word, what.word,
		       where.carried_count ? piece->carried.first : piece->at,
		       piece->carried.second);
}

/* --- steps --- */

/*
 * The steps of look_segment(), for a segment of the packet or for what a slot holds of one: an enum
 * look_verdict. Functions of their own, each verified once; 5.10 hands such ones nothing but the
 * context and numbers. `which`: bit 31 for a packet that leaves, the slot below.
 */
#define LOOK_STEP_OF(step)                                                                         \
	__weak int step##_of(struct __sk_buff *skb, __u32 which, __u32 base, __u32 offset,         \
			     __u32 bytes)                                                          \
	{                                                                                          \
		struct look_source source = { .base = base, .slot = which & 0xffff };              \
		const struct look_segment segment = { offset, bytes, probe_config.first_bytes };   \
                                                                                                   \
		if (!bytes || !source_of(skb, which >> 31, &source))                               \
			return LOOK_OVER;                                                          \
		return step(&source, side_at(&source), &segment);                                  \
	}

__weak int look_run_of(struct __sk_buff *skb, __u32 which, __u32 base, __u32 at, __u32 to)
{
	struct look_source source = { .base = base, .slot = which & 0xffff };

	if (!source_of(skb, which >> 31, &source))
		return to;
	return (int)look_run_steps(&source, side_at(&source), at, to);
}

static __always_inline __u32 look_run_some(struct look_source *source, struct look_side *side,
					   __u32 at, __u32 to)
{
	(void)side;
	return (__u32)look_run_of(source->skb, (__u32)source->egress << 31 | source->slot,
				  source->base, at, to);
}

LOOK_STEP_OF(look_find)
LOOK_STEP_OF(look_join)
LOOK_STEP_OF(look_follow)

#endif

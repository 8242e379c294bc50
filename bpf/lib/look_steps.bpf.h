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

/* What is known of a packet's socket, or NULL. */
static __always_inline struct flow_storage *flow_of_packet(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;

	return sk ? bpf_sk_storage_get(&flow_storage, sk, NULL, 0) : NULL;
}

/* Whose flow a packet belongs to, and the rest of a source; false: there is none. */
static __always_inline bool source_of(struct __sk_buff *skb, bool egress,
				      struct look_source *source)
{
	struct flow_storage *flow = flow_of_packet(skb);

	if (!flow)
		return false;
	source->skb = skb;
	source->egress = egress;
	source->look = &flow->look;
	source->of.index = flow->index;
	source->of.side = (__u8)side_of(flow, egress);
	return true;
}

/* Likewise, with the name of the flow, which few ask for. */
static __always_inline bool source_with_name(struct __sk_buff *skb, bool egress,
					     struct look_source *source)
{
	source->of.cookie = bpf_get_socket_cookie(skb);
	return source_of(skb, egress, source);
}

/* Only one CPU at a time looks at segments of a side. */
static __always_inline bool turn_take(struct flow_look *look, __u32 side)
{
	return word_change(&look->busy[side & 1], 0, 1);
}

static __always_inline void turn_give_up(struct flow_look *look, __u32 side)
{
	*(volatile __u32 *)&look->busy[side & 1] = 0;
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

	if (!source_with_name(skb, where.egress, &source))
		return 0;
	__sync_fetch_and_add(&source.look->pieces, 1);
	piece_tell(&source, &piece);
	return 0;
}

#define LOOK_PIECES_MAX (LOOK_WINDOW_BYTES / ARENA_BYTES_MAX + 1)

/* Of what the segment has from `at` on, as much at once as a slot takes. */
__weak int piece_tell_all(struct __sk_buff *skb, __u64 where_word, __u64 what_word, __u64 at)
{
	union piece_what all = { .word = what_word }, part = all;
	__u32 left = all.bytes, i;

	for (i = 0; i < LOOK_PIECES_MAX; i++) {
		part.bytes = (__u16)(left < ARENA_BYTES_MAX ? left : ARENA_BYTES_MAX);
		left -= part.bytes;
		part.total_bytes = left ? 0 : all.total_bytes;
		piece_tell_of(skb, where_word, part.word, at, 0);
		if (!left)
			break;
		part.offset += part.bytes;
		at += part.bytes;
	}
	return 0;
}

static __always_inline union piece_where where_of(const struct look_source *source,
						  const struct look_piece *piece)
{
	return (union piece_where){ .slot = (__u16)source->slot,
				    .base = (__u16)source->base,
				    .egress = source->egress,
				    .protocol = piece->protocol,
				    .cut = piece->cut,
				    .carried_count = (__u8)piece->carried.count };
}

static __always_inline union piece_what what_of(const struct look_piece *piece)
{
	return (union piece_what){ .start = (__u16)piece->start,
				   .offset = (__u16)piece->offset,
				   .bytes = (__u16)piece->bytes,
				   .total_bytes = (__u16)piece->total_bytes };
}

static __always_inline void look_emit_short(struct look_source *source,
					    const struct look_side *side,
					    const struct look_piece *piece)
{
	piece_tell_of(source->skb, where_of(source, piece).word, what_of(piece).word,
		      piece->carried.count ? piece->carried.first : piece->at,
		      piece->carried.second);
}

static __always_inline void look_emit(struct look_source *source, const struct look_side *side,
				      const struct look_piece *piece)
{
	if (piece->bytes <= ARENA_BYTES_MAX)
		look_emit_short(source, side, piece);
	else
		piece_tell_all(source->skb, where_of(source, piece).word, what_of(piece).word,
			       piece->at);
}

/* --- steps --- */

/*
 * The steps of look_segment(), for a segment of the packet or for what a slot holds of one: an enum
 * look_verdict. Functions of their own, each verified once; 5.10 hands such ones nothing but the
 * context and numbers. `which`: bit 31 for a packet that leaves, the slot below.
 *
 * LOOK_OVER: nothing more is to be looked at, of this packet or for ever, and the turn is over.
 */
static __always_inline int step_end(const struct look_source *source, const struct look_side *side,
				    enum look_verdict verdict)
{
	if (verdict == LOOK_TAKEN && !side->has_held)
		verdict = LOOK_OVER;
	if (verdict == LOOK_OVER)
		turn_give_up(source->look, source->of.side);
	return (int)verdict;
}

#define LOOK_STEP_OF(step)                                                                         \
	__weak int step##_of(struct __sk_buff *skb, __u32 which, __u32 base, __u32 offset,         \
			     __u32 bytes)                                                          \
	{                                                                                          \
		struct look_source source = { .base = base, .slot = which & 0xffff };              \
		const struct look_segment segment = { offset, bytes, probe_config.first_bytes };   \
		struct look_side *side;                                                            \
                                                                                                   \
		if (!source_of(skb, which >> 31, &source))                                         \
			return LOOK_OVER;                                                          \
		side = side_at(&source);                                                           \
		return step_end(&source, side, bytes ? step(&source, side, &segment) : LOOK_OVER); \
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

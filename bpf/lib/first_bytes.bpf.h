/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The first packets of a TCP connection: its SYN, lengths and times, and the bytes that look.h
 * wants. At cgroup_skb a segment has not been taken into account yet: the socket's own counters say
 * where in the stream it belongs.
 */
#ifndef YAGURA_LIB_FIRST_BYTES_BPF_H
#define YAGURA_LIB_FIRST_BYTES_BPF_H

#include "handshake.bpf.h"
#include "look_steps.bpf.h"
#include "settled.bpf.h"
#include "shape.bpf.h"
#include "splt.bpf.h"

/* Segments with payload, as the kernel counts them on the wire: past these nothing is looked at,
 * and no storage looked up. More than all other bounds of both directions together. */
#define FIRST_SEGMENTS_MAX 4096
/* Segments and their parts, held ones included, that one packet may bring: a hello of 16 KiB whose
 * first bytes came last and one by one; all messages of DNS that are wanted. */
#define FIRST_FEEDS_MAX 32
_Static_assert(FIRST_FEEDS_MAX >= ARENA_HOLDS + 11 && FIRST_FEEDS_MAX >= LOOK_PARTS_MAX, "feeds");

/* Ports, sequence, acknowledgement; then offset, flags, window. */
#define TCP_HEAD_WORDS 4

/* Where TCP's header begins, 0 when there is none, and its first words. These lie where they can be
 * read at once, but behind extension headers. */
static __always_inline __u32 tcp_head(struct __sk_buff *skb, __u32 words[TCP_HEAD_WORDS])
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	const struct ipv6_header *ipv6 = data;
	const struct iphdr *ipv4 = data;
	__u32 at = sizeof(*ipv6), i;
	__u8 protocol;
	__u32 *from;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		if ((void *)(ipv4 + 1) > end)
			return 0;
		protocol = ipv4->protocol;
		at = (__u32)ipv4->ihl * 4;
	} else {
		if (skb->protocol != bpf_htons(ETH_P_IPV6) || (void *)(ipv6 + 1) > end)
			return 0;
		protocol = ipv6->next_header;
		if (is_extension(protocol))
			at = skip_extensions(skb, &protocol);
	}
	if (protocol != IPPROTO_TCP)
		return 0;
	from = data + (at & 0xff);
	if (at > 0xff || (void *)(from + TCP_HEAD_WORDS) > end)
		return bpf_skb_load_bytes(skb, at, words, TCP_HEAD_WORDS * 4) ? 0 : at;
	for (i = 0; i < TCP_HEAD_WORDS; i++)
		words[i] = from[i];
	return at;
}

static __always_inline bool tcp_parse(struct __sk_buff *skb, struct tcp_facts *facts)
{
	__u32 words[TCP_HEAD_WORDS];

	facts->at = tcp_head(skb, words);
	if (!facts->at)
		return false;
	words[3] = bpf_ntohl(words[3]);
	facts->header_bytes = (__u8)(words[3] >> 28 << 2);
	facts->flags = words[3] >> 16 & 0x0fff;
	facts->window = (__u16)words[3];
	facts->payload_at = facts->at + facts->header_bytes;
	facts->payload_bytes = skb->len > facts->payload_at ? skb->len - facts->payload_at : 0;
	facts->ports = words[0];
	facts->seq = bpf_ntohl(words[1]) + (facts->flags & TCP_FLAG_SYN ? 1 : 0);
	facts->acknowledged = bpf_ntohl(words[2]);
	return true;
}

/* --- payload --- */

/* A segment that is looked at: the packet's, then held ones that follow. */
struct tcp_feed {
	__u32 which;
	__u32 base;
	__u32 offset;
	__u32 bytes;
};

/* How far the kernel has come in this direction's stream, within the window. */
static __always_inline __u32 taken_by_kernel(const struct tcp_facts *facts, __u32 side)
{
	__u64 known = facts->known_bytes;

	if (known && facts->egress && side == 0)
		known--; /* the SYN */
	return known > LOOK_WINDOW_BYTES ? LOOK_WINDOW_BYTES : (__u32)known;
}

/* Bytes that the kernel has taken, and we have not seen, will not come any more. */
static __noinline void feed_jump(struct __sk_buff *skb, const struct tcp_facts *facts)
{
	struct look_source source = { .base = facts->payload_at };
	struct look_side *side;

	if (!source_of(skb, facts->egress, &source))
		return;
	side = side_at(&source);
	look_jump(&source, side, taken_by_kernel(facts, source.of.side), LOOK_CUT_UNSEEN);
}

#define FEED_BEGINS 1u /* beside bit 31: a packet that leaves */

/* Keeps part of a segment; 0 when there is no room. A function of its own, verified once. */
__weak int feed_hold_part(struct __sk_buff *skb, __u32 which, __u32 from, __u32 place, __u32 bytes)
{
	struct look_source source = { 0 };

	if (!source_with_name(skb, which >> 31, &source))
		return 1;
	side_at(&source)->has_held = 1;
	return hold_part(&source, from, place, bytes, which & FEED_BEGINS);
}

/* Keeps a segment that is early. */
__weak int feed_hold(struct __sk_buff *skb, __u32 egress, __u32 base, __u32 offset, __u32 bytes)
{
	__u32 which = egress << 31 | FEED_BEGINS, done = 0, i;

	for (i = 0; i < ARENA_HOLDS + 1; i++) {
		__u32 place = offset + done;
		__u32 part = ARENA_HOLD_BYTES - place % ARENA_HOLD_BYTES;

		if (done >= bytes || place >= LOOK_WINDOW_BYTES)
			break;
		if (part > bytes - done)
			part = bytes - done;
		if (!feed_hold_part(skb, which, base + done, place, part)) {
			counter_add(COUNTER_BYTES_UNSEEN);
			break;
		}
		which &= ~FEED_BEGINS;
		done += part;
	}
	return 0;
}

/* What a slot has of the stream, as one number. */
union held_next {
	__u64 word; /* 0: nothing */
	struct {
		__u16 slot;
		__u16 bytes;
		__u32 offset;
	};
};

/* What is held of what is to be looked at next: a union held_next. */
__weak __u64 feed_held(struct __sk_buff *skb, __u32 egress)
{
	union held_next next = { .word = 0 };
	struct look_source source = { 0 };
	struct look_side *side;
	__u32 bytes = 0;

	if (!source_with_name(skb, egress, &source))
		return 0;
	side = side_at(&source);
	next.offset = side->next;
	next.slot = (__u16)hold_next(&source, side, &bytes);
	next.bytes = (__u16)bytes;
	return next.slot ? next.word : 0;
}

/* What to look at after a segment that was taken; false: nothing. */
static __always_inline bool feed_next(struct __sk_buff *skb, struct tcp_feed *feed)
{
	union held_next next = { .word = feed_held(skb, feed->which >> 31) };

	feed->offset = next.offset;
	feed->bytes = next.bytes;
	feed->base = next.offset % ARENA_HOLD_BYTES;
	feed->which = (feed->which & 1u << 31) | next.slot;
	return next.word;
}

static __noinline void feed_end(struct __sk_buff *skb, bool egress)
{
	struct flow_storage *flow = flow_of_packet(skb);

	if (flow)
		turn_give_up(&flow->look, side_of(flow, egress));
}

/* Looks at one segment. LOOK_MORE: there is another; LOOK_OVER: no, and the turn is over. */
static __always_inline enum look_verdict feed_step(struct __sk_buff *skb, struct tcp_feed *feed)
{
	int verdict = look_find_of(skb, feed->which, feed->base, feed->offset, feed->bytes);

	if (verdict == LOOK_JOIN)
		verdict = look_join_of(skb, feed->which, feed->base, feed->offset, feed->bytes);
	if (verdict == LOOK_FOLLOW)
		verdict = look_follow_of(skb, feed->which, feed->base, feed->offset, feed->bytes);
	if (verdict == LOOK_HOLD)
		feed_hold(skb, feed->which >> 31, feed->base, feed->offset, feed->bytes);
	/* In the packet's own segment; what is held comes anew from where it was looked at: as one
	 * segment, or in a row. */
	if (verdict == LOOK_MORE && !(feed->which & 0xffff))
		return LOOK_MORE;
	if (verdict == LOOK_MORE || verdict == LOOK_TAKEN)
		return feed_next(skb, feed) ? LOOK_MORE : LOOK_TAKEN;
	return verdict;
}

/* Called with little on the stack: what it calls needs much. Without a loop: up to 6.1 nothing may
 * run on into a loop's beginning, and the compiler lays this one out so. */
static __always_inline void feed(struct __sk_buff *skb, const struct tcp_facts *facts)
{
	struct tcp_feed feed = { .which = (__u32)facts->egress << 31,
				 .base = facts->payload_at,
				 .offset = facts->offset,
				 .bytes = facts->payload_bytes };
	enum look_verdict verdict;
	__u32 i;

	if (facts->is_behind)
		feed_jump(skb, facts);
#pragma GCC unroll 32
	for (i = 0; i < FIRST_FEEDS_MAX; i++) {
		verdict = feed_step(skb, &feed);
		if (verdict == LOOK_OVER)
			return;
		if (verdict != LOOK_MORE)
			break;
	}
	feed_end(skb, facts->egress);
}

static __always_inline void lengths_note(struct flow_storage *flow, const struct tcp_facts *facts,
					 __u32 offset)
{
	struct splt *splt = &flow->look.splt;
	__u32 side = side_of(flow, facts->egress) & 1;

	if (splt->count < SPLT_LENGTHS &&
	    splt_is_new(&flow->look.side[side].top, offset, facts->payload_bytes))
		splt_note(splt, side == 0, facts->payload_bytes);
}

/* After the first payload of a flow was looked at: what kind of bytes these are when they are
 * neither known nor the beginning of what may be. */
__attribute__((unused)) static __noinline void
shape_note(struct __sk_buff *skb, struct bpf_sock *sk, const struct tcp_facts *facts)
{
	struct flow_storage *flow = bpf_sk_storage_get(&flow_storage, sk, NULL, 0);

	if (!flow || flow->look.pieces || flow->look.side[side_of(flow, facts->egress)].carry_count)
		return;
	flow->shape = (__u8)shape_of_packet(skb, facts->payload_at, facts->payload_bytes);
}

static __always_inline bool is_looked_at(const struct flow_storage *flow)
{
	return (flow->phase == FLOW_PHASE_ESTABLISHED || flow->phase == FLOW_PHASE_OPEN) &&
	       !(flow->flags & STORAGE_PREEXISTING);
}

#ifdef YAGURA_PLAIN
#define LOOKS_AT_BYTES false
#else
#define LOOKS_AT_BYTES (probe_config.looks_at_tcp & PROBE_LOOK_BYTES)
#endif

/*
 * Whether it is this CPU's turn to look at the payload: a segment that meets another of its
 * direction is not looked at, and its bytes are told of as unseen when the kernel has taken them.
 * The turn ends in step_end() or feed_end().
 */
static __always_inline bool feed_begin(struct flow_look *look, struct tcp_facts *facts, __u32 side)
{
	if (!LOOKS_AT_BYTES || look->side[side].state == LOOK_DONE)
		return false;
	if (!turn_take(look, side)) {
		counter_add(COUNTER_BYTES_RACED);
		return false;
	}
	facts->is_behind = taken_by_kernel(facts, side) > look->side[side].next;
	return true;
}

/* Whether nothing more is wanted of a flow: neither lengths, nor bytes of any direction. */
static __always_inline bool wants_nothing(const struct flow_storage *flow)
{
	if (!is_looked_at(flow))
		return flow->phase == FLOW_PHASE_DONE || flow->flags & STORAGE_PREEXISTING;
	if (probe_config.looks_at_tcp & PROBE_LOOK_LENGTHS && flow->look.splt.count < SPLT_LENGTHS)
		return false;
	return !LOOKS_AT_BYTES ||
	       (flow->look.side[0].state == LOOK_DONE && flow->look.side[1].state == LOOK_DONE);
}

/* Whether the payload is to be looked at. bytes_acked counts the SYN of who called connect(),
 * bytes_received never does. */
static __noinline bool tcp_payload(struct bpf_sock *sk, struct tcp_facts *facts, __u64 cookie)
{
	struct flow_storage *flow = bpf_sk_storage_get(&flow_storage, sk, NULL, 0);
	__u32 syn;

	if (!flow)
		return false;
	if (wants_nothing(flow))
		settled_add(cookie);
	if (!is_looked_at(flow))
		return false;
	syn = facts->egress && flow->flags & STORAGE_EGRESS ? 1 : 0;
	facts->offset = facts->seq - (facts->next - (__u32)facts->known_bytes) - syn;
	if (facts->offset >> 31)
		return false; /* a keepalive's byte lies before the first */
	facts->is_first = !flow->is_begun;
#ifndef YAGURA_PLAIN
	flow->is_begun = 1; /* else nothing is looked at, nor missed */
#endif
	if (probe_config.looks_at_tcp & PROBE_LOOK_LENGTHS)
		lengths_note(flow, facts, facts->offset);
	return feed_begin(&flow->look, facts, side_of(flow, facts->egress));
}

/* Called for every packet of every TCP socket: most carry nothing, and for the others what the
 * kernel counts anyway says whether to go on. `egress` is a constant: a pointer to these counters
 * must not be reckoned with. */
static __always_inline void first_bytes(struct __sk_buff *skb, struct bpf_sock *sk, bool egress)
{
	struct tcp_facts facts = { .egress = egress };
	const struct bpf_tcp_sock *tcp;
	__u64 cookie;

	if (!probe_config.looks_at_tcp || !tcp_parse(skb, &facts))
		return;
	if (probe_config.looks_at_tcp & PROBE_LOOK_SYN && facts.flags & TCP_FLAG_SYN)
		syn_seen_by(skb, sk, &facts);
	if (!facts.payload_bytes || sk->state == TCP_LISTEN)
		return;
	cookie = bpf_get_socket_cookie(skb);
	if (is_settled(cookie))
		return;
	tcp = bpf_tcp_sock(sk);
	if (!tcp || tcp->data_segs_in + tcp->data_segs_out >= FIRST_SEGMENTS_MAX)
		return;
	facts.known_bytes = egress ? tcp->bytes_acked : tcp->bytes_received;
	facts.next = egress ? tcp->snd_una : tcp->rcv_nxt;
	if (tcp_payload(sk, &facts, cookie)) {
#ifndef YAGURA_PLAIN
		feed(skb, &facts);
		if (facts.is_first && !facts.offset)
			shape_note(skb, sk, &facts);
#endif
	}
}

#endif

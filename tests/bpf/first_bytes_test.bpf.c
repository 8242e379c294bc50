// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The code that looks at the first packets of a flow, as yagura_datagram_in and _out call it, for
 * BPF_PROG_RUN: attached to nothing. Only what a socket says and keeps is replaced, all of it
 * below, since a packet of BPF_PROG_RUN has none of its own; and the clock is the capture's.
 */
#include "datagram_maps.bpf.h"
#include "maps.bpf.h"
#include "tests/bpf/stage/stage.h"

/* One flow, and its socket. */
struct stage {
	struct flow_storage flow;
	struct datagram_socket datagram_socket;
	struct datagram_flow datagram_first;
	struct bpf_tcp_sock tcp;
	struct bpf_sock sock;
	__u32 packets; /* with payload */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct stage);
} stages SEC(".maps");

struct stage_turn turn;
const volatile __u32 stage_fault = STAGE_SOUND;

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static const struct stage no_stage;

static __always_inline struct stage *stage_find(void)
{
	__u64 cookie = turn.cookie;

	return bpf_map_lookup_elem(&stages, &cookie);
}

enum stage_storage { STORAGE_TCP, STORAGE_SOCKET, STORAGE_FIRST };

static __always_inline void *stage_storage(enum stage_storage which)
{
	struct stage *stage = stage_find();

	if (!stage)
		return NULL;
	if (which == STORAGE_TCP)
		return &stage->flow;
	return which == STORAGE_SOCKET ? (void *)&stage->datagram_socket
				       : (void *)&stage->datagram_first;
}

static __always_inline const struct bpf_tcp_sock *stage_tcp(void)
{
	struct stage *stage = stage_find();

	return stage ? &stage->tcp : NULL;
}

#define is_map(map, other) __builtin_types_compatible_p(typeof(*(map)), typeof(other))
#define bpf_sk_storage_get(map, sk, value, flags)                                                  \
	stage_storage(is_map(map, flow_storage)	      ? STORAGE_TCP                                \
		      : is_map(map, datagram_sockets) ? STORAGE_SOCKET                             \
						      : STORAGE_FIRST)
#define bpf_tcp_sock(sk) stage_tcp()
#define bpf_get_socket_cookie(context) (turn.cookie)
#define bpf_ktime_get_ns() (stage_fault == STAGE_STOPS_CLOCK ? 1 : turn.now_ns)

#pragma clang diagnostic ignored "-Wunused-function" /* only parts of these are called */
/* Of the programs these two are in different files. */
#define flow_begin datagram_flow_begin
#include "datagram_look.bpf.h"
#undef flow_begin
#include "first_bytes.bpf.h"
#include "flow_record.bpf.h"

static __always_inline struct stage *stage_enter(void)
{
	__u64 cookie = turn.cookie;

	if (!stage_find()) {
		settled_remove(cookie); /* as flow_begin() does */
		bpf_map_update_elem(&stages, &cookie, &no_stage, BPF_NOEXIST);
	}
	return stage_find();
}

static __always_inline void stage_set(struct stage *stage)
{
	struct flow_storage *flow = &stage->flow;
	bool connects = turn.role == STAGE_CONNECTS;

	if (stage_fault == STAGE_SWAPS_ENDS)
		connects = !connects;
	flow->flags = connects ? STORAGE_EGRESS : STORAGE_INGRESS;
	flow->phase = turn.is_open ? FLOW_PHASE_OPEN : FLOW_PHASE_ESTABLISHED;
	stage->tcp.bytes_acked = stage->tcp.bytes_received = turn.known_bytes;
	stage->tcp.snd_una = stage->tcp.rcv_nxt = turn.next;
	stage->tcp.data_segs_in = turn.data_segments;
	stage->sock.state = turn.state;
	stage->sock.type = SOCK_DGRAM; /* only asked for when it is not TCP */
	stage->datagram_socket.labelled = 1;
}

/* Whether the packet is to pass unseen. */
static __always_inline bool stage_breaks(struct stage *stage)
{
	__u32 number = stage->packets;

	if (turn.is_open || turn.state == TCP_LISTEN)
		return stage_fault == STAGE_LOSES_SYN;
	stage->packets++;
	if (stage_fault == STAGE_SHIFTS && number > 0)
		stage->tcp.snd_una = stage->tcp.rcv_nxt = turn.next - 1;
	return stage_fault == STAGE_LOSES_SECOND && number == 1;
}

static __always_inline int on_packet(struct __sk_buff *skb, bool egress)
{
	struct stage *stage = stage_enter();

	if (!stage)
		return 1;
	stage_set(stage);
	if (stage_breaks(stage))
		return 1;
	if (turn.is_datagram)
		datagram_seen(skb, &stage->sock, egress);
	else
		first_bytes(skb, &stage->sock, egress);
	return 1;
}

SEC("cgroup_skb/ingress")
int stage_in(struct __sk_buff *skb)
{
	return on_packet(skb, false);
}

SEC("cgroup_skb/egress")
int stage_out(struct __sk_buff *skb)
{
	return on_packet(skb, true);
}

/* The handshake is complete: what syn_note() of probes/flow.bpf.c does. */
SEC("cgroup_skb/ingress")
int stage_accepted(struct __sk_buff *skb)
{
	struct stage *stage = stage_enter();
	__u8 remote[16], local[16];
	union {
		__u16 port[2];
		__u32 both;
	} ports = { .port = { turn.remote_port, turn.local_port } };
	__u64 name;

	if (!stage)
		return 1;
	__builtin_memcpy(remote, turn.remote_addr, sizeof(remote));
	__builtin_memcpy(local, turn.local_addr, sizeof(local));
	name = syn_name(remote, local, ports.both, turn.next - (__u32)turn.known_bytes);
	syn_take(name, &stage->flow.look.syn);
	syn_take(SYN_ANSWER ^ name, &stage->flow.look.synack);
	return 1;
}

/* The flow's record, with what its first packets said of it. */
SEC("cgroup_skb/ingress")
int stage_over(struct __sk_buff *skb)
{
	struct stage *stage = stage_enter();
	struct event_flow *event;
	__u64 cookie = turn.cookie;

	if (!stage)
		return 1;
	event = event_reserve(&ring_bulk, EVENT_FLOW, struct event_flow);
	if (!event)
		return 1;
	__builtin_memset((__u8 *)event + sizeof(event->header), 0,
			 sizeof(*event) - sizeof(event->header));
	event->cookie = cookie;
	event->count = 1;
	event->protocol = IPPROTO_TCP;
	event->state = FLOW_STATE_CLOSED;
	event->flags = FLOW_FINAL;
	if (turn.is_datagram)
		splt_fill(&event->splt, &stage->datagram_first.splt);
	else
		look_fill(event, &stage->flow.look);
	if (stage_fault != STAGE_LOSES_SHAPE)
		event->first_bytes =
			turn.is_datagram ? stage->datagram_first.look.shape : stage->flow.shape;
	event_submit(&ring_bulk, event);
	bpf_map_delete_elem(&stages, &cookie);
	return 1;
}

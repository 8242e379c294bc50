/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is kept of sockets that carry datagrams (everything but TCP), and of their flows.
 *
 * A flow is one socket's exchange with one peer. Most sockets have one peer: that flow lives in the
 * socket's own storage, costs no look-up in a shared table and ends with the socket. A socket with
 * more peers has the others in datagram_flows, and then an entry of its own in datagram_many, where
 * the sweep learns whose they are and whether the socket is closed.
 */
#ifndef YAGURA_LIB_DATAGRAM_MAPS_BPF_H
#define YAGURA_LIB_DATAGRAM_MAPS_BPF_H

#include "life.bpf.h"
#include "look_datagram.h"
#include "maps.bpf.h"

/* Who uses the socket. One byte a fact, as they are set by different CPUs. */
struct datagram_socket {
	struct process_key owner;
	__u64 cgroup_id;
	__u64 cookie; /* 0 until it carries a flow */
	__u32 uid;
	__u32 netns;
	__u32 index; /* of its next flow */
	__u32 has_caller; /* set by whoever writes the owner down as caller: there is one first */
	__u8 owner_quality;
	__u8 labelled; /* uid, netns and cgroup_id are known */
	__u8 preexisting; /* older than the sensor */
	__u8 shared; /* a second process was seen using it */
	__u8 closed;
	__u8 many; /* has an entry in datagram_many */
	__u8 executable_verdict; /* enum filter_verdict of the program of its owner */
	__u8 reserved;
};
/* With the kernel's 72 bytes it fits 128. */
_Static_assert(sizeof(struct datagram_socket) == 56, "datagram_socket");

enum datagram_flow_flag {
	DATAGRAM_INGRESS = 1u << 0, /* the peer sent first */
	DATAGRAM_IPV6 = 1u << 1,
	DATAGRAM_LEFT = 1u << 2, /* the socket was connected to another peer */
	DATAGRAM_UNTOLD = 1u << 3, /* left out when it began: counted on, never told */
};

struct datagram_flow {
	struct life life;
	__u64 sent_bytes;
	__u64 received_bytes;
	__u64 sent_packets;
	__u64 received_packets;
	__u8 local_addr[16];
	__u8 remote_addr[16];
	__u16 local_port;
	__u16 remote_port;
	__u8 protocol;
	__u8 flags; /* enum datagram_flow_flag */
	__u8 icmp_type;
	__u8 icmp_code;
	struct look_datagrams look;
	__u32 pieces; /* EVENT_BYTES due so far */
	__u32 reserved;
	struct splt splt;
};
_Static_assert(sizeof(struct datagram_flow) == 224, "datagram_flow");

struct datagram_key {
	__u64 cookie;
	__u8 remote_addr[16];
	__u16 remote_port;
	__u16 local_port; /* another one after the socket was disconnected */
	__u8 protocol;
	__u8 reserved[3]; /* zero */
};

struct datagram_many {
	struct datagram_socket socket; /* a copy, kept fresh by those who change the socket's */
	__u32 flows; /* in datagram_flows */
	__u32 reserved;
};

#define DATAGRAM_FLOWS_MAX 32768
#define DATAGRAM_MANY_MAX 4096
#define DATAGRAM_OTHERS_MAX 256
#define DATAGRAM_OTHER_WORDS 32

/*
 * The flows of one process that found no room, in sums. `count` says how many there were: flows are
 * told apart by a hash of 1,024 values, so it is never more than there were, and hardly less up to
 * a hundred.
 */
struct datagram_other {
	struct datagram_flow flow;
	struct datagram_socket socket; /* the first one's */
	__u32 seen[DATAGRAM_OTHER_WORDS]; /* a bit a hash value */
	__u32 count;
	__u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct datagram_socket);
} datagram_sockets __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct datagram_flow);
} datagram_first __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, DATAGRAM_FLOWS_MAX);
	__type(key, struct datagram_key);
	__type(value, struct datagram_flow);
} datagram_flows __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, DATAGRAM_MANY_MAX);
	__type(key, __u64); /* the socket's cookie */
	__type(value, struct datagram_many);
} datagram_many __weak SEC(".maps");

/* The entry of nobody (all zero), made by the keeper and never ended, takes what finds no room even
 * here. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, DATAGRAM_OTHERS_MAX);
	__type(key, struct process_key);
	__type(value, struct datagram_other);
} datagram_others __weak SEC(".maps");

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel/user contract: what the BPF programs write into the two rings.
 *
 * Every record starts with struct event_header. Fixed-width fields only, no pointers, no bitfields,
 * no holes: both compilers check the layout (the pragma below, the assertions at the end), and
 * tests/bpf/test_layout.c compares the BPF object's BTF with what userspace was compiled with.
 *
 * Times are CLOCK_BOOTTIME nanoseconds. Addresses and ports are in network byte order. IPv4
 * addresses are stored as IPv4-mapped IPv6 (RFC 4291 2.5.5.2), so there is one shape of flow.
 */
#ifndef YAGURA_ABI_EVENT_H
#define YAGURA_ABI_EVENT_H

#include <linux/types.h>

#define ABI_ASSERT(condition, text) _Static_assert(condition, text)

#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

/* X(NAME, name, ring): one line a kind; the enum, the name table and the decoder table grow from
 * it. */
#define EVENT_KINDS(X)                                                                             \
	X(FORK, fork, VALUABLE)                                                                    \
	X(EXEC, exec, VALUABLE)                                                                    \
	X(EXIT, exit, VALUABLE)                                                                    \
	X(SNAPSHOT, snapshot, VALUABLE)                                                            \
	X(FLOW, flow, BULK)

enum event_kind {
	EVENT_KIND_NONE = 0,
#define EVENT_KIND_ENUM(NAME, name, ring) EVENT_##NAME,
	EVENT_KINDS(EVENT_KIND_ENUM)
#undef EVENT_KIND_ENUM
		EVENT_KIND_COUNT
};

enum event_ring {
	EVENT_RING_VALUABLE = 0, /* processes: an exec must survive a packet storm */
	EVENT_RING_BULK = 1, /* flows */
	EVENT_RING_COUNT
};

#define EVENT_COMM_BYTES 16
#define EVENT_PATH_BYTES_MAX 4096
#define EVENT_ARGS_BYTES_MAX 32768
#define EVENT_PATH_COMPONENTS_MAX 64

struct event_header {
	__u32 size_bytes; /* of the whole record, this header included */
	__u16 kind; /* enum event_kind */
	__u16 cpu;
	__u64 time_ns;
};

/* Identity of a process for as long as the host is up: never a bare pid. A reused pid has another
 * start, and another execve in the same process has another count. All zero: no process. */
struct process_key {
	__u64 start_ns; /* task_struct.start_boottime of the thread group leader */
	__u32 pid; /* the thread group id, as the initial pid namespace sees it */
	__u32 exec_count; /* task_struct.self_exec_id of the leader; inherited over fork */
};

/* A process came into being by fork/clone (thread group leaders only, threads make no event). */
struct event_fork {
	struct event_header header;
	struct process_key process;
	struct process_key parent;
};

enum event_exec_flag {
	EXEC_PATH_TRUNCATED = 1u << 0, /* more than EVENT_PATH_COMPONENTS_MAX or _BYTES_MAX */
	EXEC_PATH_UNREADABLE = 1u << 1, /* path_bytes is 0 */
	EXEC_ARGS_TRUNCATED = 1u << 2, /* args_total_bytes says how much there was */
	EXEC_ARGS_UNREADABLE = 1u << 3, /* args_bytes is 0 */
	EXEC_DELETED = 1u << 4, /* the executable has no name any more (unlinked, memfd) */
};

/* EVENT_EXEC: a program was executed. EVENT_SNAPSHOT: a process that ran already when it was asked
 * for; its args are never read there (another task's memory), so args_bytes is 0 and
 * ARGS_UNREADABLE set. `bytes` holds path_bytes of path, then args_bytes of argv as the kernel laid
 * it out (NUL after each). The path is the chain of names from the file up to the root, each
 * followed by NUL: "ls\0bin\0usr\0". */
struct event_exec {
	struct event_header header;
	struct process_key process;
	struct process_key parent;
	__u64 cgroup_id;
	__u32 uid; /* real, then effective; in the initial user namespace */
	__u32 gid;
	__u32 euid;
	__u32 egid;
	__u32 flags; /* enum event_exec_flag */
	__u32 path_bytes;
	__u32 args_bytes;
	__u32 args_total_bytes;
	char comm[EVENT_COMM_BYTES];
	char bytes[];
};

/* A whole process (its last thread) ended. */
struct event_exit {
	struct event_header header;
	struct process_key process;
	__s32 status; /* as of wait(2): exit code << 8, or signal number (| 0x80: core) */
	__u32 uid;
	char comm[EVENT_COMM_BYTES];
};

enum event_flow_direction {
	FLOW_DIRECTION_UNKNOWN = 0,
	FLOW_EGRESS = 1, /* this socket called connect() */
	FLOW_INGRESS = 2, /* this socket was accepted */
};

enum event_flow_state {
	FLOW_STATE_OPEN = 1, /* a connect() is under way (only in a non-final part) */
	FLOW_STATE_ESTABLISHED = 2, /* (only in a non-final part) */
	FLOW_STATE_CLOSED = 3, /* was established, has ended */
	FLOW_STATE_FAILED = 4, /* never was established; `error` says why */
};

enum event_owner_quality {
	OWNER_UNKNOWN = 0,
	OWNER_INHERITED = 1, /* the listener's owner: nobody was seen using this very socket */
	OWNER_SNAPSHOT = 2, /* found holding the socket by an iterator */
	OWNER_KERNEL = 3, /* a kernel socket: no process owns it */
	OWNER_CREATOR = 4, /* made the socket; nobody was seen using it */
	OWNER_CALLER = 5, /* seen in connect, send, receive or release on this socket */
};

enum event_flow_flag {
	FLOW_FINAL = 1u << 0, /* the last part of this flow: counters are complete */
	FLOW_COUNTERS_RESET = 1u << 1, /* the socket was reused before its counters could be read */
};

/* One part of a flow: cumulative since its opening. A flow is one socket's connection; several in a
 * row on one socket differ in `index`. (cookie, index) names a flow within one boot. */
struct event_flow {
	struct event_header header; /* time_ns: when this part was made; the end, when final */
	struct process_key owner;
	struct process_key listener; /* who called listen(), for FLOW_INGRESS */
	__u8 local_addr[16];
	__u8 remote_addr[16];
	__u64 cookie;
	__u64 opened_ns; /* connect() or, for FLOW_INGRESS, when the handshake was complete */
	__u64 sent_bytes; /* unique payload bytes, retransmissions left out */
	__u64 received_bytes; /* unique payload bytes */
	__u32 sent_packets; /* segments, those without payload included */
	__u32 received_packets;
	__u32 retransmits; /* segments */
	__u32 srtt_us;
	__u32 handshake_us; /* connect() to established; 0 for FLOW_INGRESS */
	__u32 error; /* errno of a failed attempt, 0 when unknown or established */
	__u32 part; /* 0, 1, 2 … of this flow */
	__u16 index; /* how many flows this socket has carried before */
	__u16 local_port;
	__u16 remote_port;
	__u8 direction; /* enum event_flow_direction */
	__u8 state; /* enum event_flow_state */
	__u8 owner_quality;
	__u8 flags; /* enum event_flow_flag */
	__u8 is_ipv6; /* the socket spoke IPv6 on the wire (not IPv4-mapped) */
	__u8 reserved; /* zero */
};

#pragma GCC diagnostic pop

ABI_ASSERT(sizeof(struct event_header) == 16, "event_header");
ABI_ASSERT(sizeof(struct process_key) == 16, "process_key");
ABI_ASSERT(sizeof(struct event_fork) == 48, "event_fork");
ABI_ASSERT(sizeof(struct event_exec) == 104, "event_exec");
ABI_ASSERT(sizeof(struct event_exit) == 56, "event_exit");
ABI_ASSERT(sizeof(struct event_flow) == 152, "event_flow");

#endif

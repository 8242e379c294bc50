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
	X(CGROUP, cgroup, VALUABLE)                                                                \
	X(THROTTLE, throttle, VALUABLE)                                                            \
	X(GONE, gone, VALUABLE)                                                                    \
	X(FLOW, flow, BULK)                                                                        \
	X(BYTES, bytes, BULK)

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
#define EVENT_PATH_BYTES_MAX 4096 /* also of a directory */
#define EVENT_SCRIPT_BYTES_MAX 4096
#define EVENT_CGROUP_BYTES_MAX 1024
#define EVENT_ARGS_BYTES_MAX 32768
#define EVENT_PATH_COMPONENTS_MAX 64
#define EVENT_ANCESTORS_MAX 64

struct event_header {
	__u32 size_bytes; /* of the whole record, this header included */
	__u16 kind; /* enum event_kind */
	__u16 cpu;
	__u64 time_ns;
	/* 1, 2, 3 … of this CPU and ring, given when the record became due: what is missing was
	 * lost, whoever lost it. 0: this kernel cannot number them. */
	__u64 sequence;
};

/* Identity of a process for as long as the host is up: never a bare pid. A reused pid has another
 * start, and another execve in the same process has another count. All zero: no process. */
struct process_key {
	__u64 start_ns; /* task_struct.start_boottime of the thread group leader */
	__u32 pid; /* the thread group id, as the initial pid namespace sees it */
	__u32 exec_count; /* task_struct.self_exec_id of the leader; inherited over fork */
};

enum event_fork_flag { FORK_NAMESPACE_INIT = 1u << 0 }; /* the first of its pid namespace */

/* A process came into being by fork/clone (thread group leaders only, threads make no event). */
struct event_fork {
	struct event_header header;
	struct process_key process;
	struct process_key parent; /* who called fork; CLONE_PARENT makes another one the parent */
	__u32 flags; /* enum event_fork_flag */
	__u32 reserved; /* zero */
};

enum event_exec_flag {
	EXEC_PATH_TRUNCATED =
		1u << 0, /* only its end: too long, too deep, or cut off from the root */
	EXEC_PATH_UNREADABLE = 1u << 1, /* path_bytes is 0 */
	EXEC_ARGS_TRUNCATED = 1u << 2, /* args_total_bytes says how much there was */
	EXEC_ARGS_UNREADABLE = 1u << 3, /* args_bytes is 0 */
	EXEC_DELETED = 1u << 4, /* the executable has no name any more (unlinked, memfd) */
	EXEC_MEMFD = 1u << 5, /* made by memfd_create(2), never had a name */
	EXEC_UPPER_LAYER = 1u << 6, /* in the upper layer of an overlay: not of the image */
	EXEC_CWD_TRUNCATED = 1u << 7,
	EXEC_CWD_UNREADABLE = 1u << 8, /* cwd_bytes is 0 */
	EXEC_SCRIPT_TRUNCATED = 1u << 9,
	EXEC_PRIVILEGED = 1u << 10, /* credentials rose with this execve (AT_SECURE) */
	EXEC_NO_NEW_PRIVS = 1u << 11,
	EXEC_FROM_THREAD = 1u << 12, /* called by a thread that was not the leader */
	EXEC_ENTERED_CGROUPNS = 1u << 13, /* is in another one than its parent */
	EXEC_ENTERED_IPCNS = 1u << 14,
	EXEC_ENTERED_MNTNS = 1u << 15,
	EXEC_ENTERED_NETNS = 1u << 16,
	EXEC_ENTERED_PIDNS = 1u << 17,
	EXEC_ENTERED_USERNS = 1u << 18,
	EXEC_ENTERED_UTSNS = 1u << 19,
	EXEC_LD_PRELOAD = 1u << 20, /* is in its environment, whatever it holds */
	EXEC_LD_LIBRARY_PATH = 1u << 21,
	EXEC_LD_AUDIT = 1u << 22,
	EXEC_ENVIRONMENT_CUT = 1u << 23, /* it goes on behind what was looked at */
	EXEC_ENVIRONMENT_UNKNOWN = 1u << 24, /* it could not be looked at */
	EXEC_WRITABLE_DIRECTORY = 1u << 25, /* anybody may write where the executable lies */
	EXEC_NAMESPACE_INIT = 1u << 26, /* the first process of its pid namespace */
	EXEC_KERNEL_ANCESTOR = 1u << 27, /* the ancestors end with a kernel thread */
	EXEC_ANCESTORS_CUT = 1u << 28, /* there are more of them */
};

/* Inode numbers of the namespaces a process is in (/proc/PID/ns). */
struct process_namespaces {
	__u32 cgroup;
	__u32 ipc;
	__u32 mnt;
	__u32 net;
	__u32 pid;
	__u32 user;
	__u32 uts;
};

/*
 * EVENT_EXEC: a program was executed. EVENT_SNAPSHOT: a process that ran already when it was asked
 * for; its args are never read there (another task's memory), so args_bytes is 0 and
 * ARGS_UNREADABLE set, and so is the environment; there is no script.
 *
 * `bytes` holds, in this order: path_bytes of path, cwd_bytes of working directory, script_bytes of
 * script, args_bytes of argv as the kernel laid it out (NUL after each), ancestor_count of struct
 * process_key. Path and directory are chains of names from the leaf up to the root, each followed
 * by NUL: "ls\0bin\0usr\0". The script is what execve() was given when the path is its
 * interpreter's ("./run.sh", not resolved, no NUL); 0 bytes for a program of its own. The ancestors
 * are who they are at this moment: the parent's parent, and so on, up to pid 1 or a kernel thread.
 */
struct event_exec {
	struct event_header header;
	struct process_key process;
	struct process_key parent;
	__u64 cgroup_id;
	__u64 cap_effective; /* bit n: capability n of capabilities(7) */
	__u64 cap_permitted;
	__u64 cap_ambient;
	__u64 inode; /* of the executable, as are the next six */
	__u64 file_bytes;
	__u64 ctime_ns; /* UTC */
	__u64 mtime_ns;
	__u32 device; /* super_block.s_dev: major << 20 | minor; not st_dev on btrfs, overlayfs */
	__u32 nlink;
	__u32 mode; /* type and permissions, as in st_mode */
	__u32 uid; /* real, effective, saved; in the initial user namespace */
	__u32 gid;
	__u32 euid;
	__u32 egid;
	__u32 suid;
	__u32 loginuid; /* of the audit system; 4294967295: never logged in */
	__u32 audit_session; /* 4294967295: none */
	__u32 tty; /* device number of the controlling terminal, major << 20 | minor; 0: none */
	__u32 session_pid; /* leader of the session, setsid(2) */
	__u32 namespace_pid; /* the process's own number in its innermost pid namespace */
	struct process_namespaces namespaces;
	__u32 flags; /* enum event_exec_flag */
	__u32 path_bytes;
	__u32 cwd_bytes;
	__u32 script_bytes;
	__u32 args_bytes;
	__u32 args_total_bytes;
	__u32 ancestor_count;
	__u32 reserved; /* zero */
	char comm[EVENT_COMM_BYTES];
	char bytes[];
};

/* A whole process (its last thread) ended. EVENT_GONE is the same of a process whose exit record a
 * filter left out: no record is made of it, but whoever keeps processes may let go of it. */
struct event_exit {
	struct event_header header;
	struct process_key process;
	__s32 status; /* as of wait(2): exit code << 8, or signal number (| 0x80: core) */
	__u32 uid;
	char comm[EVENT_COMM_BYTES];
};

enum event_cgroup_flag {
	CGROUP_PATH_TRUNCATED = 1u << 0, /* only its end */
};

/* The name behind a cgroup_id: told when the group is made and, at a snapshot, for each group that
 * holds a process. `bytes` holds path_bytes of names, leaf first, a NUL after each, up to the root
 * of the hierarchy, which has none: 0 bytes are the root itself. */
struct event_cgroup {
	struct event_header header;
	__u64 cgroup_id;
	__u32 flags; /* enum event_cgroup_flag */
	__u32 path_bytes;
	char bytes[];
};

enum event_throttle_state {
	THROTTLE_STARTED = 1,
	THROTTLE_GOES_ON = 2,
	THROTTLE_STOPPED = 3,
};

/* A control group makes more events than its budget: from the start on they are counted, not
 * written. Counts are those since the last of these events of the same group. */
struct event_throttle {
	struct event_header header;
	struct process_key process; /* who was at work when this event was made */
	__u64 cgroup_id;
	__u64 first_ns; /* the span that the counts cover */
	__u64 last_ns;
	__u64 forks;
	__u64 execs;
	__u64 exits;
	__u64 flows;
	__u32 state; /* enum event_throttle_state */
	__u32 reserved; /* zero */
	char comm[EVENT_COMM_BYTES];
};

enum event_flow_direction {
	FLOW_DIRECTION_UNKNOWN = 0,
	FLOW_EGRESS = 1, /* this socket's user began: connect(), or sent first */
	FLOW_INGRESS = 2, /* accepted, or the peer sent first */
};

enum event_flow_state {
	FLOW_STATE_OPEN = 1, /* a connect() is under way (only in a non-final part) */
	FLOW_STATE_ESTABLISHED = 2, /* (only in a non-final part); datagrams: it goes on */
	FLOW_STATE_CLOSED = 3, /* was established, has ended */
	FLOW_STATE_FAILED = 4, /* never was established; `error` and `ending` say why */
	FLOW_STATE_REFUSED = 5, /* somebody tried ports where nobody listens; see `count` */
};

enum event_flow_ending {
	ENDING_UNKNOWN = 0,
	ENDING_FIN_LOCAL = 1, /* this end closed first */
	ENDING_FIN_REMOTE = 2,
	ENDING_RESET_LOCAL = 3, /* this end aborted */
	ENDING_RESET_REMOTE = 4, /* refused, when state is FAILED */
	ENDING_TIMEOUT = 5, /* the peer went silent or never answered */
	ENDING_UNREACHABLE = 6, /* the network or the host said so */
	ENDING_ABORTED = 7, /* given up by its own user before it was established */
	ENDING_IDLE = 8, /* datagrams: nothing moved for long */
	ENDING_CLOSED = 9, /* datagrams: the socket was closed, or took another peer */
};

enum event_owner_quality {
	OWNER_UNKNOWN = 0,
	OWNER_INHERITED = 1, /* the listener's owner: nobody was seen using this very socket */
	OWNER_SNAPSHOT = 2, /* found by an iterator: it alone holds the socket */
	OWNER_KERNEL = 3, /* a kernel socket: no process owns it */
	OWNER_CREATOR = 4, /* made the socket; nobody was seen using it */
	OWNER_CALLER = 5, /* seen in connect, send, receive or release on this socket */
};

enum event_flow_flag {
	FLOW_FINAL = 1u << 0, /* the last part of this flow: counters are complete */
	FLOW_COUNTERS_RESET = 1u << 1, /* the socket was reused before its counters could be read */
	FLOW_IPV6 = 1u << 2, /* IPv6 on the wire (not IPv4-mapped) */
	/* A second process was seen using the socket; owner is the first. Older than the sensor:
	 * several hold it, and which of them uses it is unknown. */
	FLOW_SHARED = 1u << 3,
	FLOW_PREEXISTING = 1u << 4, /* older than the sensor: opened_ns is when it was found */
	FLOW_FOLDED = 1u << 5, /* sums of `count` flows of one owner that found no room; no peer */
	FLOW_UNSEEN = 1u << 6, /* with FINAL: among its first bytes are some that no hook saw */
};

enum event_syn_flag {
	SYN_ID_ZERO = 1u << 0, /* IPv4 identification, IPv6 flow label */
	SYN_DONT_FRAGMENT = 1u << 1,
	SYN_PAYLOAD = 1u << 2,
};

#define SYN_OPTIONS_BYTES_MAX 40

/* The first segment of a TCP connection, as this host sent or received it. */
struct flow_syn {
	__u8 ip_version; /* 4, 6; 0: it was not seen, nor is the rest filled in */
	__u8 ttl; /* hop limit */
	__u8 bits; /* enum event_syn_flag */
	__u8 options_bytes;
	__u16 window; /* in host order, as are the next two */
	__u16 flags; /* bytes 12 and 13 of the header without the data offset */
	__u16 ip_options_bytes;
	__u8 reserved[6]; /* zero */
	__u8 options[SYN_OPTIONS_BYTES_MAX];
};

#define FLOW_SPLT_MAX 32

/* Sequence of packet lengths and times: bpf/lib/splt.h says what is counted. */
struct flow_splt {
	__s16 length[FLOW_SPLT_MAX]; /* positive: the source sent them */
	__u8 gap[FLOW_SPLT_MAX];
	__u8 count;
	__u8 reserved[7]; /* zero */
};

/*
 * One part of a flow: cumulative since its opening. A flow is one socket's exchange with one peer;
 * several of one socket differ in `index`. (cookie, index) names a flow within one boot.
 *
 * FLOW_STATE_REFUSED has no socket: one record tells of `count` attempts of one source
 * (remote_addr) on `ports` different ports, local_port being the first; the cookie is made up and
 * has bit 63 set. FLOW_FOLDED likewise: `count` flows of one owner, its sums, no remote end.
 */
struct event_flow {
	struct event_header header; /* time_ns: when this part was made; the end, when final */
	struct process_key owner;
	struct process_key listener; /* who called listen(), for FLOW_INGRESS */
	__u8 local_addr[16];
	__u8 remote_addr[16];
	__u64 cookie;
	__u64 opened_ns; /* connect(); FLOW_INGRESS: the handshake's end; datagrams: the first */
	__u64 sent_bytes; /* unique payload bytes, retransmissions left out */
	__u64 received_bytes; /* unique payload bytes */
	__u64 sent_packets; /* segments, those without payload included */
	__u64 received_packets;
	__u64 cgroup_id; /* of the socket: where its creator was */
	__u32 sent_data_packets; /* with payload; for datagrams all are */
	__u32 received_data_packets;
	__u32 retransmits; /* segments */
	__u32 srtt_us;
	__u32 min_rtt_us; /* 0: none measured */
	__u32 handshake_us; /* connect() to established; 0 for FLOW_INGRESS */
	__u32 error; /* errno of a failed attempt or of the end, 0 when there was none */
	__u32 uid; /* of the socket (sock.sk_uid) */
	__u32 netns; /* inode number of its network namespace */
	__u32 count; /* 1, but for REFUSED and FOLDED */
	__u32 part; /* 0, 1, 2 … of this flow */
	__u32 index; /* how many flows this socket has carried before */
	__u16 local_port;
	__u16 remote_port;
	__u16 ports; /* REFUSED: about how many different local ports; else 0 */
	__u8 icmp_type; /* ICMP: of the first message sent or, if none, received */
	__u8 icmp_code;
	__u8 protocol; /* IANA number: 6 TCP, 17 UDP, 1 and 58 ICMP, else a raw socket's */
	__u8 direction; /* enum event_flow_direction */
	__u8 state; /* enum event_flow_state */
	__u8 ending; /* enum event_flow_ending; 0 while it goes on */
	__u8 owner_quality;
	__u8 flags; /* enum event_flow_flag */
	__u8 first_bytes; /* enum shape_class of bpf/lib/shape.h: of bytes that nothing recognises
			   */
	__u8 reserved; /* zero */
	__u32 pieces; /* EVENT_BYTES due so far: fewer known of were lost, or went to another */
	__u32 reserved_too; /* zero */
	struct flow_syn syn;
	struct flow_syn synack; /* its answer */
	struct flow_splt splt;
};

enum event_bytes_flag {
	BYTES_STAY = 1u << 0, /* the slot is not to be freed: it holds more */
};

/*
 * First bytes of a flow, in a slot of the arena (arena.h): part of a message that begins at `start`
 * of its direction's stream, or datagram number `start` (from 0) of those told of. With `cut` there
 * are none, and it says why some, or a message, will not come. */
struct event_bytes {
	struct event_header header;
	__u64 cookie; /* with `index`: the flow, as in struct event_flow */
	__u32 index;
	__u32 start;
	__u32 offset; /* in the message */
	__u32 total_bytes; /* of the message; 0: not known yet */
	__u32 slot; /* 0: none */
	__u32 generation; /* of the slot when these bytes were put there */
	__u16 slot_at; /* bytes begin here in it */
	__u16 bytes;
	__u8 protocol; /* enum dissect_protocol of bpf/lib/dissect.h */
	__u8 side; /* 0: the flow's source sent them; 1: the destination */
	__u8 cut; /* enum look_cut of bpf/lib/look_types.h */
	__u8 flags; /* enum event_bytes_flag */
};

#pragma GCC diagnostic pop

ABI_ASSERT(sizeof(struct event_header) == 24, "event_header");
ABI_ASSERT(sizeof(struct process_key) == 16, "process_key");
ABI_ASSERT(sizeof(struct event_fork) == 64, "event_fork");
ABI_ASSERT(sizeof(struct event_exec) == 248, "event_exec");
ABI_ASSERT(sizeof(struct event_exit) == 64, "event_exit");
ABI_ASSERT(sizeof(struct event_cgroup) == 40, "event_cgroup");
ABI_ASSERT(sizeof(struct event_throttle) == 120, "event_throttle");
ABI_ASSERT(sizeof(struct flow_syn) == 56, "flow_syn");
ABI_ASSERT(sizeof(struct flow_splt) == 104, "flow_splt");
ABI_ASSERT(sizeof(struct event_flow) == 432, "event_flow");
ABI_ASSERT(sizeof(struct event_bytes) == 64, "event_bytes");

#endif

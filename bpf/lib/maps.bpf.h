/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every map and knob. Weak, so that each probe file compiles alone and the linked object holds one
 * copy. Sizes that depend on the host (CPUs, configured ring sizes) are set by the keeper before
 * loading.
 */
#ifndef YAGURA_LIB_MAPS_BPF_H
#define YAGURA_LIB_MAPS_BPF_H

#include "config.h"
#include "counters.h"
#include "event.h"
#include "executed.h"
#include "look_types.h"
#include "socket_types.h"
#include "splt.h"
#include <bpf/bpf_helpers.h>

/* What was seen of a connection's first packets. Side 0 is that of its source. All zero when it
 * begins. */
struct flow_look {
	struct look_side side[2];
	/* These beside what else is changed with each segment: a line of memory less. */
	__u32 busy[2]; /* 1: a CPU is looking at a segment of this side */
	__u32 pieces; /* EVENT_BYTES due so far */
	__u16 hold[2]; /* the first slot of the arena that holds early bytes of this side; 0: none
			*/
	struct splt splt;
	struct flow_syn syn;
	struct flow_syn synack;
};

/* What we know of a socket; dies with it. An accepted socket starts with a clone of
 * its listener's. Its cookie, user, namespace and control group are read where the kernel keeps
 * them. */
struct flow_storage {
	struct process_key owner;
	struct process_key listener;
	__u8 local_addr[16];
	__u8 remote_addr[16];
	__u64 opened_ns;
	__u32 handshake_us;
	__u16 local_port;
	__u16 remote_port;
	__u16 index;
	__u16 part; /* of the next record */
	__u16 error; /* errno that its user was told last; reading it clears the kernel's own */
	__u16 flags; /* enum flow_storage_flag */
	__u8 phase; /* enum flow_phase */
	__u8 owner_quality;
	__u8 arm_left;
	__u8 executable_verdict; /* enum filter_verdict of who called connect() or listen() */
	__u8 is_begun; /* payload was seen */
	__u8 shape; /* enum shape_class of the first */
	__u8 reserved[2];
	struct flow_look look;
};
/* Memory is charged per socket; keep it small: the kernel adds up to 80 bytes and rounds up to a
 * power of two. */
_Static_assert(sizeof(struct flow_storage) <= 432, "flow_storage");

enum flow_phase {
	FLOW_PHASE_NONE = 0,
	FLOW_PHASE_LISTEN = 1,
	FLOW_PHASE_OPEN = 2, /* SYN under way */
	FLOW_PHASE_ESTABLISHED = 3,
	FLOW_PHASE_DONE = 4, /* the final record is out, or there is to be none */
};

enum flow_storage_flag {
	STORAGE_IPV6 = 1u << 0,
	/* This callback was on before us: somebody else wants it, leave it on. */
	STORAGE_FOREIGN_HDR_CB = 1u << 1,
	STORAGE_EGRESS = 1u << 2, /* it called connect(); neither: found, and hard to tell */
	STORAGE_INGRESS = 1u << 3, /* accepted */
	STORAGE_SHARED = 1u << 4,
	STORAGE_PREEXISTING = 1u << 5,
	STORAGE_OVER = 1u << 6, /* the connection had ended before its last descriptor was closed */
};

/* Path, directory and script; argv follows, then the ancestors. */
#define EXEC_NAMES_BYTES_MAX (2 * EVENT_PATH_BYTES_MAX + EVENT_SCRIPT_BYTES_MAX)
#define EXEC_TEXTS_BYTES_MAX (EXEC_NAMES_BYTES_MAX + EVENT_ARGS_BYTES_MAX)
#define EXEC_BYTES_MAX (EXEC_TEXTS_BYTES_MAX + EVENT_ANCESTORS_MAX * sizeof(struct process_key))
/* Of an environment, from its beginning: what most programs have, several times over. */
#define ENVIRONMENT_BYTES_MAX 8192
#define ENVIRONMENT_WORDS (ENVIRONMENT_BYTES_MAX / sizeof(__u64))
#define ENVIRONMENT_NAME_WORDS 3 /* a name may begin in the last of them */

/* Where a record with names is put together: larger than a per-CPU array value may be, so a plain
 * array with an entry per CPU. Claimed with a flag: a preempted handler must not find its bytes
 * overwritten. */
struct exec_scratch {
	__u32 claimed;
	__u32 used; /* of bytes */
	__u32 names_left; /* that the path being written may still have */
	__u32 before_environment; /* zero: a NUL before its first name */
	__u64 environment[ENVIRONMENT_WORDS +
			  ENVIRONMENT_NAME_WORDS]; /* looked at and never told */
	struct event_header due; /* of the record being made */
	struct executed_script script;
	__u64 script_file; /* address of its struct file; 0: not known */
	__u8 event[sizeof(struct event_exec)];
	__u8 bytes[EXEC_BYTES_MAX];
};
_Static_assert(offsetof(struct exec_scratch, bytes) ==
		       offsetof(struct exec_scratch, event) + sizeof(struct event_exec),
	       "bytes follow the event");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} ring_valuable __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} ring_bulk __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counters);
} counters __weak SEC(".maps");

/* One entry a CPU: how many records of each ring became due there. */
struct sequences {
	__u64 taken[EVENT_RING_COUNT];
	__u64 apart[6]; /* a cache line of its own */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sequences);
} sequences __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct exec_scratch);
} exec_scratch __weak SEC(".maps");

/* Processes of several threads whose exit was told a moment ago; see is_last_thread(). */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct process_key);
	__type(value, __u8);
} exits_told __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct flow_storage);
} flow_storage __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct live_config);
} live_config __weak SEC(".maps");

const volatile struct probe_config probe_config __weak = {
	.wakeup_fill_bytes = 1 << 20,
	.args_bytes_max = EVENT_ARGS_BYTES_MAX,
	.arm_attempts_max = 255, /* more than a full receive buffer makes unread */
	.sweep_interval_ms = 60000,
	.datagram_idle_ms = 60000,
	.datagram_oneway_idle_ms = 30000,
	.refused_idle_ms = 10000,
	.first_bytes = DISSECT_ALL,
	.arena_slots = 4096,
	.looks_at_tcp = PROBE_LOOK_SYN | PROBE_LOOK_LENGTHS | PROBE_LOOK_BYTES,
};

/* Keeps the records' layout in the object's BTF, where tests and auditors find it; never read. */
union event_record {
	struct event_fork fork;
	struct event_exec exec;
	struct event_exit exit;
	struct event_throttle throttle;
	struct event_cgroup cgroup;
	struct event_flow flow;
	struct event_bytes bytes;
};
const union event_record *const event_layout __weak = NULL;

#endif

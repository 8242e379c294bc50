/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel/user contract: knobs and limits. `struct probe_config` is read-only data of the BPF
 * object, set by the keeper between open and load, so that the verifier deletes what is switched
 * off.
 */
#ifndef YAGURA_ABI_CONFIG_H
#define YAGURA_ABI_CONFIG_H

#include <linux/types.h>

/* What is looked at in the first packets of a TCP connection; LENGTHS: of every flow. */
enum probe_look {
	PROBE_LOOK_SYN = 1u << 0,
	PROBE_LOOK_LENGTHS = 1u << 1,
	PROBE_LOOK_BYTES = 1u << 2,
};

struct probe_config {
	__u64 cgroup_id; /* what is not in this control group, or below it, has no flows here */
	__u32 wakeup_fill_bytes; /* submit without a wake-up until this much waits in the ring */
	__u32 args_bytes_max; /* 0 … EVENT_ARGS_BYTES_MAX */
	__u32 arm_attempts_max; /* segments of an accepted socket looked at for its first sender */
	__u32 sweep_interval_ms; /* how often the keeper has the open flows looked at */
	__u32 datagram_idle_ms; /* datagrams both ways: over after so much silence */
	__u32 datagram_oneway_idle_ms; /* datagrams one way only */
	__u32 refused_idle_ms; /* attempts of one source at closed ports */
	__u32 first_bytes; /* DISSECT_BIT of each protocol whose first bytes are wanted; 0: none */
	__u32 arena_slots; /* its head included */
	__u32 looks_at_tcp; /* enum probe_look; 0: TCP packets leave at once */
};

/*
 * What may change while the programs run: the one entry of the map live_config, written by the
 * keeper. Filters are looked at once, when a flow or a process begins: a rule that says keep wins
 * over one that says drop, and without any rule that matches `filter_default` decides. Of address
 * rules the longest prefix speaks for an address. For processes there are the last three kinds; as
 * long as none of these has a rule, the default is for flows only.
 */
enum filter_verdict { FILTER_NONE = 0, FILTER_DROP = 1, FILTER_KEEP = 2 };

/* X(NAME, name, key): one map each, filter_<name>, from a key to an enum filter_verdict. */
#define FILTERS(X)                                                                                 \
	X(ADDRESS, address, struct filter_address) /* LPM trie; either end of a flow */            \
	X(PORT, port, struct filter_port) /* either end of a flow */                               \
	X(CGROUP, cgroup, __u64) /* of the process, of the socket */                               \
	X(UID, uid, __u32) /* real, of the process; of the socket */                               \
	X(EXECUTABLE, executable, struct filter_executable)

enum filter {
#define FILTER_ENUM(NAME, name, key) FILTER_##NAME,
	FILTERS(FILTER_ENUM)
#undef FILTER_ENUM
		FILTER_COUNT
};

#define FILTER_RULES_MAX 1024 /* of each map */

struct filter_address {
	__u32 prefix_bits; /* 0 … 128; of the mapped form for IPv4 (96 more) */
	__u8 addr[16];
};

struct filter_port {
	__u16 port; /* network byte order */
	__u8 protocol; /* IANA; 0: any */
	__u8 reserved; /* zero */
};

struct filter_executable {
	__u64 inode;
	__u32 device; /* as in struct event_exec */
	__u32 reserved; /* zero */
};

struct live_config {
	__u32 filters; /* bit n: enum filter n has rules; a map without any is not looked at */
	__u32 filter_default; /* enum filter_verdict, never NONE */
	/* Token bucket of each control group, over all CPUs. 0 a second: no throttling. */
	__u32 process_events_per_s; /* forks, execs and exits together */
	__u32 process_burst;
	__u32 flows_per_s;
	__u32 flow_burst;
};

#endif

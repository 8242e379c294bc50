/* SPDX-License-Identifier: Apache-2.0 */
/* Events as the kernel side would write them, for tests: good ones, to be spoiled by the test. */
#ifndef YAGURA_TESTS_SUPPORT_EVENT_BUILD_H
#define YAGURA_TESTS_SUPPORT_EVENT_BUILD_H

#include "bpf/abi/event.h"

#include <stdint.h>
#include <string.h>

struct built_event {
	size_t size;
	_Alignas(8) uint8_t
		bytes[sizeof(struct event_exec) + EVENT_PATH_BYTES_MAX + EVENT_ARGS_BYTES_MAX + 64];
};

static inline struct process_key build_key(uint64_t start_ns, uint32_t pid, uint32_t exec_count)
{
	return (struct process_key){ start_ns, pid, exec_count };
}

static inline struct event_header build_header(enum event_kind kind, size_t size, uint64_t time_ns)
{
	return (struct event_header){
		.size_bytes = (uint32_t)size,
		.kind = (uint16_t)kind,
		.cpu = 1,
		.time_ns = time_ns,
	};
}

static inline struct event_fork build_fork(struct process_key process, struct process_key parent,
					   uint64_t time_ns)
{
	return (struct event_fork){
		.header = build_header(EVENT_FORK, sizeof(struct event_fork), time_ns),
		.process = process,
		.parent = parent,
	};
}

static inline struct event_exit build_exit(struct process_key process, uint64_t time_ns)
{
	return (struct event_exit){
		.header = build_header(EVENT_EXIT, sizeof(struct event_exit), time_ns),
		.process = process,
		.status = 3 << 8,
		.uid = 1000,
		.comm = "ls",
	};
}

/* Only the fixed part: what the process table wants. Each number another one. */
static inline struct event_exec build_exec(struct process_key process, struct process_key parent,
					   uint64_t time_ns)
{
	return (struct event_exec){
		.header = build_header(EVENT_EXEC, sizeof(struct event_exec), time_ns),
		.process = process,
		.parent = parent,
		.cgroup_id = 77,
		.cap_effective = 1ull << 40 | 1,
		.cap_permitted = 1ull << 40 | 2,
		.cap_ambient = 3,
		.inode = 4,
		.file_bytes = 5,
		.ctime_ns = 7,
		.mtime_ns = 8,
		.device = 9u << 20 | 10u,
		.nlink = 11,
		.mode = 0100755,
		.uid = 1000,
		.gid = 1001,
		.euid = 1002,
		.egid = 1003,
		.suid = 1004,
		.loginuid = 1005,
		.audit_session = 12,
		.tty = 136u << 20 | 13u,
		.session_pid = 14,
		.namespace_pid = 15,
		.namespaces = { .cgroup = 16,
				.ipc = 17,
				.mnt = 18,
				.net = 19,
				.pid = 20,
				.user = 21,
				.uts = 22 },
		.args_total_bytes = 6,
		.comm = "ls",
	};
}

static inline struct event_throttle build_throttle(uint64_t time_ns)
{
	return (struct event_throttle){
		.header = build_header(EVENT_THROTTLE, sizeof(struct event_throttle), time_ns),
		.state = THROTTLE_STOPPED,
	};
}

static inline struct event_bytes build_bytes(uint64_t time_ns)
{
	return (struct event_bytes){
		.header = build_header(EVENT_BYTES, sizeof(struct event_bytes), time_ns),
		.cookie = 0x1234,
		.slot = 7,
		.generation = 1,
		.bytes = 100,
		.offset = 20,
		.total_bytes = 120,
		.protocol = 1,
	};
}

static inline struct event_flow build_flow(struct process_key owner, uint64_t time_ns)
{
	struct event_flow flow = {
		.header = build_header(EVENT_FLOW, sizeof(struct event_flow), time_ns),
		.owner = owner,
		.cookie = 0x1234,
		.opened_ns = time_ns - 500,
		.sent_bytes = 10,
		.received_bytes = 20,
		.sent_packets = 3,
		.received_packets = 4,
		.cgroup_id = 78,
		.sent_data_packets = 6,
		.received_data_packets = 7,
		.retransmits = 1,
		.srtt_us = 150,
		.min_rtt_us = 140,
		.handshake_us = 99,
		.uid = 1006,
		.netns = 8,
		.count = 1,
		.part = 2,
		.index = 5,
		.local_port = __builtin_bswap16(40000),
		.remote_port = __builtin_bswap16(443),
		.protocol = 6,
		.direction = FLOW_EGRESS,
		.state = FLOW_STATE_CLOSED,
		.ending = ENDING_FIN_LOCAL,
		.owner_quality = OWNER_CALLER,
		.flags = FLOW_FINAL,
	};

	memset(flow.local_addr, 0x11, sizeof(flow.local_addr));
	memset(flow.remote_addr, 0x22, sizeof(flow.remote_addr));
	return flow;
}

static inline void build_from(struct built_event *to, const void *event, size_t size)
{
	memcpy(to->bytes, event, size);
	to->size = size;
}

/* An exec of `kind` with both byte parts; lengths and the header's size are set from them. */
static inline void build_exec_with(struct built_event *to, enum event_kind kind,
				   struct event_exec fixed, const void *path, size_t path_size,
				   const void *args, size_t args_size)
{
	to->size = sizeof(fixed) + path_size + args_size;
	fixed.header.kind = (uint16_t)kind;
	fixed.header.size_bytes = (uint32_t)to->size;
	fixed.path_bytes = (uint32_t)path_size;
	fixed.args_bytes = (uint32_t)args_size;
	memcpy(to->bytes, &fixed, sizeof(fixed));
	if (path_size > 0)
		memcpy(to->bytes + sizeof(fixed), path, path_size);
	if (args_size > 0)
		memcpy(to->bytes + sizeof(fixed) + path_size, args, args_size);
}

#endif

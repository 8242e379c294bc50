/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel/user contract: every counter the BPF programs keep. One array entry per possible CPU,
 * each a struct counters; the map is mmapable, the keeper adds the CPUs up on request. All count
 * from the moment the programs were loaded and never go back.
 */
#ifndef YAGURA_ABI_COUNTERS_H
#define YAGURA_ABI_COUNTERS_H

#include <linux/types.h>

/* X(NAME, name, help). `generated` counts before the ring is asked for room, when a record
 * is due. */
#define COUNTERS(X)                                                                                \
	X(GENERATED_FORK, generated_fork, "fork events due")                                       \
	X(GENERATED_EXEC, generated_exec, "exec records due")                                      \
	X(GENERATED_EXIT, generated_exit, "exit records due")                                      \
	X(GENERATED_SNAPSHOT, generated_snapshot, "processes listed by an iterator")               \
	X(GENERATED_CGROUP, generated_cgroup, "names of control groups due")                       \
	X(GENERATED_THROTTLE, generated_throttle, "throttle events due")                           \
	X(GENERATED_GONE, generated_gone, "ends of filtered processes due")                        \
	X(GENERATED_FLOW, generated_flow, "flow records due, each part counts")                    \
	X(GENERATED_BYTES, generated_bytes, "pieces of first bytes due")                           \
	X(LOST_FORK, lost_fork, "fork events dropped: ring full")                                  \
	X(LOST_EXEC, lost_exec, "exec records dropped: ring full or scratch busy")                 \
	X(LOST_EXIT, lost_exit, "exit records dropped: ring full")                                 \
	X(LOST_SNAPSHOT, lost_snapshot, "listed processes dropped: ring full or scratch busy")     \
	X(LOST_CGROUP, lost_cgroup, "names of control groups dropped: ring full or scratch busy")  \
	X(LOST_THROTTLE, lost_throttle, "throttle events dropped: ring full")                      \
	X(LOST_GONE, lost_gone, "ends of filtered processes dropped: ring full")                   \
	X(LOST_FLOW, lost_flow, "flow records dropped: ring full")                                 \
	X(LOST_BYTES, lost_bytes, "pieces of first bytes dropped: ring full")                      \
	X(THROTTLED_FORK, throttled_fork, "fork events of a control group over its budget")        \
	X(THROTTLED_EXEC, throttled_exec, "exec records of a control group over its budget")       \
	X(THROTTLED_EXIT, throttled_exit, "exit records of a control group over its budget")       \
	X(THROTTLED_FLOW, throttled_flow, "flow records of a control group over its budget")       \
	X(FILTERED_EXEC, filtered_exec, "executions that a filter left out (not generated)")       \
	X(FILTERED_EXIT, filtered_exit, "exits that a filter left out (not generated)")            \
	X(FILTERED_FLOW, filtered_flow,                                                            \
	  "flows, attempts at closed ports that a filter left out (not generated)")                \
	X(FLOW_FOLDED, flow_folded, "datagram flows told only in sums: their table was full")      \
	X(FLOW_UNTRACKED, flow_untracked, "connections without storage: memory was refused")       \
	X(FLOW_OWNER_UNKNOWN, flow_owner_unknown, "final flow records without an owner")           \
	X(FLOW_COUNTERS_RESET, flow_counters_reset, "flows whose socket was reused unread")        \
	X(BYTES_NO_ROOM, bytes_no_room, "pieces of first bytes dropped: arena full")               \
	X(BYTES_UNSEEN, bytes_unseen, "first bytes that passed no hook, or came too early")        \
	X(BYTES_RACED, bytes_raced, "segments not looked at: another CPU was at it")               \
	X(PATH_TRUNCATED, path_truncated, "executable paths cut")                                  \
	X(PATH_UNREADABLE, path_unreadable, "executable paths that could not be read")             \
	X(ARGS_TRUNCATED, args_truncated, "argument lists cut")                                    \
	X(ARGS_UNREADABLE, args_unreadable, "argument lists that could not be read")

enum counter {
#define COUNTER_ENUM(NAME, name, help) COUNTER_##NAME,
	COUNTERS(COUNTER_ENUM)
#undef COUNTER_ENUM
		COUNTER_COUNT
};

struct counters {
	__u64 value[COUNTER_COUNT];
};

#endif

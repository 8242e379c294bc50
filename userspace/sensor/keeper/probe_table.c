/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/probe_table.h"

#include <stddef.h>

const struct probe probe_table[] = {
	{ .name = "process-fork",
	  .required = true,
	  .ways = { { "yagura_fork", PROBE_HOOK_TRACEPOINT, "btf_trace_sched_process_fork" } },
	  .help = "a process is created" },
	{ .name = "process-exec",
	  .required = true,
	  .ways = { { "yagura_exec", PROBE_HOOK_TRACEPOINT, "btf_trace_sched_process_exec" } },
	  .help = "a program is executed: path, argv, credentials" },
	{ .name = "process-exit",
	  .required = true,
	  .ways = { { "yagura_exit", PROBE_HOOK_TRACEPOINT, "btf_trace_sched_process_exit" } },
	  .help = "a process ends" },
	{ .name = "process-snapshot",
	  .required = false,
	  .ways = { { "yagura_snapshot", PROBE_HOOK_ITERATOR, "bpf_iter__task" } },
	  .help = "the processes that ran before the sensor" },
	{ .name = "tcp-life",
	  .required = true,
	  .ways = { { "yagura_sockops", PROBE_HOOK_CGROUP, NULL } },
	  .help = "TCP connections begin, are established, fail; who connects, listens, sends" },
	{ .name = "tcp-release",
	  .required = false,
	  .ways = { { "yagura_release", PROBE_HOOK_CGROUP, NULL } },
	  .help = "who closes an accepted connection that nobody was seen sending on" },
	{ .name = "tcp-end",
	  .required = true,
	  .ways = { { "yagura_destroy", PROBE_HOOK_TRACEPOINT, "btf_trace_tcp_destroy_sock" } },
	  .help = "final counters of a TCP connection" },
	{ 0 },
};

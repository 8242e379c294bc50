/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every BPF program we may load, by what it is for. A probe has ways, best first; the loader takes
 * the first whose needs this kernel meets and leaves the other programs out. A program may serve
 * several probes.
 */
#ifndef YAGURA_KEEPER_PROBE_TABLE_H
#define YAGURA_KEEPER_PROBE_TABLE_H

#include "bpf/abi/event.h"
#include "sensor/keeper/features.h"

#include <stdbool.h>
#include <stdint.h>

#define PROBE_WAYS_MAX 4

/* How a program is attached; told by its section, spelled out because auditors read this table. */
enum probe_hook {
	PROBE_HOOK_TRACEPOINT,
	PROBE_HOOK_CGROUP,
	PROBE_HOOK_ITERATOR, /* over everything there is of its kind */
	PROBE_HOOK_MAP_ITERATOR, /* over every entry of `map` */
	PROBE_HOOK_FUNCTION_EXIT, /* enhanced tier: fexit */
	PROBE_HOOK_SECURITY, /* enhanced tier: LSM */
};

struct probe_way {
	const char *program; /* the SEC() function */
	enum probe_hook hook;
	const char *needs; /* a type that the kernel's BTF must have; NULL: nothing special */
	uint32_t features; /* set of enum feature: all must be there */
	const char *map; /* of a map iterator */
};

struct probe {
	const char *name;
	bool required; /* without it the sensor would be blind: do not start */
	enum event_kind makes; /* what is missing when it does not run; NONE: it makes nothing */
	struct probe_way ways[PROBE_WAYS_MAX];
	const char *help;
};

/* Rows the keeper has to find again: those it runs when asked. */
#define PROBE_PROCESS_SNAPSHOT "process-snapshot"
#define PROBE_TCP_HELD "tcp-held"
#define PROBE_TCP_UNHELD "tcp-unheld"
#define PROBE_TCP_SWEEP "tcp-sweep"
#define PROBE_THROTTLE "throttle"
#define PROBE_DATAGRAM_HELD "datagram-held"
#define PROBE_DATAGRAM_SWEEP "datagram-sweep"
#define PROBE_DATAGRAM_SWEEP_MANY "datagram-sweep-many"
#define PROBE_DATAGRAM_SWEEP_OTHER "datagram-sweep-other"
#define PROBE_REFUSED_SWEEP "refused-sweep"

/* Its best program is at a hook that locked-down hosts often refuse: what that adds is welcome and
 * never needed, so there is another way. */
static inline bool probe_is_enhanced(const struct probe *probe)
{
	return probe->ways[0].hook == PROBE_HOOK_FUNCTION_EXIT ||
	       probe->ways[0].hook == PROBE_HOOK_SECURITY;
}

/* Ends with a row whose name is NULL. */
extern const struct probe probe_table[];

#endif

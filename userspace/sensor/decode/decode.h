/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ring bytes to a checked event. The kernel side is ours, but a decoder that trusted it would turn
 * one bug there into one here: every length is checked against the record's size. One
 * decode_<kind>.c per kind, one line each in EVENT_KINDS; without decode_<kind>() the link fails.
 */
#ifndef YAGURA_DECODE_DECODE_H
#define YAGURA_DECODE_DECODE_H

#include "bpf/abi/event.h"
#include "common/cursor.h"
#include "telemetry/record.h"

#include <stdbool.h>

/* The path is turned round ("/usr/bin/ls") into `path`, NUL-terminated. One that was cut lacks its
 * beginning, so it gets no leading slash: nobody shall take it for a whole one. Args point into the
 * ring. */
struct decoded_exec {
	char path[EVENT_PATH_BYTES_MAX + 2];
	size_t path_length;
	char cwd[EVENT_PATH_BYTES_MAX + 2];
	size_t cwd_length; /* 0: not known */
	struct text script; /* as execve() was given it; empty for a program of its own */
	struct text args; /* as in memory: a NUL after each; the last one may lack it when cut */
	struct process_key ancestors[EVENT_ANCESTORS_MAX]; /* fixed.ancestor_count, nearest first */
	struct event_exec fixed; /* last, for its flexible `bytes`, which stay in the ring */
};

/* A control group's path, turned round: "/" is the root. */
struct decoded_cgroup {
	uint64_t id;
	char path[EVENT_CGROUP_BYTES_MAX + 2];
	size_t path_length;
};

struct decoded_event {
	enum event_kind kind;
	struct event_header header;
	union {
		struct event_fork fork;
		struct decoded_exec exec; /* EVENT_EXEC and EVENT_SNAPSHOT */
		struct event_exit exit; /* EVENT_EXIT and EVENT_GONE */
		struct event_flow flow;
		struct event_bytes bytes;
		struct event_throttle throttle;
		struct decoded_cgroup cgroup;
	};
};

/* 0, or -EBADMSG when the bytes are not one whole, consistent event of a known kind. */
int decode_event(const uint8_t *bytes, size_t size, struct decoded_event *ret_event);

/* One per kind. `record` is the whole event, header included: decode_event has checked that. They
 * fill the kind's own member; 0 or -EBADMSG. */
#define DECODE_DECLARE(NAME, name, ring)                                                           \
	int decode_##name(struct cursor record, struct decoded_event *ret_event);
EVENT_KINDS(DECODE_DECLARE)
#undef DECODE_DECLARE

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The finished records: what leaves the host, as structs. Sensor, replay, collector and ctl share
 * them. Plain values: nothing here owns memory, texts point into whatever the producer keeps alive
 * (the process table at the sensor, the decoded batch at the collector).
 *
 * Times are UTC nanoseconds since 1970; the wire keeps milliseconds (proto/telemetry.proto says
 * so).
 */
#ifndef YAGURA_TELEMETRY_RECORD_H
#define YAGURA_TELEMETRY_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of somebody else's, not NUL-terminated and not necessarily UTF-8. */
struct text {
	const char *at;
	size_t length;
};

/* X(NAME, name): the record classes of the conservation equation, on lane A unless they
 * are flows. */
#define RECORD_CLASSES(X)                                                                          \
	X(EXEC, exec)                                                                              \
	X(EXIT, exit)                                                                              \
	X(FLOW, flow)                                                                              \
	X(GAP, gap)

enum record_class {
#define RECORD_CLASS_ENUM(NAME, name) RECORD_##NAME,
	RECORD_CLASSES(RECORD_CLASS_ENUM)
#undef RECORD_CLASS_ENUM
		RECORD_CLASS_COUNT
};

/* The telemetry name of a class ("exec"), or "?" outside the enum. */
const char *record_class_name(enum record_class class);

/* Identity of a process on one host within one boot. All zero: no process known. */
struct record_process_key {
	uint64_t start_ns; /* CLOCK_BOOTTIME */
	uint32_t pid;
	uint32_t exec_count;
};

bool record_process_key_is_none(const struct record_process_key *key);

/* What a record says of a process. `executable.length` is 0 when the sensor never learned it. */
struct record_process {
	struct record_process_key key;
	uint32_t uid; /* real user and group; UINT32_MAX when unknown */
	uint32_t gid;
	struct text executable; /* absolute path */
	struct text args; /* argv, a NUL after each */
	bool args_truncated;
};

struct record_exec {
	uint64_t time_ns;
	struct record_process process;
	struct record_process parent;
	uint32_t euid;
	uint32_t egid;
	uint64_t cgroup_id;
	uint32_t args_total_bytes; /* how long argv was before it was cut to args */
	bool deleted; /* the executable had no name at that moment (memfd, unlinked) */
};

struct record_exit {
	uint64_t time_ns;
	struct record_process process;
	int32_t status; /* as wait(2) reports it */
};

enum record_direction { DIRECTION_UNKNOWN = 0, DIRECTION_EGRESS = 1, DIRECTION_INGRESS = 2 };
enum record_flow_state { FLOW_OPEN = 1, FLOW_ESTABLISHED = 2, FLOW_CLOSED = 3, FLOW_FAILED = 4 };
enum record_owner_quality {
	QUALITY_UNKNOWN = 0,
	QUALITY_INHERITED = 1,
	QUALITY_SNAPSHOT = 2,
	QUALITY_KERNEL = 3,
	QUALITY_CREATOR = 4,
	QUALITY_CALLER = 5
};

/* The telemetry names ("egress", "closed", "caller"); "unknown" outside the enum. */
const char *record_direction_name(enum record_direction direction);
const char *record_flow_state_name(enum record_flow_state state);
const char *record_owner_quality_name(enum record_owner_quality quality);

/* One end of a flow. Addresses in network byte order, IPv4 as IPv4-mapped IPv6; port in
 * host order. */
struct record_endpoint {
	uint8_t addr[16];
	uint16_t port;
	uint64_t bytes; /* unique payload bytes this end sent */
	uint64_t packets; /* segments this end sent */
};

/* One part of a flow, cumulative. `source` is the end that initiated it, at both of its sockets. */
struct record_flow {
	uint64_t start_ns;
	uint64_t end_ns; /* of this part */
	uint64_t cookie; /* with `index`: names the flow within one boot */
	uint32_t index;
	uint32_t part;
	bool final;
	bool counters_reset;
	enum record_direction direction;
	enum record_flow_state state;
	uint8_t protocol; /* IANA protocol number */
	uint32_t error; /* errno of a failed attempt, else 0 */
	struct record_endpoint source;
	struct record_endpoint destination;
	uint32_t retransmits;
	uint32_t srtt_us;
	uint32_t handshake_us;
	enum record_owner_quality owner_quality;
	struct record_process process;
	struct record_process listener; /* key all zero when there is none */
};

/* X(NAME, name): why records are missing. */
#define GAP_REASONS(X)                                                                             \
	X(UNKNOWN, unknown)                                                                        \
	X(RING_FULL, ring_full) /* the kernel ring had no room */                                  \
	X(SPOOL_FULL, spool_full) /* the oldest spooled records gave way to newer ones */          \
	X(CORRUPT, corrupt) /* spooled bytes did not verify when read again */                     \
	X(NO_MEMORY, no_memory) /* the worker had no memory to keep it */                          \
	X(MALFORMED, malformed) /* an event from the kernel did not decode */                      \
	X(UNEXPLAINED, unexplained) /* noticed by the collector: a hole nobody accounted for */

enum gap_reason {
#define GAP_REASON_ENUM(NAME, name) GAP_##NAME,
	GAP_REASONS(GAP_REASON_ENUM)
#undef GAP_REASON_ENUM
		GAP_REASON_COUNT
};

const char *gap_reason_name(enum gap_reason reason);

/* So many records of a class are missing, and this is why. */
struct record_gap {
	uint64_t time_ns; /* when it was noticed */
	enum record_class class;
	enum gap_reason reason;
	uint64_t count;
};

/* Any record: what the batch encoder takes and the decoder gives. */
struct record {
	enum record_class class;
	union {
		struct record_exec exec;
		struct record_exit exit;
		struct record_flow flow;
		struct record_gap gap;
	};
};

#endif

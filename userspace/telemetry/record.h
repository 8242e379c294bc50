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

#include "telemetry/file_hash.h"
#include "telemetry/marks.h"
#include "telemetry/text.h"

/* X(NAME, name): the record classes of the conservation equation, on lane A unless they
 * are flows. */
#define RECORD_CLASSES(X)                                                                          \
	X(EXEC, exec)                                                                              \
	X(EXIT, exit)                                                                              \
	X(FLOW, flow)                                                                              \
	X(GAP, gap)                                                                                \
	X(EXEC_UPDATE, exec_update)

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

/* Inode numbers of the namespaces a process is in, as /proc/PID/ns shows them. */
struct record_namespaces {
	uint32_t cgroup;
	uint32_t ipc;
	uint32_t mnt;
	uint32_t net;
	uint32_t pid;
	uint32_t user;
	uint32_t uts;
};

/* What the file was that was executed. Device numbers as stat(2) would give them where the file
 * system says the same inside the kernel (not btrfs, not overlayfs). */
struct record_file {
	uint64_t inode;
	uint64_t bytes;
	uint64_t ctime_ns; /* UTC */
	uint64_t mtime_ns;
	uint32_t device_major;
	uint32_t device_minor;
	uint32_t nlink;
	uint32_t mode; /* as st_mode */
	bool deleted; /* had no name at that moment (memfd, unlinked) */
	bool memfd;
	bool upper_layer; /* in the upper layer of an overlay: not of the image */
	struct record_hash hash;
};

/* X(NAME, name): what is so or not so of an execution; one bit each, here and on the wire, a key
 * and a column of that name each for readers. New ones go to the end. */
#define EXEC_FACTS(X)                                                                              \
	X(ENTERED_CGROUPNS, entered_cgroupns) /* in another namespace than its parent is */        \
	X(ENTERED_IPCNS, entered_ipcns)                                                            \
	X(ENTERED_MNTNS, entered_mntns)                                                            \
	X(ENTERED_NETNS, entered_netns)                                                            \
	X(ENTERED_PIDNS, entered_pidns)                                                            \
	X(ENTERED_USERNS, entered_userns)                                                          \
	X(ENTERED_UTSNS, entered_utsns)                                                            \
	X(LD_PRELOAD, ld_preload) /* is in the environment, whatever it holds */                   \
	X(LD_LIBRARY_PATH, ld_library_path)                                                        \
	X(LD_AUDIT, ld_audit)                                                                      \
	X(ENVIRONMENT_CUT, environment_cut) /* it is longer than what was looked at */             \
	X(ENVIRONMENT_UNKNOWN, environment_unknown) /* it could not be looked at */                \
	X(WRITABLE_FILE, writable_file) /* anybody may write to the executable */                  \
	X(WRITABLE_DIRECTORY, writable_directory) /* to the directory it lies in */                \
	X(TEMPORARY_PLACE, temporary_place) /* below a directory for what nobody keeps */          \
	X(GAINED_PERMITTED, gained_permitted) /* capabilities that the program before had not */   \
	X(GAINED_EFFECTIVE, gained_effective)                                                      \
	X(GAINED_AMBIENT, gained_ambient)                                                          \
	X(NAMESPACE_INIT, namespace_init) /* the first process of its pid namespace */             \
	X(KERNEL_ANCESTOR, kernel_ancestor) /* the last of its ancestors is a kernel thread */     \
	X(ANCESTORS_CUT, ancestors_cut) /* there are more of them than are told */

enum exec_fact_number {
#define EXEC_FACT_NUMBER(NAME, name) EXEC_FACT_NUMBER_##NAME,
	EXEC_FACTS(EXEC_FACT_NUMBER)
#undef EXEC_FACT_NUMBER
		EXEC_FACT_COUNT
};

enum exec_fact {
#define EXEC_FACT_BIT(NAME, name) FACT_##NAME = 1u << EXEC_FACT_NUMBER_##NAME,
	EXEC_FACTS(EXEC_FACT_BIT)
#undef EXEC_FACT_BIT
};

#define RECORD_ANCESTORS_MAX 64
#define RECORD_PX1_BYTES 45

struct record_exec {
	uint64_t time_ns;
	struct record_process process;
	struct record_process parent; /* as the kernel says at this moment */
	struct record_process creator; /* who forked it, where that is another; args left out */
	/* The parent's parent and so on up to pid 1 or a kernel thread, args left out. */
	const struct record_process *ancestors;
	size_t ancestor_count;
	struct record_file file;
	struct record_hash script_hash; /* NONE without a script */
	struct text px1; /* proto/PX1.md: RECORD_PX1_BYTES or, not told, none */
	struct record_namespaces namespaces;
	struct text cwd; /* absolute, unless cut */
	struct text script; /* as execve() was given it, when `executable` is its interpreter */
	struct text cgroup; /* path in the unified hierarchy, "/" the root; empty: not known */
	uint64_t cgroup_id;
	uint64_t cap_effective; /* bit n: capability n of capabilities(7) */
	uint64_t cap_permitted;
	uint64_t cap_ambient;
	uint32_t facts; /* enum exec_fact; bits that it does not have mean nothing */
	uint32_t euid;
	uint32_t former_euid; /* of the program before, where it was another; else UINT32_MAX */
	uint32_t egid;
	uint32_t suid;
	uint32_t loginuid; /* UINT32_MAX: never logged in */
	uint32_t audit_session; /* UINT32_MAX: none */
	uint32_t tty_major; /* 0, 0: no controlling terminal */
	uint32_t tty_minor;
	uint32_t session_pid;
	uint32_t namespace_pid; /* its own number in its innermost pid namespace */
	uint32_t args_total_bytes; /* how long argv was before it was cut to args */
	uint32_t args_redacted; /* secrets that were taken out of args before they were kept */
	bool args_shape; /* args are the elements of a shape, not the arguments themselves */
	bool args_gave_up; /* too much to redact: all arguments but the first were taken out */
	bool privileged; /* credentials rose with this execve (AT_SECURE) */
	bool no_new_privs;
	bool from_thread; /* called by a thread that was not the leader */
	bool first_seen; /* this host had not executed this content before, as far as we remember;
			    false, and no digest: not known */
};

/* What was not known yet when an exec was told: of the same process, key and all. */
struct record_exec_update {
	uint64_t time_ns; /* of this; the exec's is its own */
	struct record_process process;
	struct record_hash hash;
	struct record_hash script_hash;
	struct text px1; /* as the exec's, with its hash */
	bool first_seen;
};

struct record_exit {
	uint64_t time_ns;
	struct record_process process;
	uint64_t run_ns; /* from the process's start, its fork, to this */
	int32_t status; /* as wait(2) reports it */
};

enum record_direction { DIRECTION_UNKNOWN = 0, DIRECTION_EGRESS = 1, DIRECTION_INGRESS = 2 };
enum record_flow_state {
	FLOW_OPEN = 1,
	FLOW_ESTABLISHED = 2,
	FLOW_CLOSED = 3,
	FLOW_FAILED = 4,
	FLOW_REFUSED = 5 /* somebody tried ports where nobody listens: no socket, see `count` */
};
/* How a flow ended, seen from this end; bpf/abi/event.h explains each. */
enum record_flow_ending {
	FLOW_ENDING_UNKNOWN = 0,
	FLOW_ENDING_FIN_LOCAL = 1,
	FLOW_ENDING_FIN_REMOTE = 2,
	FLOW_ENDING_RESET_LOCAL = 3,
	FLOW_ENDING_RESET_REMOTE = 4,
	FLOW_ENDING_TIMEOUT = 5,
	FLOW_ENDING_UNREACHABLE = 6,
	FLOW_ENDING_ABORTED = 7,
	FLOW_ENDING_IDLE = 8,
	FLOW_ENDING_CLOSED = 9
};
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
const char *record_flow_ending_name(enum record_flow_ending ending); /* "fin_local" */
const char *record_owner_quality_name(enum record_owner_quality quality);
/* "tcp", "ipv6-icmp": IANA's keyword of an IP protocol in small letters, NULL for a rare one. */
const char *record_protocol_name(uint8_t protocol);

/* One end of a flow. Addresses in network byte order, IPv4 as IPv4-mapped IPv6; port in
 * host order. */
struct record_endpoint {
	uint8_t addr[16];
	uint16_t port;
	uint64_t bytes; /* unique payload bytes this end sent */
	uint64_t packets; /* segments this end sent */
	uint32_t data_packets; /* those with payload */
};

/* No peer has the unspecified address (of either family): it stands for one never read. */
bool record_addr_is_unspecified(const uint8_t addr[16]);

/* Sequence of packet lengths and times: of the first segments with payload. */
#define SPLT_MAX 32
struct record_splt {
	uint8_t count;
	int16_t length[SPLT_MAX]; /* payload bytes, saturated; positive: the source sent them */
	uint8_t gap[SPLT_MAX]; /* since the one before: 0 below 1 us, else 1 + floor(log2(us)) */
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
	bool shared; /* a second process was seen using the socket; `process` is the first */
	bool preexisting; /* older than the sensor: start_ns is when it was found */
	bool folded; /* `count` flows of one process whose table was full: sums, no peer */
	enum record_direction direction;
	enum record_flow_state state;
	enum record_flow_ending ending; /* unknown while it goes on */
	uint8_t protocol; /* IANA protocol number */
	uint8_t icmp_type; /* of the first message, ICMP only */
	uint8_t icmp_code;
	bool is_ipv6; /* on the wire */
	uint32_t error; /* errno of a failed attempt or of the end, else 0 */
	struct record_endpoint source;
	struct record_endpoint destination;
	uint32_t retransmits;
	uint32_t srtt_us;
	uint32_t min_rtt_us; /* 0: none measured */
	uint32_t handshake_us;
	uint32_t count; /* attempts or flows that this row stands for; 1 elsewhere */
	uint32_t ports; /* refused: about how many different ports were tried */
	uint32_t uid; /* of the socket; UINT32_MAX when unknown */
	uint32_t netns; /* inode number of its network namespace */
	uint64_t cgroup_id; /* of the socket */
	struct text cgroup; /* as in struct record_exec */
	enum record_owner_quality owner_quality;
	struct record_process process;
	struct record_process listener; /* key all zero when there is none */
	struct record_splt splt;
	const struct mark *marks; /* what its first bytes say; `mark_count` of them */
	size_t mark_count;
	struct text destination_name; /* that a DNS answer gave for the destination; or empty */
};

/* X(NAME, name): why records are missing. */
#define GAP_REASONS(X)                                                                             \
	X(UNKNOWN, unknown)                                                                        \
	X(RING_FULL, ring_full) /* the kernel ring had no room */                                  \
	X(SPOOL_FULL, spool_full) /* the oldest spooled records gave way to newer ones */          \
	X(CORRUPT, corrupt) /* spooled bytes did not verify when read again */                     \
	X(NO_MEMORY, no_memory) /* the worker had no memory to keep it */                          \
	X(MALFORMED, malformed) /* an event from the kernel did not decode */                      \
	X(UNEXPLAINED, unexplained) /* numbers are missing, and nobody has accounted for them */   \
	X(THROTTLED, throttled) /* a control group made more than its budget */                    \
	X(KERNEL_SKIPPED, kernel_skipped) /* the kernel did not run a program: recursion */        \
	X(WORKER_ENDED, worker_ended) /* what it had promised ended with it */

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
	struct text cgroup; /* THROTTLED: whose events; else empty */
};

/* Any record: what the batch encoder takes and the decoder gives. */
struct record {
	enum record_class class;
	union {
		struct record_exec exec;
		struct record_exit exit;
		struct record_flow flow;
		struct record_gap gap;
		struct record_exec_update exec_update;
	};
};

#endif

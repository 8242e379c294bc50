/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The columns of telemetry.proto's tables, in field order, so that encoder and decoder speak of
 * row[FLOW_ROW_COOKIE] instead of positions. A unit test compares every name with the schema.
 * Private to telemetry/.
 */
#ifndef YAGURA_TELEMETRY_BATCH_ROWS_H
#define YAGURA_TELEMETRY_BATCH_ROWS_H

#include "telemetry/batch_codec.h"

/* X(TABLE, NAME, name) */
#define PROCESS_COLUMNS(X)                                                                         \
	X(PROCESS, PID, pid)                                                                       \
	X(PROCESS, START_NS, start_ns)                                                             \
	X(PROCESS, EXEC_COUNT, exec_count)                                                         \
	X(PROCESS, UID, uid)                                                                       \
	X(PROCESS, GID, gid)                                                                       \
	X(PROCESS, EXECUTABLE, executable)                                                         \
	X(PROCESS, ARGS, args)                                                                     \
	X(PROCESS, FLAGS, flags)

#define CONTEXT_COLUMNS(X)                                                                         \
	X(CONTEXT, CGROUP_NS, cgroup_ns)                                                           \
	X(CONTEXT, IPC_NS, ipc_ns)                                                                 \
	X(CONTEXT, MNT_NS, mnt_ns)                                                                 \
	X(CONTEXT, NET_NS, net_ns)                                                                 \
	X(CONTEXT, PID_NS, pid_ns)                                                                 \
	X(CONTEXT, USER_NS, user_ns)                                                               \
	X(CONTEXT, UTS_NS, uts_ns)                                                                 \
	X(CONTEXT, CGROUP, cgroup)                                                                 \
	X(CONTEXT, LOGINUID, loginuid)                                                             \
	X(CONTEXT, AUDIT_SESSION, audit_session)                                                   \
	X(CONTEXT, TTY_MAJOR, tty_major)                                                           \
	X(CONTEXT, TTY_MINOR, tty_minor)                                                           \
	X(CONTEXT, SUID, suid)                                                                     \
	X(CONTEXT, CAP_EFFECTIVE, cap_effective)                                                   \
	X(CONTEXT, CAP_PERMITTED, cap_permitted)                                                   \
	X(CONTEXT, CAP_AMBIENT, cap_ambient)

#define FILE_COLUMNS(X)                                                                            \
	X(FILE, INODE, inode)                                                                      \
	X(FILE, BYTES, bytes)                                                                      \
	X(FILE, CTIME_NS, ctime_ns)                                                                \
	X(FILE, MTIME_NS, mtime_ns)                                                                \
	X(FILE, DEVICE_MAJOR, device_major)                                                        \
	X(FILE, DEVICE_MINOR, device_minor)                                                        \
	X(FILE, NLINK, nlink)                                                                      \
	X(FILE, MODE, mode)

#define SOCKET_COLUMNS(X)                                                                          \
	X(SOCKET, UID, uid)                                                                        \
	X(SOCKET, NETNS, netns)                                                                    \
	X(SOCKET, CGROUP_ID, cgroup_id)                                                            \
	X(SOCKET, CGROUP, cgroup)

#define HASH_COLUMNS(X)                                                                            \
	X(HASH, STATUS, status)                                                                    \
	X(HASH, SHA256, sha256)                                                                    \
	X(HASH, PACKAGE, package)                                                                  \
	X(HASH, VERITY, verity)                                                                    \
	X(HASH, IMA, ima)

#define MARK_COLUMNS(X) X(MARK, KIND, kind) X(MARK, VALUE, value)

#define FINGERPRINT_COLUMNS(X) X(FINGERPRINT, MARK, mark) X(FINGERPRINT, BEFORE, before)

#define ANCESTRY_COLUMNS(X) X(ANCESTRY, PROCESS, process) X(ANCESTRY, ABOVE, above)

#define EXEC_COLUMNS(X)                                                                            \
	X(EXEC, TIME_MS, time_ms)                                                                  \
	X(EXEC, PROCESS, process)                                                                  \
	X(EXEC, PARENT, parent)                                                                    \
	X(EXEC, EUID, euid)                                                                        \
	X(EXEC, EGID, egid)                                                                        \
	X(EXEC, CGROUP_ID, cgroup_id)                                                              \
	X(EXEC, ARGS_TOTAL_BYTES, args_total_bytes)                                                \
	X(EXEC, FLAGS, flags)                                                                      \
	X(EXEC, CONTEXT, context)                                                                  \
	X(EXEC, FILE, file)                                                                        \
	X(EXEC, CWD, cwd)                                                                          \
	X(EXEC, SCRIPT, script)                                                                    \
	X(EXEC, SESSION_PID, session_pid)                                                          \
	X(EXEC, NAMESPACE_PID, namespace_pid)                                                      \
	X(EXEC, HASH, hash)                                                                        \
	X(EXEC, SCRIPT_HASH, script_hash)                                                          \
	X(EXEC, ANCESTRY, ancestry)                                                                \
	X(EXEC, CREATOR, creator)                                                                  \
	X(EXEC, FORMER_EUID, former_euid)                                                          \
	X(EXEC, FACTS, facts)                                                                      \
	X(EXEC, PX1, px1)                                                                          \
	X(EXEC, ARGS_REDACTED, args_redacted)

#define UPDATE_COLUMNS(X)                                                                          \
	X(UPDATE, TIME_MS, time_ms)                                                                \
	X(UPDATE, PROCESS, process)                                                                \
	X(UPDATE, HASH, hash)                                                                      \
	X(UPDATE, SCRIPT_HASH, script_hash)                                                        \
	X(UPDATE, FLAGS, flags)                                                                    \
	X(UPDATE, PX1, px1)

#define EXIT_COLUMNS(X)                                                                            \
	X(EXIT, TIME_MS, time_ms)                                                                  \
	X(EXIT, PROCESS, process)                                                                  \
	X(EXIT, STATUS, status)                                                                    \
	X(EXIT, RUN_US, run_us)

#define FLOW_COLUMNS(X)                                                                            \
	X(FLOW, START_MS, start_ms)                                                                \
	X(FLOW, DURATION_MS, duration_ms)                                                          \
	X(FLOW, COOKIE, cookie)                                                                    \
	X(FLOW, INDEX, index)                                                                      \
	X(FLOW, PART, part)                                                                        \
	X(FLOW, FLAGS, flags)                                                                      \
	X(FLOW, DIRECTION, direction)                                                              \
	X(FLOW, STATE, state)                                                                      \
	X(FLOW, PROTOCOL, protocol)                                                                \
	X(FLOW, ERROR, error)                                                                      \
	X(FLOW, SOURCE_ADDR, source_addr)                                                          \
	X(FLOW, DESTINATION_ADDR, destination_addr)                                                \
	X(FLOW, SOURCE_PORT, source_port)                                                          \
	X(FLOW, DESTINATION_PORT, destination_port)                                                \
	X(FLOW, SOURCE_BYTES, source_bytes)                                                        \
	X(FLOW, DESTINATION_BYTES, destination_bytes)                                              \
	X(FLOW, SOURCE_PACKETS, source_packets)                                                    \
	X(FLOW, DESTINATION_PACKETS, destination_packets)                                          \
	X(FLOW, RETRANSMITS, retransmits)                                                          \
	X(FLOW, SRTT_US, srtt_us)                                                                  \
	X(FLOW, HANDSHAKE_US, handshake_us)                                                        \
	X(FLOW, OWNER_QUALITY, owner_quality)                                                      \
	X(FLOW, PROCESS, process)                                                                  \
	X(FLOW, LISTENER, listener)                                                                \
	X(FLOW, ENDING, ending)                                                                    \
	X(FLOW, ICMP, icmp)                                                                        \
	X(FLOW, SOURCE_DATA_PACKETS, source_data_packets)                                          \
	X(FLOW, DESTINATION_DATA_PACKETS, destination_data_packets)                                \
	X(FLOW, MIN_RTT_US, min_rtt_us)                                                            \
	X(FLOW, REPEATS, repeats)                                                                  \
	X(FLOW, PORTS, ports)                                                                      \
	X(FLOW, SOCKET, socket)                                                                    \
	X(FLOW, FINGERPRINT, fingerprint)                                                          \
	X(FLOW, DESTINATION_NAME, destination_name)                                                \
	X(FLOW, SPLT, splt)

#define ROW_ENUM(TABLE, NAME, name) TABLE##_ROW_##NAME,
enum process_row { PROCESS_COLUMNS(ROW_ENUM) PROCESS_ROW_COUNT };
enum context_row { CONTEXT_COLUMNS(ROW_ENUM) CONTEXT_ROW_COUNT };
enum file_row { FILE_COLUMNS(ROW_ENUM) FILE_ROW_COUNT };
enum socket_row { SOCKET_COLUMNS(ROW_ENUM) SOCKET_ROW_COUNT };
enum hash_row { HASH_COLUMNS(ROW_ENUM) HASH_ROW_COUNT };
enum mark_row { MARK_COLUMNS(ROW_ENUM) MARK_ROW_COUNT };
enum fingerprint_row { FINGERPRINT_COLUMNS(ROW_ENUM) FINGERPRINT_ROW_COUNT };
enum ancestry_row { ANCESTRY_COLUMNS(ROW_ENUM) ANCESTRY_ROW_COUNT };
enum exec_row { EXEC_COLUMNS(ROW_ENUM) EXEC_ROW_COUNT };
enum exit_row { EXIT_COLUMNS(ROW_ENUM) EXIT_ROW_COUNT };
enum flow_row { FLOW_COLUMNS(ROW_ENUM) FLOW_ROW_COUNT };
enum update_row { UPDATE_COLUMNS(ROW_ENUM) UPDATE_ROW_COUNT };
#undef ROW_ENUM

/* Bits of the flags columns. */
#define PROCESS_FLAG_ARGS_TRUNCATED 1u
#define EXEC_FLAG_DELETED 1u
#define EXEC_FLAG_MEMFD 2u
#define EXEC_FLAG_UPPER_LAYER 4u
#define EXEC_FLAG_PRIVILEGED 8u
#define EXEC_FLAG_NO_NEW_PRIVS 16u
#define EXEC_FLAG_FROM_THREAD 32u
#define EXEC_FLAG_FIRST_SEEN 64u /* also of an update */
#define EXEC_FLAG_ARGS_SHAPE 128u
#define EXEC_FLAG_ARGS_GAVE_UP 256u
#define FLOW_FLAG_FINAL 1u
#define FLOW_FLAG_COUNTERS_RESET 2u
#define FLOW_FLAG_SHARED 4u
#define FLOW_FLAG_PREEXISTING 8u
#define FLOW_FLAG_FOLDED 16u
#define FLOW_FLAG_IPV6 32u

/* What a batch may hold. The encoder keeps to these, the decoder refuses more. */
#define BATCH_TEXTS_MAX 262144u
#define BATCH_ROWS_MAX 65536u
#define BATCH_GAPS_MAX BATCH_RECORDS_MAX
/* Tables make it cheap to say a long text in each of many records; whoever stores or shows them
 * writes it out each time. So that 4 MiB cannot ask for terabytes, this bounds the sum. */
#define BATCH_WRITTEN_BYTES_MAX (4u << 20)
/* What a mark counts for beside its value: a list of many short ones is work, too. */
#define MARK_WRITTEN_BYTES 8u
/* Likewise an ancestor's identity: a reader writes 32 digits. */
#define ANCESTOR_WRITTEN_BYTES 32u
/* A packet sequence is a text of so many bytes for each segment. */
#define SPLT_ENTRY_BYTES 3u

#endif

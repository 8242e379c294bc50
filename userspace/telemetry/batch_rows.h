/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of telemetry.proto and their columns, in field order, so that encoder and decoder
 * speak of row[FLOW_ROW_COOKIE] instead of positions. A unit test compares every name with the
 * schema. Private to telemetry/.
 */
#ifndef YAGURA_TELEMETRY_BATCH_ROWS_H
#define YAGURA_TELEMETRY_BATCH_ROWS_H

#include "telemetry/batch_codec.h"

#define CONTEXT_COLUMNS(X)                                                                         \
	X(CONTEXT, CGROUP_NS, cgroup_ns)                                                           \
	X(CONTEXT, IPC_NS, ipc_ns)                                                                 \
	X(CONTEXT, MNT_NS, mnt_ns)                                                                 \
	X(CONTEXT, NET_NS, net_ns)                                                                 \
	X(CONTEXT, PID_NS, pid_ns)                                                                 \
	X(CONTEXT, USER_NS, user_ns)                                                               \
	X(CONTEXT, UTS_NS, uts_ns)                                                                 \
	X(CONTEXT, CGROUP, cgroup)                                                                 \
	X(CONTEXT, CGROUP_ID, cgroup_id)                                                           \
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

#define HASH_COLUMNS(X)                                                                            \
	X(HASH, STATUS, status)                                                                    \
	X(HASH, SHA256, sha256)                                                                    \
	X(HASH, PACKAGE, package)                                                                  \
	X(HASH, VERITY, verity)                                                                    \
	X(HASH, IMA, ima)

#define IMAGE_COLUMNS(X)                                                                           \
	X(IMAGE, EXECUTABLE, executable)                                                           \
	X(IMAGE, UID, uid)                                                                         \
	X(IMAGE, GID, gid)                                                                         \
	X(IMAGE, EUID, euid)                                                                       \
	X(IMAGE, EGID, egid)                                                                       \
	X(IMAGE, FILE, file)                                                                       \
	X(IMAGE, HASH, hash)                                                                       \
	X(IMAGE, SCRIPT, script)                                                                   \
	X(IMAGE, SCRIPT_HASH, script_hash)                                                         \
	X(IMAGE, PX1, px1)

#define COMMAND_COLUMNS(X)                                                                         \
	X(COMMAND, IMAGE, image)                                                                   \
	X(COMMAND, ARGS, args)                                                                     \
	X(COMMAND, FLAGS, flags)

#define PROCESS_COLUMNS(X)                                                                         \
	X(PROCESS, PID, pid)                                                                       \
	X(PROCESS, START_MS, start_ms)                                                             \
	X(PROCESS, START_SUB_NS, start_sub_ns)                                                     \
	X(PROCESS, EXEC_COUNT, exec_count)                                                         \
	X(PROCESS, COMMAND, command)

#define ANCESTRY_COLUMNS(X)                                                                        \
	X(ANCESTRY, PROCESS, process)                                                              \
	X(ANCESTRY, ABOVE, above)

#define SITUATION_COLUMNS(X)                                                                       \
	X(SITUATION, PARENT, parent)                                                               \
	X(SITUATION, CREATOR, creator)                                                             \
	X(SITUATION, ANCESTRY, ancestry)                                                           \
	X(SITUATION, CONTEXT, context)                                                             \
	X(SITUATION, CWD, cwd)                                                                     \
	X(SITUATION, SESSION_PID, session_pid)                                                     \
	X(SITUATION, PX1_END, px1_end)

#define SOCKET_COLUMNS(X)                                                                          \
	X(SOCKET, UID, uid)                                                                        \
	X(SOCKET, NETNS, netns)                                                                    \
	X(SOCKET, CGROUP_ID, cgroup_id)                                                            \
	X(SOCKET, CGROUP, cgroup)

#define MARK_COLUMNS(X)                                                                            \
	X(MARK, KIND, kind)                                                                        \
	X(MARK, VALUE, value)

#define FINGERPRINT_COLUMNS(X)                                                                     \
	X(FINGERPRINT, MARK, mark)                                                                 \
	X(FINGERPRINT, BEFORE, before)

#define FLOW_CLASS_COLUMNS(X)                                                                      \
	X(FLOW_CLASS, FLAGS, flags)                                                                \
	X(FLOW_CLASS, DIRECTION, direction)                                                        \
	X(FLOW_CLASS, STATE, state)                                                                \
	X(FLOW_CLASS, PROTOCOL, protocol)                                                          \
	X(FLOW_CLASS, ERROR, error)                                                                \
	X(FLOW_CLASS, ENDING, ending)                                                              \
	X(FLOW_CLASS, OWNER_QUALITY, owner_quality)                                                \
	X(FLOW_CLASS, PROCESS, process)                                                            \
	X(FLOW_CLASS, LISTENER, listener)                                                          \
	X(FLOW_CLASS, SOCKET, socket)                                                              \
	X(FLOW_CLASS, LOCAL_ADDR, local_addr)                                                      \
	X(FLOW_CLASS, DESTINATION_PORT, destination_port)                                          \
	X(FLOW_CLASS, ICMP, icmp)                                                                  \
	X(FLOW_CLASS, FINGERPRINT, fingerprint)

#define PEER_COLUMNS(X)                                                                            \
	X(PEER, ADDR, addr)                                                                        \
	X(PEER, FINGERPRINT, fingerprint)                                                          \
	X(PEER, NAME, name)

#define EXEC_COLUMNS(X)                                                                            \
	X(EXEC, PROCESS, process)                                                                  \
	X(EXEC, AFTER_START_MS, after_start_ms)                                                    \
	X(EXEC, SITUATION, situation)                                                              \
	X(EXEC, FLAGS, flags)                                                                      \
	X(EXEC, FACTS, facts)                                                                      \
	X(EXEC, FORMER_EUID, former_euid)                                                          \
	X(EXEC, ARGS_CUT_BYTES, args_cut_bytes)                                                    \
	X(EXEC, ARGS_REDACTED, args_redacted)                                                      \
	X(EXEC, NAMESPACE_PID, namespace_pid)

#define UPDATE_COLUMNS(X)                                                                          \
	X(UPDATE, TIME_MS, time_ms)                                                                \
	X(UPDATE, PROCESS, process)                                                                \
	X(UPDATE, HASH, hash)                                                                      \
	X(UPDATE, SCRIPT_HASH, script_hash)                                                        \
	X(UPDATE, FLAGS, flags)                                                                    \
	X(UPDATE, PX1, px1)                                                                        \
	X(UPDATE, PX1_END, px1_end)

#define EXIT_COLUMNS(X)                                                                            \
	X(EXIT, TIME_MS, time_ms)                                                                  \
	X(EXIT, PROCESS, process)                                                                  \
	X(EXIT, STATUS, status)                                                                    \
	X(EXIT, RUN_US, run_us)

#define FLOW_COLUMNS(X)                                                                            \
	X(FLOW, END_MS, end_ms)                                                                    \
	X(FLOW, DURATION_MS, duration_ms)                                                          \
	X(FLOW, COOKIE, cookie)                                                                    \
	X(FLOW, INDEX, index)                                                                      \
	X(FLOW, PART, part)                                                                        \
	X(FLOW, CLASS, class)                                                                      \
	X(FLOW, PEER, peer)                                                                        \
	X(FLOW, SOURCE_PORT, source_port)                                                          \
	X(FLOW, SOURCE_BYTES, source_bytes)                                                        \
	X(FLOW, DESTINATION_BYTES, destination_bytes)                                              \
	X(FLOW, SOURCE_PACKETS, source_packets)                                                    \
	X(FLOW, DESTINATION_PACKETS, destination_packets)                                          \
	X(FLOW, SOURCE_EMPTY_PACKETS, source_empty_packets)                                        \
	X(FLOW, DESTINATION_EMPTY_PACKETS, destination_empty_packets)                              \
	X(FLOW, RETRANSMITS, retransmits)                                                          \
	X(FLOW, SRTT_US, srtt_us)                                                                  \
	X(FLOW, MIN_RTT_US, min_rtt_us)                                                            \
	X(FLOW, HANDSHAKE_US, handshake_us)                                                        \
	X(FLOW, REPEATS, repeats)                                                                  \
	X(FLOW, PORTS, ports)                                                                      \
	X(FLOW, SPLT, splt)

#define GAP_COLUMNS(X)                                                                             \
	X(GAP, TIME_MS, time_ms)                                                                   \
	X(GAP, RECORD_CLASS, record_class)                                                         \
	X(GAP, REASON, reason)                                                                     \
	X(GAP, RECORDS, records)                                                                   \
	X(GAP, CGROUP, cgroup)

/* X(TABLE, NAME, name): the messages of a Batch, in field order, those that records refer to first.
 * TABLE is what the macros above call a row of it. */
#define BATCH_SHARED_TABLES(X)                                                                     \
	X(CONTEXT, CONTEXTS, contexts)                                                             \
	X(FILE, FILES, files)                                                                      \
	X(HASH, HASHES, hashes)                                                                    \
	X(IMAGE, IMAGES, images)                                                                   \
	X(COMMAND, COMMANDS, commands)                                                             \
	X(PROCESS, PROCESSES, processes)                                                           \
	X(ANCESTRY, ANCESTRIES, ancestries)                                                        \
	X(SITUATION, SITUATIONS, situations)                                                       \
	X(SOCKET, SOCKETS, sockets)                                                                \
	X(MARK, MARKS, marks)                                                                      \
	X(FINGERPRINT, FINGERPRINTS, fingerprints)                                                 \
	X(FLOW_CLASS, FLOW_CLASSES, flow_classes)                                                  \
	X(PEER, PEERS, peers)
#define BATCH_RECORD_TABLES(X)                                                                     \
	X(EXEC, EXECS, execs)                                                                      \
	X(UPDATE, EXEC_UPDATES, exec_updates)                                                      \
	X(EXIT, EXITS, exits)                                                                      \
	X(FLOW, FLOWS, flows)                                                                      \
	X(GAP, GAPS, gaps)

#define ROW_ENUM(TABLE, NAME, name) TABLE##_ROW_##NAME,
enum context_row { CONTEXT_COLUMNS(ROW_ENUM) CONTEXT_ROW_COUNT };
enum file_row { FILE_COLUMNS(ROW_ENUM) FILE_ROW_COUNT };
enum hash_row { HASH_COLUMNS(ROW_ENUM) HASH_ROW_COUNT };
enum image_row { IMAGE_COLUMNS(ROW_ENUM) IMAGE_ROW_COUNT };
enum command_row { COMMAND_COLUMNS(ROW_ENUM) COMMAND_ROW_COUNT };
enum process_row { PROCESS_COLUMNS(ROW_ENUM) PROCESS_ROW_COUNT };
enum ancestry_row { ANCESTRY_COLUMNS(ROW_ENUM) ANCESTRY_ROW_COUNT };
enum situation_row { SITUATION_COLUMNS(ROW_ENUM) SITUATION_ROW_COUNT };
enum socket_row { SOCKET_COLUMNS(ROW_ENUM) SOCKET_ROW_COUNT };
enum mark_row { MARK_COLUMNS(ROW_ENUM) MARK_ROW_COUNT };
enum fingerprint_row { FINGERPRINT_COLUMNS(ROW_ENUM) FINGERPRINT_ROW_COUNT };
enum flow_class_row { FLOW_CLASS_COLUMNS(ROW_ENUM) FLOW_CLASS_ROW_COUNT };
enum peer_row { PEER_COLUMNS(ROW_ENUM) PEER_ROW_COUNT };
enum exec_row { EXEC_COLUMNS(ROW_ENUM) EXEC_ROW_COUNT };
enum update_row { UPDATE_COLUMNS(ROW_ENUM) UPDATE_ROW_COUNT };
enum exit_row { EXIT_COLUMNS(ROW_ENUM) EXIT_ROW_COUNT };
enum flow_row { FLOW_COLUMNS(ROW_ENUM) FLOW_ROW_COUNT };
enum gap_row { GAP_COLUMNS(ROW_ENUM) GAP_ROW_COUNT };
#undef ROW_ENUM

/* Fields of a Batch beside its tables, and the first of these; each has the next number. */
enum batch_field {
	BATCH_FIELD_SCHEMA = 1,
	BATCH_FIELD_EPOCH_INDEX = 2,
	BATCH_FIELD_BOOT_ID = 3,
	BATCH_FIELD_BASE_MS = 4,
	BATCH_FIELD_BOOT_MS = 5,
	BATCH_FIELD_NAMES = 6,
	BATCH_FIELD_TEXTS = 7,
	BATCH_FIELD_BLOBS = 8,
	BATCH_FIELD_TABLES = 9,
};

#define TABLE_ENUM(TABLE, NAME, name) TABLE_##NAME,
enum batch_table {
	BATCH_SHARED_TABLES(TABLE_ENUM) TABLE_SHARED_COUNT,
	TABLE_LAST_SHARED = TABLE_SHARED_COUNT - 1,
	BATCH_RECORD_TABLES(TABLE_ENUM) TABLE_COUNT
};
#undef TABLE_ENUM

/* Bits of the flags columns. */
#define COMMAND_FLAG_ARGS_TRUNCATED 1u
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
/* Tables make it cheap to say a long text in each of many records; whoever stores or shows them
 * writes it out each time. So that 4 MiB cannot ask for terabytes, this bounds the sum. */
#define BATCH_WRITTEN_BYTES_MAX (4u << 20)
/* What a mark counts for beside its value: a list of many short ones is work, too. */
#define MARK_WRITTEN_BYTES 8u
/* Likewise an ancestor's identity: a reader writes 32 digits. */
#define ANCESTOR_WRITTEN_BYTES 32u
/* Where px1 (proto/PX1.md) is parted: behind its third part, the last one begins with its "_". */
#define BATCH_PX1_HEAD_BYTES 32u
/* A packet sequence is a text of so many bytes for each segment. */
#define SPLT_ENTRY_BYTES 3u

#endif

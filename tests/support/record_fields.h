/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every field of telemetry/record.h, listed once, so that what fills, compares or looks through
 * records in tests forgets none: one that is missing here does not compile. X(KIND, name)
 */
#ifndef YAGURA_TESTS_SUPPORT_RECORD_FIELDS_H
#define YAGURA_TESTS_SUPPORT_RECORD_FIELDS_H

#include "telemetry/record.h"

#define KEY_FIELDS(X) X(NUMBER, start_ns) X(NUMBER, pid) X(NUMBER, exec_count)

#define PROCESS_FIELDS(X)                                                                          \
	X(KEY, key)                                                                                \
	X(NUMBER, uid)                                                                             \
	X(NUMBER, gid)                                                                             \
	X(TEXT, executable)                                                                        \
	X(TEXT, args)                                                                              \
	X(BOOL, args_truncated)

#define NAMESPACES_FIELDS(X)                                                                       \
	X(NUMBER, cgroup)                                                                          \
	X(NUMBER, ipc)                                                                             \
	X(NUMBER, mnt)                                                                             \
	X(NUMBER, net)                                                                             \
	X(NUMBER, pid)                                                                             \
	X(NUMBER, user)                                                                            \
	X(NUMBER, uts)

#define HASH_FIELDS(X)                                                                             \
	X(ENUM, status) X(ENUM, package) X(SHA256, sha256) X(DIGEST, verity) X(DIGEST, ima)

#define FILE_FIELDS(X)                                                                             \
	X(NUMBER, inode)                                                                           \
	X(NUMBER, bytes)                                                                           \
	X(NUMBER, ctime_ns)                                                                        \
	X(NUMBER, mtime_ns)                                                                        \
	X(NUMBER, device_major)                                                                    \
	X(NUMBER, device_minor)                                                                    \
	X(NUMBER, nlink)                                                                           \
	X(NUMBER, mode)                                                                            \
	X(BOOL, deleted)                                                                           \
	X(BOOL, memfd)                                                                             \
	X(BOOL, upper_layer)                                                                       \
	X(HASH, hash)

#define EXEC_FIELDS(X)                                                                             \
	X(TIME, time_ns)                                                                           \
	X(PROCESS, process)                                                                        \
	X(PROCESS, parent)                                                                         \
	X(RELATIVE, creator)                                                                       \
	X(ANCESTORS, ancestors)                                                                    \
	X(ANCESTOR_COUNT, ancestor_count)                                                          \
	X(FILE, file)                                                                              \
	X(HASH, script_hash)                                                                       \
	X(PX1, px1)                                                                                \
	X(NAMESPACES, namespaces)                                                                  \
	X(TEXT, cwd)                                                                               \
	X(TEXT, script)                                                                            \
	X(TEXT, cgroup)                                                                            \
	X(NUMBER, cgroup_id)                                                                       \
	X(NUMBER, cap_effective)                                                                   \
	X(NUMBER, cap_permitted)                                                                   \
	X(NUMBER, cap_ambient)                                                                     \
	X(FACTS, facts)                                                                            \
	X(NUMBER, euid)                                                                            \
	X(ID, former_euid)                                                                         \
	X(NUMBER, egid)                                                                            \
	X(NUMBER, suid)                                                                            \
	X(NUMBER, loginuid)                                                                        \
	X(NUMBER, audit_session)                                                                   \
	X(NUMBER, tty_major)                                                                       \
	X(NUMBER, tty_minor)                                                                       \
	X(NUMBER, session_pid)                                                                     \
	X(NUMBER, namespace_pid)                                                                   \
	X(NUMBER, args_total_bytes)                                                                \
	X(NUMBER, args_redacted)                                                                   \
	X(BOOL, args_shape)                                                                        \
	X(BOOL, args_gave_up)                                                                      \
	X(BOOL, privileged)                                                                        \
	X(BOOL, no_new_privs)                                                                      \
	X(BOOL, from_thread)                                                                       \
	X(BOOL, first_seen)

#define UPDATE_FIELDS(X)                                                                           \
	X(TIME, time_ns)                                                                           \
	X(PROCESS, process)                                                                        \
	X(HASH, hash)                                                                              \
	X(HASH, script_hash)                                                                       \
	X(PX1, px1)                                                                                \
	X(BOOL, first_seen)

#define EXIT_FIELDS(X) X(TIME, time_ns) X(PROCESS, process) X(RUN, run_ns) X(NUMBER, status)

#define ENDPOINT_FIELDS(X)                                                                         \
	X(ADDR, addr)                                                                              \
	X(NUMBER, port)                                                                            \
	X(NUMBER, bytes)                                                                           \
	X(NUMBER, packets)                                                                         \
	X(NUMBER, data_packets)

#define FLOW_FIELDS(X)                                                                             \
	X(TIME, start_ns)                                                                          \
	X(TIME, end_ns)                                                                            \
	X(NUMBER, cookie)                                                                          \
	X(NUMBER, index)                                                                           \
	X(NUMBER, part)                                                                            \
	X(BOOL, final)                                                                             \
	X(BOOL, counters_reset)                                                                    \
	X(BOOL, shared)                                                                            \
	X(BOOL, preexisting)                                                                       \
	X(BOOL, folded)                                                                            \
	X(ENUM, direction)                                                                         \
	X(ENUM, state)                                                                             \
	X(ENUM, ending)                                                                            \
	X(NUMBER, protocol)                                                                        \
	X(NUMBER, icmp_type)                                                                       \
	X(NUMBER, icmp_code)                                                                       \
	X(BOOL, is_ipv6)                                                                           \
	X(NUMBER, error)                                                                           \
	X(ENDPOINT, source)                                                                        \
	X(ENDPOINT, destination)                                                                   \
	X(NUMBER, retransmits)                                                                     \
	X(NUMBER, srtt_us)                                                                         \
	X(NUMBER, min_rtt_us)                                                                      \
	X(NUMBER, handshake_us)                                                                    \
	X(NUMBER, count)                                                                           \
	X(NUMBER, ports)                                                                           \
	X(NUMBER, uid)                                                                             \
	X(NUMBER, netns)                                                                           \
	X(NUMBER, cgroup_id)                                                                       \
	X(TEXT, cgroup)                                                                            \
	X(ENUM, owner_quality)                                                                     \
	X(PROCESS, process)                                                                        \
	X(PROCESS, listener)                                                                       \
	X(SPLT, splt)                                                                              \
	X(MARKS, marks)                                                                            \
	X(MARK_COUNT, mark_count)                                                                  \
	X(TEXT, destination_name)

#define GAP_FIELDS(X)                                                                              \
	X(TIME, time_ns) X(ENUM, class) X(ENUM, reason) X(NUMBER, count) X(TEXT, cgroup)

/* X(KIND, name, FIELDS): every struct above. */
#define RECORD_STRUCTS(X)                                                                          \
	X(KEY, record_process_key, KEY_FIELDS)                                                     \
	X(PROCESS, record_process, PROCESS_FIELDS)                                                 \
	X(NAMESPACES, record_namespaces, NAMESPACES_FIELDS)                                        \
	X(HASH, record_hash, HASH_FIELDS)                                                          \
	X(FILE, record_file, FILE_FIELDS)                                                          \
	X(ENDPOINT, record_endpoint, ENDPOINT_FIELDS)                                              \
	X(EXEC, record_exec, EXEC_FIELDS)                                                          \
	X(EXIT, record_exit, EXIT_FIELDS)                                                          \
	X(FLOW, record_flow, FLOW_FIELDS)                                                          \
	X(GAP, record_gap, GAP_FIELDS)                                                             \
	X(UPDATE, record_exec_update, UPDATE_FIELDS)

/* A list that lacks a field gives its struct too few initializers: an error here. */
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wmissing-field-initializers"
#define RECORD_VALUE_ADDR(name)                                                                    \
	{                                                                                          \
		0                                                                                  \
	}
#define RECORD_VALUE_SHA256(name)                                                                  \
	{                                                                                          \
		0                                                                                  \
	}
#define RECORD_VALUE_DIGEST(name) from->name
#define RECORD_VALUE_HASH(name) from->name
#define RECORD_VALUE_NUMBER(name) from->name
#define RECORD_VALUE_BOOL(name) from->name
#define RECORD_VALUE_ENUM(name) from->name
#define RECORD_VALUE_TIME(name) from->name
#define RECORD_VALUE_RUN(name) from->name
#define RECORD_VALUE_TEXT(name) from->name
#define RECORD_VALUE_KEY(name) from->name
#define RECORD_VALUE_PROCESS(name) from->name
#define RECORD_VALUE_NAMESPACES(name) from->name
#define RECORD_VALUE_FILE(name) from->name
#define RECORD_VALUE_ENDPOINT(name) from->name
#define RECORD_VALUE_SPLT(name) from->name
#define RECORD_VALUE_MARKS(name) from->name
#define RECORD_VALUE_MARK_COUNT(name) from->name
#define RECORD_VALUE_PX1(name) from->name
#define RECORD_VALUE_RELATIVE(name) from->name
#define RECORD_VALUE_ANCESTORS(name) from->name
#define RECORD_VALUE_ANCESTOR_COUNT(name) from->name
#define RECORD_VALUE_FACTS(name) from->name
#define RECORD_VALUE_ID(name) from->name
#define RECORD_VALUE(KIND, name) RECORD_VALUE_##KIND(name),
#define RECORD_CHECK(KIND, type, FIELDS)                                                           \
	static inline struct type type##_listed(const struct type *from)                           \
	{                                                                                          \
		return (struct type){ FIELDS(RECORD_VALUE) };                                      \
	}
RECORD_STRUCTS(RECORD_CHECK)
#undef RECORD_CHECK
#pragma GCC diagnostic pop

#endif

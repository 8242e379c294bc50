/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables, once: their columns are NDJSON's keys with dots turned into underscores. From each
 * list grow CREATE TABLE, the prepared INSERT and the numbers its parameters are bound by, so they
 * cannot differ. Every table opens with yagura_sensor, parameter 1. A change here raises
 * DATABASE_SCHEMA and needs a migration. X(name, type)
 */
#ifndef YAGURA_COLLECTOR_SCHEMA_H
#define YAGURA_COLLECTOR_SCHEMA_H

#define FLOW_COLUMNS(X)                                                                            \
	X(timestamp, TEXT)                                                                         \
	X(event_action, TEXT)                                                                      \
	X(yagura_flow_id, TEXT NOT NULL)                                                           \
	X(yagura_part, INTEGER)                                                                    \
	X(yagura_final, INTEGER)                                                                   \
	X(yagura_state, TEXT)                                                                      \
	X(yagura_error, TEXT)                                                                      \
	X(event_start, TEXT)                                                                       \
	X(event_end, TEXT)                                                                         \
	X(network_transport, TEXT)                                                                 \
	X(network_type, TEXT)                                                                      \
	X(network_direction, TEXT)                                                                 \
	X(source_ip, TEXT)                                                                         \
	X(source_port, INTEGER)                                                                    \
	X(source_bytes, INTEGER)                                                                   \
	X(source_packets, INTEGER)                                                                 \
	X(destination_ip, TEXT)                                                                    \
	X(destination_port, INTEGER)                                                               \
	X(destination_bytes, INTEGER)                                                              \
	X(destination_packets, INTEGER)                                                            \
	X(process_pid, INTEGER)                                                                    \
	X(process_entity_id, TEXT)                                                                 \
	X(process_executable, TEXT)                                                                \
	X(process_args, TEXT)                                                                      \
	X(process_user_id, INTEGER)                                                                \
	X(yagura_owner_quality, TEXT)                                                              \
	X(yagura_listener_pid, INTEGER)                                                            \
	X(yagura_listener_entity_id, TEXT)                                                         \
	X(yagura_listener_executable, TEXT)                                                        \
	X(yagura_retransmits, INTEGER)                                                             \
	X(yagura_srtt_us, INTEGER)                                                                 \
	X(yagura_handshake_us, INTEGER)

#define EXEC_COLUMNS(X)                                                                            \
	X(timestamp, TEXT)                                                                         \
	X(event_action, TEXT)                                                                      \
	X(process_pid, INTEGER)                                                                    \
	X(process_entity_id, TEXT)                                                                 \
	X(process_executable, TEXT)                                                                \
	X(process_args, TEXT)                                                                      \
	X(process_args_truncated, INTEGER)                                                         \
	X(process_user_id, INTEGER)                                                                \
	X(process_group_id, INTEGER)                                                               \
	X(process_effective_user_id, INTEGER)                                                      \
	X(process_effective_group_id, INTEGER)                                                     \
	X(process_parent_pid, INTEGER)                                                             \
	X(process_parent_entity_id, TEXT)                                                          \
	X(process_parent_executable, TEXT)                                                         \
	X(process_parent_args, TEXT)                                                               \
	X(yagura_cgroup_id, INTEGER)                                                               \
	X(yagura_deleted, INTEGER)

#define EXIT_COLUMNS(X)                                                                            \
	X(timestamp, TEXT)                                                                         \
	X(event_action, TEXT)                                                                      \
	X(process_pid, INTEGER)                                                                    \
	X(process_entity_id, TEXT)                                                                 \
	X(process_executable, TEXT)                                                                \
	X(process_args, TEXT)                                                                      \
	X(process_user_id, INTEGER)                                                                \
	X(process_exit_code, INTEGER)                                                              \
	X(yagura_exit_signal, INTEGER)

/* A hole noticed here has a lane and sequence numbers, no class, and counts batches. */
#define GAP_COLUMNS(X)                                                                             \
	X(timestamp, TEXT)                                                                         \
	X(event_action, TEXT)                                                                      \
	X(yagura_record_class, TEXT)                                                               \
	X(yagura_reason, TEXT)                                                                     \
	X(yagura_count, INTEGER)                                                                   \
	X(yagura_lane, INTEGER)                                                                    \
	X(yagura_first_seq, INTEGER)                                                               \
	X(yagura_last_seq, INTEGER)

#define SENSOR_COLUMNS(X)                                                                          \
	X(host_name, TEXT)                                                                         \
	X(yagura_version, TEXT)                                                                    \
	X(host_os_kernel, TEXT)                                                                    \
	X(yagura_generation, TEXT)                                                                 \
	X(yagura_boot_id, TEXT)                                                                    \
	X(yagura_instance, TEXT)                                                                   \
	X(first_seen, TEXT)                                                                        \
	X(last_seen, TEXT)                                                                         \
	X(tls_version, TEXT)                                                                       \
	X(tls_group, TEXT)                                                                         \
	X(connected, INTEGER)                                                                      \
	X(batches, INTEGER NOT NULL DEFAULT 0)                                                     \
	X(records, INTEGER NOT NULL DEFAULT 0)

#define SCHEMA_DECLARE(name, type) ", " #name " " #type
#define SCHEMA_NAME(name, type) ", " #name
#define SCHEMA_VALUE(name, type) ", ?"
#define SCHEMA_REPLACE(name, type) ", " #name " = excluded." #name

#define SCHEMA_INSERT(table, COLUMNS)                                                              \
	"INSERT INTO " #table                                                                      \
	"(yagura_sensor" COLUMNS(SCHEMA_NAME) ") VALUES (?1" COLUMNS(SCHEMA_VALUE) ")"

#define COLUMN_SENSOR 1

enum flow_column {
	FLOW_BASE = COLUMN_SENSOR,
#define FLOW_ENUM(name, type) FLOW_##name,
	FLOW_COLUMNS(FLOW_ENUM)
#undef FLOW_ENUM
};

enum exec_column {
	EXEC_BASE = COLUMN_SENSOR,
#define EXEC_ENUM(name, type) EXEC_##name,
	EXEC_COLUMNS(EXEC_ENUM)
#undef EXEC_ENUM
};

enum exit_column {
	EXIT_BASE = COLUMN_SENSOR,
#define EXIT_ENUM(name, type) EXIT_##name,
	EXIT_COLUMNS(EXIT_ENUM)
#undef EXIT_ENUM
};

enum gap_column {
	GAP_BASE = COLUMN_SENSOR,
#define GAP_ENUM(name, type) GAP_##name,
	GAP_COLUMNS(GAP_ENUM)
#undef GAP_ENUM
};

enum sensor_column {
	SENSOR_BASE = COLUMN_SENSOR,
#define SENSOR_ENUM(name, type) SENSOR_##name,
	SENSOR_COLUMNS(SENSOR_ENUM)
#undef SENSOR_ENUM
};

/* Everything a new file needs, its version included. Ends with NULL. */
extern const char *const schema_statements[];

#endif

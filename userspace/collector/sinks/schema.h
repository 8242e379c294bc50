/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables, once: their columns are NDJSON's keys with dots turned into underscores. From each
 * list grow CREATE TABLE, the prepared INSERT and the numbers its parameters are bound by, so they
 * cannot differ. Every table opens with yagura_sensor, parameter 1. What a version adds is a list
 * of its own and stands last, where ALTER TABLE puts it: a file that was migrated is like a new
 * one. A change here raises DATABASE_SCHEMA. Of what a flow's first bytes say, the columns grow
 * from MARK_KINDS (schema_marks.h). X(name, type)
 */
#ifndef YAGURA_COLLECTOR_SCHEMA_H
#define YAGURA_COLLECTOR_SCHEMA_H

#define FLOW_COLUMNS_1(X)                                                                          \
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

#define FLOW_COLUMNS_2(X)                                                                          \
	X(network_iana_number, INTEGER)                                                            \
	X(yagura_ending, TEXT)                                                                     \
	X(yagura_shared, INTEGER)                                                                  \
	X(yagura_preexisting, INTEGER)                                                             \
	X(yagura_folded, INTEGER)                                                                  \
	X(yagura_count, INTEGER)                                                                   \
	X(yagura_ports, INTEGER)                                                                   \
	X(yagura_icmp_type, INTEGER)                                                               \
	X(yagura_icmp_code, INTEGER)                                                               \
	X(source_data_packets, INTEGER)                                                            \
	X(destination_data_packets, INTEGER)                                                       \
	X(yagura_min_rtt_us, INTEGER)                                                              \
	X(yagura_socket_user_id, INTEGER)                                                          \
	X(yagura_netns, INTEGER)                                                                   \
	X(yagura_cgroup_id, INTEGER)                                                               \
	X(yagura_cgroup, TEXT)                                                                     \
	X(container_id, TEXT)                                                                      \
	X(container_runtime, TEXT)                                                                 \
	X(kubernetes_pod_uid, TEXT)

#define FLOW_COLUMNS_3(X)                                                                          \
	X(yagura_splt, TEXT)                                                                       \
	X(destination_domain, TEXT)

#define FLOW_COLUMNS(X) FLOW_COLUMNS_1(X) FLOW_COLUMNS_2(X) FLOW_COLUMNS_3(X)

#define EXEC_COLUMNS_1(X)                                                                          \
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

/* Capabilities as 16 hex digits, as /proc/PID/status has them: forty names would be most of a row.
 */
#define EXEC_COLUMNS_2(X)                                                                          \
	X(process_working_directory, TEXT)                                                         \
	X(process_saved_user_id, INTEGER)                                                          \
	X(process_vpid, INTEGER)                                                                   \
	X(process_session_leader_pid, INTEGER)                                                     \
	X(process_tty_char_device_major, INTEGER)                                                  \
	X(process_tty_char_device_minor, INTEGER)                                                  \
	X(file_inode, INTEGER)                                                                     \
	X(file_device, TEXT)                                                                       \
	X(file_size, INTEGER)                                                                      \
	X(file_mode, TEXT)                                                                         \
	X(file_ctime, TEXT)                                                                        \
	X(file_mtime, TEXT)                                                                        \
	X(container_id, TEXT)                                                                      \
	X(container_runtime, TEXT)                                                                 \
	X(kubernetes_pod_uid, TEXT)                                                                \
	X(yagura_script, TEXT)                                                                     \
	X(yagura_args_total_bytes, INTEGER)                                                        \
	X(yagura_cgroup, TEXT)                                                                     \
	X(yagura_file_nlink, INTEGER)                                                              \
	X(yagura_memfd, INTEGER)                                                                   \
	X(yagura_upper_layer, INTEGER)                                                             \
	X(yagura_privileged, INTEGER)                                                              \
	X(yagura_no_new_privs, INTEGER)                                                            \
	X(yagura_from_thread, INTEGER)                                                             \
	X(yagura_loginuid, INTEGER)                                                                \
	X(yagura_audit_session, INTEGER)                                                           \
	X(yagura_cap_effective, TEXT)                                                              \
	X(yagura_cap_permitted, TEXT)                                                              \
	X(yagura_cap_ambient, TEXT)                                                                \
	X(yagura_cgroupns, INTEGER)                                                                \
	X(yagura_ipcns, INTEGER)                                                                   \
	X(yagura_mntns, INTEGER)                                                                   \
	X(yagura_netns, INTEGER)                                                                   \
	X(yagura_pidns, INTEGER)                                                                   \
	X(yagura_userns, INTEGER)                                                                  \
	X(yagura_utsns, INTEGER)

/* An exec_update fills these. */
#define EXEC_COLUMNS_3(X)                                                                          \
	X(process_hash_sha256, TEXT)                                                               \
	X(yagura_hash_status, TEXT)                                                                \
	X(yagura_package, TEXT)                                                                    \
	X(yagura_verity, TEXT)                                                                     \
	X(yagura_script_sha256, TEXT)                                                              \
	X(yagura_script_hash_status, TEXT)                                                         \
	X(yagura_px1, TEXT)                                                                        \
	X(yagura_first_seen, INTEGER)

/* The last ones are EXEC_FACTS: 1, or NULL when nobody says so. */
#define EXEC_COLUMNS_KIN(X)                                                                        \
	X(yagura_ancestors, TEXT)                                                                  \
	X(yagura_ancestor_ids, TEXT)                                                               \
	X(yagura_creator_pid, INTEGER)                                                             \
	X(yagura_creator_entity_id, TEXT)                                                          \
	X(yagura_creator_executable, TEXT)                                                         \
	X(yagura_unit, TEXT)                                                                       \
	X(yagura_user_unit, TEXT)                                                                  \
	X(yagura_slice, TEXT)                                                                      \
	X(yagura_login_session, TEXT)                                                              \
	X(yagura_former_user_id, INTEGER)                                                          \
	X(yagura_entered_cgroupns, INTEGER)                                                        \
	X(yagura_entered_ipcns, INTEGER)                                                           \
	X(yagura_entered_mntns, INTEGER)                                                           \
	X(yagura_entered_netns, INTEGER)                                                           \
	X(yagura_entered_pidns, INTEGER)                                                           \
	X(yagura_entered_userns, INTEGER)                                                          \
	X(yagura_entered_utsns, INTEGER)                                                           \
	X(yagura_ld_preload, INTEGER)                                                              \
	X(yagura_ld_library_path, INTEGER)                                                         \
	X(yagura_ld_audit, INTEGER)                                                                \
	X(yagura_environment_cut, INTEGER)                                                         \
	X(yagura_environment_unknown, INTEGER)                                                     \
	X(yagura_writable_file, INTEGER)                                                           \
	X(yagura_writable_directory, INTEGER)                                                      \
	X(yagura_temporary_place, INTEGER)                                                         \
	X(yagura_gained_permitted, INTEGER)                                                        \
	X(yagura_gained_effective, INTEGER)                                                        \
	X(yagura_gained_ambient, INTEGER)                                                          \
	X(yagura_namespace_init, INTEGER)                                                          \
	X(yagura_kernel_ancestor, INTEGER)                                                         \
	X(yagura_ancestors_cut, INTEGER)

/* What became of process_args before they were kept. */
#define EXEC_COLUMNS_ARGS(X)                                                                       \
	X(yagura_args_redacted, INTEGER)                                                           \
	X(yagura_args_shape, INTEGER)                                                              \
	X(yagura_args_gave_up, INTEGER)

/* An exec_update fills this, too. */
#define EXEC_COLUMNS_4(X) X(yagura_ima, TEXT)

#define EXEC_COLUMNS(X)                                                                            \
	EXEC_COLUMNS_1(X)                                                                          \
	EXEC_COLUMNS_2(X)                                                                          \
	EXEC_COLUMNS_3(X) EXEC_COLUMNS_KIN(X) EXEC_COLUMNS_ARGS(X) EXEC_COLUMNS_4(X)

#define EXIT_COLUMNS_1(X)                                                                          \
	X(timestamp, TEXT)                                                                         \
	X(event_action, TEXT)                                                                      \
	X(process_pid, INTEGER)                                                                    \
	X(process_entity_id, TEXT)                                                                 \
	X(process_executable, TEXT)                                                                \
	X(process_args, TEXT)                                                                      \
	X(process_user_id, INTEGER)                                                                \
	X(process_exit_code, INTEGER)                                                              \
	X(yagura_exit_signal, INTEGER)

#define EXIT_COLUMNS_2(X) X(yagura_run_us, INTEGER)

#define EXIT_COLUMNS(X) EXIT_COLUMNS_1(X) EXIT_COLUMNS_2(X)

/* A hole noticed here has a lane and sequence numbers, no class, and counts batches. */
#define GAP_COLUMNS_1(X)                                                                           \
	X(timestamp, TEXT)                                                                         \
	X(event_action, TEXT)                                                                      \
	X(yagura_record_class, TEXT)                                                               \
	X(yagura_reason, TEXT)                                                                     \
	X(yagura_count, INTEGER)                                                                   \
	X(yagura_lane, INTEGER)                                                                    \
	X(yagura_first_seq, INTEGER)                                                               \
	X(yagura_last_seq, INTEGER)

#define GAP_COLUMNS_2(X) X(yagura_cgroup, TEXT)

#define GAP_COLUMNS(X) GAP_COLUMNS_1(X) GAP_COLUMNS_2(X)

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
/* What a later row does not say stays. */
#define SCHEMA_KEEP(name, type) ", " #name " = COALESCE(excluded." #name ", " #name ")"

#define SCHEMA_ASSIGN(name, type) ", " #name " = ?"

#define SCHEMA_INSERT(table, COLUMNS)                                                              \
	"INSERT INTO " #table                                                                      \
	"(yagura_sensor" COLUMNS(SCHEMA_NAME) ") VALUES (?1" COLUMNS(SCHEMA_VALUE) ")"

#define COLUMN_SENSOR 1

enum flow_column {
	FLOW_BASE = COLUMN_SENSOR,
#define FLOW_ENUM(name, type) FLOW_##name,
	FLOW_COLUMNS(FLOW_ENUM)
#undef FLOW_ENUM
		FLOW_MARKS, /* that of kind n is FLOW_MARKS - 1 + n */
};

enum exec_column {
	EXEC_BASE = COLUMN_SENSOR,
#define EXEC_ENUM(name, type) EXEC_##name,
	EXEC_COLUMNS(EXEC_ENUM)
#undef EXEC_ENUM
};

/* Parameters of the statement that an exec_update is. */
enum update_column {
	UPDATE_BASE = COLUMN_SENSOR,
	UPDATE_process_entity_id,
#define UPDATE_ENUM(name, type) UPDATE_##name,
	EXEC_COLUMNS_3(UPDATE_ENUM) EXEC_COLUMNS_4(UPDATE_ENUM)
#undef UPDATE_ENUM
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
/* What makes a file of version n one of n + 1, n from 1: its version included. Ends with NULL. */
extern const char *const *const schema_migrations[];

#endif

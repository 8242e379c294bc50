/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sinks/sqlite_rows.h"

#include "collector/sinks/schema.h"
#include "common/clock.h"
#include "telemetry/container.h"
#include "telemetry/render.h"

#include <inttypes.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static void entity_id(struct row *row, int column, const struct sink_item *item,
		      const struct record_process *process)
{
	char id[RENDER_ID_BYTES];

	render_entity_id(id, item->header, &process->key);
	row_string(row, column, id);
}

/* Where the record's table has them. */
struct container_columns {
	int id, runtime, pod_uid;
};

static void container(struct row *row, struct container_columns columns, struct text cgroup)
{
	struct container container;

	if (!container_of(cgroup, &container))
		return;
	row_text(row, columns.id, container.id);
	row_string(row, columns.runtime, container.runtime ? container.runtime : "");
	row_string(row, columns.pod_uid, container.pod_uid);
}

/* An inode of 0: the sensor never looked. */
static void fill_file(struct row *row, const struct record_file *file)
{
	char device[24], mode[8];

	row_number(row, EXEC_yagura_deleted, file->deleted);
	row_number(row, EXEC_yagura_memfd, file->memfd);
	row_number(row, EXEC_yagura_upper_layer, file->upper_layer);
	if (file->inode == 0)
		return;
	snprintf(device, sizeof(device), "%" PRIu32 ":%" PRIu32, file->device_major,
		 file->device_minor);
	snprintf(mode, sizeof(mode), "%04o", file->mode & 07777u);
	row_number(row, EXEC_file_inode, file->inode);
	row_string(row, EXEC_file_device, device);
	row_number(row, EXEC_file_size, file->bytes);
	row_string(row, EXEC_file_mode, mode);
	row_time(row, EXEC_file_ctime, file->ctime_ns);
	row_time(row, EXEC_file_mtime, file->mtime_ns);
	row_number(row, EXEC_yagura_file_nlink, file->nlink);
}

/* Every process is in a user namespace: without one the sensor never looked at who it was, either.
 */
static void fill_credentials(struct row *row, const struct record_exec *exec)
{
	row_id(row, EXEC_yagura_loginuid, exec->loginuid);
	row_id(row, EXEC_yagura_audit_session, exec->audit_session);
	row_number(row, EXEC_yagura_privileged, exec->privileged);
	row_number(row, EXEC_yagura_no_new_privs, exec->no_new_privs);
	if (exec->namespaces.user == 0)
		return;
	row_id(row, EXEC_process_saved_user_id, exec->suid);
	row_hex(row, EXEC_yagura_cap_effective, exec->cap_effective);
	row_hex(row, EXEC_yagura_cap_permitted, exec->cap_permitted);
	row_hex(row, EXEC_yagura_cap_ambient, exec->cap_ambient);
}

static void fill_namespaces(struct row *row, const struct record_namespaces *namespaces)
{
	row_known(row, EXEC_yagura_cgroupns, namespaces->cgroup);
	row_known(row, EXEC_yagura_ipcns, namespaces->ipc);
	row_known(row, EXEC_yagura_mntns, namespaces->mnt);
	row_known(row, EXEC_yagura_netns, namespaces->net);
	row_known(row, EXEC_yagura_pidns, namespaces->pid);
	row_known(row, EXEC_yagura_userns, namespaces->user);
	row_known(row, EXEC_yagura_utsns, namespaces->uts);
}

static void fill_context(struct row *row, const struct record_exec *exec)
{
	const struct container_columns columns = { EXEC_container_id, EXEC_container_runtime,
						   EXEC_kubernetes_pod_uid };

	row_known(row, EXEC_yagura_cgroup_id, exec->cgroup_id);
	row_text(row, EXEC_yagura_cgroup, exec->cgroup);
	container(row, columns, exec->cgroup);
	row_known(row, EXEC_process_vpid, exec->namespace_pid);
	row_known(row, EXEC_process_session_leader_pid, exec->session_pid);
	row_known(row, EXEC_process_tty_char_device_major, exec->tty_major);
	if (exec->tty_major != 0)
		row_number(row, EXEC_process_tty_char_device_minor, exec->tty_minor);
	row_number(row, EXEC_yagura_from_thread, exec->from_thread);
}

static void digest(struct row *row, int column, const struct record_hash *hash)
{
	char hex[2 * HASH_SHA256_BYTES + 1];

	if (!hash_has_digest(hash))
		return;
	render_hex(hex, hash->sha256, HASH_SHA256_BYTES);
	row_string(row, column, hex);
}

static void fill_ima(struct row *row, int column, const struct record_hash *hash)
{
	char ima[RENDER_VERITY_BYTES];

	render_ima(ima, &hash->ima);
	row_string(row, column, ima);
}

/* The columns stand in one order wherever they begin. */
static void fill_hashes(struct row *row, int first, const struct record_hash *hash,
			const struct record_hash *script)
{
	const int to = first - EXEC_process_hash_sha256;
	char verity[RENDER_VERITY_BYTES];

	digest(row, first, hash);
	if (hash->status != HASH_NONE) {
		row_string(row, to + EXEC_yagura_hash_status, hash_status_name(hash->status));
		row_string(row, to + EXEC_yagura_package, package_state_name(hash->package));
	}
	render_verity(verity, &hash->verity);
	row_string(row, to + EXEC_yagura_verity, verity);
	digest(row, to + EXEC_yagura_script_sha256, script);
	if (script->status != HASH_NONE)
		row_string(row, to + EXEC_yagura_script_hash_status,
			   hash_status_name(script->status));
}

/* Of what has no digest nobody knows whether it was executed before. */
static void fill_first_seen(struct row *row, int column, const struct record_hash *hash,
			    const struct record_hash *script, bool first_seen)
{
	if (first_seen || hash->status == HASH_OK || script->status == HASH_OK)
		row_number(row, column, first_seen);
}

void sqlite_fill_exec(struct row *row, const struct sink_item *item)
{
	const struct record_exec *exec = &item->record->exec;
	const struct record_process *process = &exec->process;
	const struct record_process *parent = &exec->parent;

	row_time(row, EXEC_timestamp, exec->time_ns);
	row_string(row, EXEC_event_action, "exec");
	row_known(row, EXEC_process_pid, process->key.pid);
	entity_id(row, EXEC_process_entity_id, item, process);
	row_text(row, EXEC_process_executable, process->executable);
	row_args(row, EXEC_process_args, process->args);
	row_number(row, EXEC_process_args_truncated, process->args_truncated);
	row_id(row, EXEC_process_user_id, process->uid);
	row_id(row, EXEC_process_group_id, process->gid);
	row_id(row, EXEC_process_effective_user_id, exec->euid);
	row_id(row, EXEC_process_effective_group_id, exec->egid);
	row_known(row, EXEC_process_parent_pid, parent->key.pid);
	entity_id(row, EXEC_process_parent_entity_id, item, parent);
	row_text(row, EXEC_process_parent_executable, parent->executable);
	row_args(row, EXEC_process_parent_args, parent->args);
	row_text(row, EXEC_process_working_directory, exec->cwd);
	row_text(row, EXEC_yagura_script, exec->script);
	row_number(row, EXEC_yagura_args_total_bytes, exec->args_total_bytes);
	fill_file(row, &exec->file);
	fill_credentials(row, exec);
	fill_namespaces(row, &exec->namespaces);
	fill_context(row, exec);
	sqlite_fill_kin(row, item);
	fill_hashes(row, EXEC_process_hash_sha256, &exec->file.hash, &exec->script_hash);
	fill_ima(row, EXEC_yagura_ima, &exec->file.hash);
	row_text(row, EXEC_yagura_px1, exec->px1);
	fill_first_seen(row, EXEC_yagura_first_seen, &exec->file.hash, &exec->script_hash,
			exec->first_seen);
	row_number(row, EXEC_yagura_args_redacted, exec->args_redacted);
	row_number(row, EXEC_yagura_args_shape, exec->args_shape);
	row_number(row, EXEC_yagura_args_gave_up, exec->args_gave_up);
}

void sqlite_fill_exec_update(struct row *row, const struct sink_item *item)
{
	const struct record_exec_update *update = &item->record->exec_update;

	entity_id(row, UPDATE_process_entity_id, item, &update->process);
	fill_hashes(row, UPDATE_process_hash_sha256, &update->hash, &update->script_hash);
	fill_ima(row, UPDATE_yagura_ima, &update->hash);
	row_text(row, UPDATE_yagura_px1, update->px1);
	fill_first_seen(row, UPDATE_yagura_first_seen, &update->hash, &update->script_hash,
			update->first_seen);
}

void sqlite_fill_exit(struct row *row, const struct sink_item *item)
{
	const struct record_exit *exit = &item->record->exit;
	const struct record_process *process = &exit->process;

	row_time(row, EXIT_timestamp, exit->time_ns);
	row_string(row, EXIT_event_action, "exit");
	row_known(row, EXIT_process_pid, process->key.pid);
	entity_id(row, EXIT_process_entity_id, item, process);
	row_text(row, EXIT_process_executable, process->executable);
	row_args(row, EXIT_process_args, process->args);
	row_id(row, EXIT_process_user_id, process->uid);
	if (WIFEXITED(exit->status))
		row_number(row, EXIT_process_exit_code, (uint64_t)WEXITSTATUS(exit->status));
	else
		row_number(row, EXIT_yagura_exit_signal, (uint64_t)WTERMSIG(exit->status));
	row_known(row, EXIT_yagura_run_us, exit->run_ns / NS_PER_US);
}

static void address(struct row *row, int column, const uint8_t addr[16])
{
	char text[RENDER_ADDR_BYTES];

	if (record_addr_is_unspecified(addr))
		return;
	render_addr(text, addr);
	row_string(row, column, text);
}

static void fill_endpoints(struct row *row, const struct record_flow *flow)
{
	address(row, FLOW_source_ip, flow->source.addr);
	row_known(row, FLOW_source_port, flow->source.port);
	address(row, FLOW_destination_ip, flow->destination.addr);
	row_known(row, FLOW_destination_port, flow->destination.port);
	row_string(row, FLOW_network_type, flow->is_ipv6 ? "ipv6" : "ipv4");
}

/* The counters of a socket that was reused before they could be read are nobody's. */
static void fill_counters(struct row *row, const struct record_flow *flow)
{
	if (flow->counters_reset)
		return;
	row_number(row, FLOW_source_bytes, flow->source.bytes);
	row_number(row, FLOW_source_packets, flow->source.packets);
	row_number(row, FLOW_destination_bytes, flow->destination.bytes);
	row_number(row, FLOW_destination_packets, flow->destination.packets);
	row_number(row, FLOW_source_data_packets, flow->source.data_packets);
	row_number(row, FLOW_destination_data_packets, flow->destination.data_packets);
	row_number(row, FLOW_yagura_retransmits, flow->retransmits);
	row_known(row, FLOW_yagura_srtt_us, flow->srtt_us);
	row_known(row, FLOW_yagura_min_rtt_us, flow->min_rtt_us);
	row_known(row, FLOW_yagura_handshake_us, flow->handshake_us);
}

static void fill_owner(struct row *row, const struct sink_item *item)
{
	const struct record_flow *flow = &item->record->flow;

	row_known(row, FLOW_process_pid, flow->process.key.pid);
	entity_id(row, FLOW_process_entity_id, item, &flow->process);
	row_text(row, FLOW_process_executable, flow->process.executable);
	row_args(row, FLOW_process_args, flow->process.args);
	row_id(row, FLOW_process_user_id, flow->process.uid);
	row_string(row, FLOW_yagura_owner_quality, record_owner_quality_name(flow->owner_quality));
	row_known(row, FLOW_yagura_listener_pid, flow->listener.key.pid);
	entity_id(row, FLOW_yagura_listener_entity_id, item, &flow->listener);
	row_text(row, FLOW_yagura_listener_executable, flow->listener.executable);
}

static void fill_socket(struct row *row, const struct record_flow *flow)
{
	const struct container_columns columns = { FLOW_container_id, FLOW_container_runtime,
						   FLOW_kubernetes_pod_uid };

	row_id(row, FLOW_yagura_socket_user_id, flow->uid);
	row_known(row, FLOW_yagura_netns, flow->netns);
	row_known(row, FLOW_yagura_cgroup_id, flow->cgroup_id);
	row_text(row, FLOW_yagura_cgroup, flow->cgroup);
	container(row, columns, flow->cgroup);
}

static void fill_transport(struct row *row, const struct record_flow *flow)
{
	const char *name = record_protocol_name(flow->protocol);

	row_number(row, FLOW_network_iana_number, flow->protocol);
	if (name)
		row_string(row, FLOW_network_transport, name);
	else
		row_number(row, FLOW_network_transport, flow->protocol);
	if (flow->protocol != IPPROTO_ICMP && flow->protocol != IPPROTO_ICMPV6)
		return;
	row_number(row, FLOW_yagura_icmp_type, flow->icmp_type);
	row_number(row, FLOW_yagura_icmp_code, flow->icmp_code);
}

static void fill_error(struct row *row, const struct record_flow *flow)
{
	const char *name = flow->error <= INT_MAX ? strerrorname_np((int)flow->error) : NULL;

	if (flow->error != 0 && name)
		row_string(row, FLOW_yagura_error, name);
	else
		row_known(row, FLOW_yagura_error, flow->error);
}

/* How it went on, and for how many others it stands. */
static void fill_state(struct row *row, const struct record_flow *flow)
{
	row_string(row, FLOW_yagura_state, record_flow_state_name(flow->state));
	fill_error(row, flow);
	if (flow->ending != FLOW_ENDING_UNKNOWN)
		row_string(row, FLOW_yagura_ending, record_flow_ending_name(flow->ending));
	row_number(row, FLOW_yagura_shared, flow->shared);
	row_number(row, FLOW_yagura_preexisting, flow->preexisting);
	row_number(row, FLOW_yagura_folded, flow->folded);
	row_number(row, FLOW_yagura_count, flow->count);
	row_known(row, FLOW_yagura_ports, flow->ports);
}

static void fill_packets(struct row *row, const struct record_flow *flow)
{
	char splt[RENDER_SPLT_BYTES];

	render_splt(splt, &flow->splt);
	row_string(row, FLOW_yagura_splt, splt);
	row_text(row, FLOW_destination_domain, flow->destination_name);
}

void sqlite_fill_flow(struct row *row, const struct sink_item *item)
{
	const struct record_flow *flow = &item->record->flow;
	char id[RENDER_ID_BYTES];

	render_flow_id(id, item->header, flow);
	row_time(row, FLOW_timestamp, flow->end_ns);
	row_string(row, FLOW_event_action, "flow");
	row_string(row, FLOW_yagura_flow_id, id);
	row_number(row, FLOW_yagura_part, flow->part);
	row_number(row, FLOW_yagura_final, flow->final);
	fill_state(row, flow);
	row_time(row, FLOW_event_start, flow->start_ns);
	row_time(row, FLOW_event_end, flow->end_ns);
	fill_transport(row, flow);
	row_string(row, FLOW_network_direction, record_direction_name(flow->direction));
	fill_endpoints(row, flow);
	fill_counters(row, flow);
	fill_owner(row, item);
	fill_socket(row, flow);
	fill_packets(row, flow);
	sqlite_fill_marks(row, flow);
}

void sqlite_fill_gap(struct row *row, const struct sink_item *item)
{
	const struct record_gap *gap = &item->record->gap;
	const struct sink_hole *hole = item->hole;

	row_time(row, GAP_timestamp, gap->time_ns);
	row_string(row, GAP_event_action, "gap");
	row_string(row, GAP_yagura_reason, gap_reason_name(gap->reason));
	row_number(row, GAP_yagura_count, gap->count);
	row_text(row, GAP_yagura_cgroup, gap->cgroup);
	if (!hole) {
		row_string(row, GAP_yagura_record_class, record_class_name(gap->class));
		return;
	}
	row_number(row, GAP_yagura_lane, hole->lane);
	row_number(row, GAP_yagura_first_seq, hole->first_seq);
	row_number(row, GAP_yagura_last_seq, hole->last_seq);
}

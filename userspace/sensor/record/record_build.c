/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/record/record_build.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static bool is_nobody(const struct process_key *key)
{
	return key->start_ns == 0 && key->pid == 0 && key->exec_count == 0;
}

static struct record_process_key key_of(const struct process_key *key)
{
	return (struct record_process_key){
		.start_ns = key->start_ns,
		.pid = key->pid,
		.exec_count = key->exec_count,
	};
}

/* The identity always, the rest as far as the table knows it. True when it knew the key. */
static bool look_up(const struct process_table *processes, const struct process_key *key,
		    struct record_process *ret_process)
{
	const struct process *known = process_table_find(processes, key);

	*ret_process = (struct record_process){
		.key = key_of(key),
		.uid = UINT32_MAX,
		.gid = UINT32_MAX,
	};
	if (!known)
		return false;
	ret_process->uid = known->uid;
	ret_process->gid = known->gid;
	ret_process->executable = known->executable;
	ret_process->args = known->args;
	ret_process->args_truncated = known->args_truncated;
	return true;
}

void record_from_exec(const struct decoded_exec *exec, const struct process_table *processes,
		      uint64_t boot_epoch_ns, struct record *ret_record)
{
	const struct event_exec *fixed = &exec->fixed;

	*ret_record = (struct record){
		.class = RECORD_EXEC,
		.exec = {
			.time_ns = fixed->header.time_ns + boot_epoch_ns,
			.process = {
				.key = key_of(&fixed->process),
				.uid = fixed->uid,
				.gid = fixed->gid,
				.executable = { exec->path, exec->path_length },
				.args = exec->args,
				.args_truncated = fixed->flags & EXEC_ARGS_TRUNCATED,
			},
			.euid = fixed->euid,
			.egid = fixed->egid,
			.cgroup_id = fixed->cgroup_id,
			.args_total_bytes = fixed->args_total_bytes,
			.file.deleted = fixed->flags & EXEC_DELETED,
		},
	};
	look_up(processes, &fixed->parent, &ret_record->exec.parent);
}

void record_from_exit(const struct event_exit *exit, const struct process_table *processes,
		      uint64_t boot_epoch_ns, struct record *ret_record)
{
	struct record_exit *record = &ret_record->exit;

	*ret_record = (struct record){
		.class = RECORD_EXIT,
		.exit = {
			.time_ns = exit->header.time_ns + boot_epoch_ns,
			.status = exit->status,
		},
	};
	look_up(processes, &exit->process, &record->process);
	if (record->process.uid == UINT32_MAX)
		record->process.uid = exit->uid;
}

static enum record_direction direction_of(const struct event_flow *flow)
{
	switch (flow->direction) {
	case FLOW_EGRESS:
		return DIRECTION_EGRESS;
	case FLOW_INGRESS:
		return DIRECTION_INGRESS;
	default:
		return DIRECTION_UNKNOWN;
	}
}

static enum record_flow_state state_of(const struct event_flow *flow)
{
	switch (flow->state) {
	case FLOW_STATE_OPEN:
		return FLOW_OPEN;
	case FLOW_STATE_ESTABLISHED:
		return FLOW_ESTABLISHED;
	case FLOW_STATE_FAILED:
		return FLOW_FAILED;
	default:
		return FLOW_CLOSED;
	}
}

/* A kernel socket has no process by nature; elsewhere a quality without an owner would be a guess
 * dressed as a fact. */
static enum record_owner_quality quality_of(const struct event_flow *flow)
{
	if (is_nobody(&flow->owner) && flow->owner_quality != OWNER_KERNEL)
		return QUALITY_UNKNOWN;
	switch (flow->owner_quality) {
	case OWNER_INHERITED:
		return QUALITY_INHERITED;
	case OWNER_SNAPSHOT:
		return QUALITY_SNAPSHOT;
	case OWNER_KERNEL:
		return QUALITY_KERNEL;
	case OWNER_CREATOR:
		return QUALITY_CREATOR;
	case OWNER_CALLER:
		return QUALITY_CALLER;
	default:
		return QUALITY_UNKNOWN;
	}
}

static struct record_endpoint local_end(const struct event_flow *flow)
{
	struct record_endpoint end = {
		.port = ntohs(flow->local_port),
		.bytes = flow->sent_bytes,
		.packets = flow->sent_packets,
	};

	memcpy(end.addr, flow->local_addr, sizeof(end.addr));
	return end;
}

static struct record_endpoint remote_end(const struct event_flow *flow)
{
	struct record_endpoint end = {
		.port = ntohs(flow->remote_port),
		.bytes = flow->received_bytes,
		.packets = flow->received_packets,
	};

	memcpy(end.addr, flow->remote_addr, sizeof(end.addr));
	return end;
}

static void set_ends(const struct event_flow *flow, struct record_flow *record)
{
	bool remote_initiated = flow->direction == FLOW_INGRESS;

	record->source = remote_initiated ? remote_end(flow) : local_end(flow);
	record->destination = remote_initiated ? local_end(flow) : remote_end(flow);
}

/* A part never ends before it starts: the wire has its duration unsigned. */
static void set_times(const struct event_flow *flow, uint64_t boot_epoch_ns,
		      struct record_flow *record)
{
	uint64_t end_ns = flow->header.time_ns;
	uint64_t start_ns = flow->opened_ns < end_ns ? flow->opened_ns : end_ns;

	record->start_ns = start_ns + boot_epoch_ns;
	record->end_ns = end_ns + boot_epoch_ns;
}

void record_from_flow(const struct event_flow *flow, const struct process_table *processes,
		      uint64_t boot_epoch_ns, struct record *ret_record, bool *ret_has_process)
{
	struct record_flow *record = &ret_record->flow;

	*ret_record = (struct record){
		.class = RECORD_FLOW,
		.flow = {
			.cookie = flow->cookie,
			.index = flow->index,
			.part = flow->part,
			.final = flow->flags & FLOW_FINAL,
			.counters_reset = flow->flags & FLOW_COUNTERS_RESET,
			.direction = direction_of(flow),
			.state = state_of(flow),
			.protocol = flow->protocol,
			.count = flow->count,
			.error = flow->error,
			.retransmits = flow->retransmits,
			.srtt_us = flow->srtt_us,
			.handshake_us = flow->handshake_us,
			.owner_quality = quality_of(flow),
		},
	};
	set_times(flow, boot_epoch_ns, record);
	set_ends(flow, record);
	*ret_has_process =
		look_up(processes, &flow->owner, &record->process) || is_nobody(&flow->owner);
	look_up(processes, &flow->listener, &record->listener);
}

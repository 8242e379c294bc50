/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/record/record_build.h"

#include "sensor/record/exec_facts.h"

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

/* The identity always, the rest as far as the table knows it. */
static struct record_process look_up(const struct record_sources *sources,
				     const struct process_key *key)
{
	const struct process *known = process_table_find(sources->processes, key);
	struct record_process process = {
		.key = key_of(key),
		.uid = UINT32_MAX,
		.gid = UINT32_MAX,
	};

	if (!known)
		return process;
	process.uid = known->uid;
	process.gid = known->gid;
	process.executable = known->executable;
	process.args = known->args;
	process.args_truncated = known->args_truncated;
	return process;
}

static struct text cgroup_of(const struct record_sources *sources, uint64_t id)
{
	const struct text *path = id ? cgroup_names_find(sources->cgroups, id) : NULL;

	return path ? *path : (struct text){ 0 };
}

/* Device numbers as the kernel keeps them: 12 bits, then 20. */
static uint32_t device_major(uint32_t device)
{
	return device >> 20;
}

static uint32_t device_minor(uint32_t device)
{
	return device & 0xfffff;
}

static struct record_file file_of(const struct event_exec *exec)
{
	return (struct record_file){
		.inode = exec->inode,
		.bytes = exec->file_bytes,
		.ctime_ns = exec->ctime_ns,
		.mtime_ns = exec->mtime_ns,
		.device_major = device_major(exec->device),
		.device_minor = device_minor(exec->device),
		.nlink = exec->nlink,
		.mode = exec->mode,
		.deleted = exec->flags & EXEC_DELETED,
		.memfd = exec->flags & EXEC_MEMFD,
		.upper_layer = exec->flags & EXEC_UPPER_LAYER,
	};
}

static struct record_namespaces namespaces_of(const struct process_namespaces *namespaces)
{
	return (struct record_namespaces){
		.cgroup = namespaces->cgroup,
		.ipc = namespaces->ipc,
		.mnt = namespaces->mnt,
		.net = namespaces->net,
		.pid = namespaces->pid,
		.user = namespaces->user,
		.uts = namespaces->uts,
	};
}

static struct record_process process_of(const struct decoded_exec *exec)
{
	return (struct record_process){
		.key = key_of(&exec->fixed.process),
		.uid = exec->fixed.uid,
		.gid = exec->fixed.gid,
		.executable = { exec->path, exec->path_length },
		.args = exec->args,
		.args_truncated = exec->fixed.flags & EXEC_ARGS_TRUNCATED,
	};
}

_Static_assert(EVENT_ANCESTORS_MAX <= RECORD_ANCESTORS_MAX, "as many as an event has");

/* Without argv: a name and an identity are what an ancestor is asked for. */
static struct record_process relative(const struct record_sources *sources,
				      const struct process_key *key)
{
	struct record_process process = look_up(sources, key);

	process.args = (struct text){ 0 };
	process.args_truncated = false;
	return process;
}

static bool is_same_life(const struct process_key *a, const struct process_key *b)
{
	return a->start_ns == b->start_ns && a->pid == b->pid;
}

static void set_relatives(const struct record_sources *sources, const struct decoded_exec *exec,
			  const struct process *process, struct record_exec *record)
{
	record->creator = look_up(sources, &(struct process_key){ 0 });
	if (process && !is_nobody(&process->creator) &&
	    !is_same_life(&process->creator, &exec->fixed.parent))
		record->creator = relative(sources, &process->creator);
	for (uint32_t i = 0; i < exec->fixed.ancestor_count; i++)
		sources->ancestors[i] = relative(sources, &exec->ancestors[i]);
	record->ancestors = sources->ancestors;
	record->ancestor_count = exec->fixed.ancestor_count;
}

void record_from_exec(const struct record_sources *sources, const struct decoded_exec *exec,
		      struct record *ret_record)
{
	const struct event_exec *fixed = &exec->fixed;
	const struct process *process = process_table_find(sources->processes, &fixed->process);

	*ret_record = (struct record){
		.class = RECORD_EXEC,
		.exec = {
			.time_ns = fixed->header.time_ns + sources->boot_epoch_ns,
			.process = process_of(exec),
			.parent = look_up(sources, &fixed->parent),
			.file = file_of(fixed),
			.namespaces = namespaces_of(&fixed->namespaces),
			.cwd = { exec->cwd, exec->cwd_length },
			.script = exec->script,
			.cgroup = cgroup_of(sources, fixed->cgroup_id),
			.cgroup_id = fixed->cgroup_id,
			.cap_effective = fixed->cap_effective,
			.cap_permitted = fixed->cap_permitted,
			.cap_ambient = fixed->cap_ambient,
			.facts = exec_facts(exec) | (process ? process->gained : 0),
			.euid = fixed->euid,
			.former_euid = process ? process->former_euid : UINT32_MAX,
			.egid = fixed->egid,
			.suid = fixed->suid,
			.loginuid = fixed->loginuid,
			.audit_session = fixed->audit_session,
			.tty_major = device_major(fixed->tty),
			.tty_minor = device_minor(fixed->tty),
			.session_pid = fixed->session_pid,
			.namespace_pid = fixed->namespace_pid,
			.args_total_bytes = fixed->args_total_bytes,
			.privileged = fixed->flags & EXEC_PRIVILEGED,
			.no_new_privs = fixed->flags & EXEC_NO_NEW_PRIVS,
			.from_thread = fixed->flags & EXEC_FROM_THREAD,
		},
	};
	set_relatives(sources, exec, process, &ret_record->exec);
}

void record_from_exit(const struct record_sources *sources, const struct event_exit *exit,
		      struct record *ret_record)
{
	uint64_t end_ns = exit->header.time_ns;
	uint64_t start_ns = exit->process.start_ns < end_ns ? exit->process.start_ns : end_ns;
	struct record_exit *record = &ret_record->exit;

	*ret_record = (struct record){
		.class = RECORD_EXIT,
		.exit = {
			.time_ns = end_ns + sources->boot_epoch_ns,
			.process = look_up(sources, &exit->process),
			.run_ns = end_ns - start_ns,
			.status = exit->status,
		},
	};
	if (record->process.uid == UINT32_MAX)
		record->process.uid = exit->uid;
}

/* Who tries a port where nobody listens is the remote end, whatever else is said. */
static bool is_refused(const struct event_flow *flow)
{
	return flow->state == FLOW_STATE_REFUSED;
}

static enum record_direction direction_of(const struct event_flow *flow)
{
	if (is_refused(flow))
		return DIRECTION_INGRESS;
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
	case FLOW_STATE_REFUSED:
		return FLOW_REFUSED;
	default:
		return FLOW_CLOSED;
	}
}

static enum record_flow_ending ending_of(const struct event_flow *flow)
{
	static const enum record_flow_ending endings[] = {
		[ENDING_FIN_LOCAL] = FLOW_ENDING_FIN_LOCAL,
		[ENDING_FIN_REMOTE] = FLOW_ENDING_FIN_REMOTE,
		[ENDING_RESET_LOCAL] = FLOW_ENDING_RESET_LOCAL,
		[ENDING_RESET_REMOTE] = FLOW_ENDING_RESET_REMOTE,
		[ENDING_TIMEOUT] = FLOW_ENDING_TIMEOUT,
		[ENDING_UNREACHABLE] = FLOW_ENDING_UNREACHABLE,
		[ENDING_ABORTED] = FLOW_ENDING_ABORTED,
		[ENDING_IDLE] = FLOW_ENDING_IDLE,
		[ENDING_CLOSED] = FLOW_ENDING_CLOSED,
	};

	if (flow->ending >= sizeof(endings) / sizeof(endings[0]))
		return FLOW_ENDING_UNKNOWN;
	return endings[flow->ending];
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
		.data_packets = flow->sent_data_packets,
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
		.data_packets = flow->received_data_packets,
	};

	memcpy(end.addr, flow->remote_addr, sizeof(end.addr));
	return end;
}

static void set_ends(const struct event_flow *flow, struct record_flow *record)
{
	bool remote_initiated =
		flow->direction == FLOW_INGRESS || flow->state == FLOW_STATE_REFUSED;

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

void record_from_flow(const struct record_sources *sources, const struct event_flow *flow,
		      struct record *ret_record)
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
			.shared = flow->flags & FLOW_SHARED,
			.preexisting = flow->flags & FLOW_PREEXISTING,
			.folded = flow->flags & FLOW_FOLDED,
			.direction = direction_of(flow),
			.state = state_of(flow),
			.ending = ending_of(flow),
			.protocol = flow->protocol,
			.icmp_type = flow->icmp_type,
			.icmp_code = flow->icmp_code,
			.is_ipv6 = flow->flags & FLOW_IPV6,
			.error = flow->error,
			.retransmits = flow->retransmits,
			.srtt_us = flow->srtt_us,
			.min_rtt_us = flow->min_rtt_us,
			.handshake_us = flow->handshake_us,
			.count = flow->count,
			.ports = flow->ports,
			.uid = is_refused(flow) ? UINT32_MAX : flow->uid, /* no socket */
			.netns = flow->netns,
			.cgroup_id = flow->cgroup_id,
			.cgroup = cgroup_of(sources, flow->cgroup_id),
			.owner_quality = quality_of(flow),
			.process = look_up(sources, &flow->owner),
			.listener = look_up(sources, &flow->listener),
		},
	};
	set_times(flow, sources->boot_epoch_ns, record);
	set_ends(flow, record);
}

bool record_owner_is_known(const struct record_sources *sources, const struct event_flow *flow)
{
	return is_nobody(&flow->owner) || process_table_find(sources->processes, &flow->owner);
}

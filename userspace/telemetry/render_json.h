/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record as one line of NDJSON, in nested ECS. What is not known is left out, never 0 or "";
 * flags are there when true (yagura.final always). Times are RFC 3339, UTC, milliseconds. The
 * database's columns (collector/sinks/schema.h) have the same names, "_" for ".".
 *
 * All: @timestamp (a flow's: its end), event.action (exec,
 * exec_update, exit, flow, gap), yagura.sensor.
 *
 * A process, under process.: pid, entity_id, executable, args (array), args_truncated, user.id,
 * group.id (real). Under process.parent. likewise; under yagura.listener. likewise.
 *
 * flow: event.{start,end,duration (ns)}, network.{transport,iana_number,type,direction},
 *   source.{ip,port,bytes,packets,data_packets}, destination.{likewise,domain}, process.*,
 *   container.{id,runtime}, kubernetes.pod.uid, the keys of MARK_KINDS, and under yagura.:
 *   flow_id, part, final, state, error (errno's name), ending, shared, preexisting, folded, count
 *   (unless 1), ports, icmp_type, icmp_code, counters_reset, retransmits, srtt_us, min_rtt_us,
 *   handshake_us, splt (render_splt), owner_quality, listener.*, socket_user_id, netns, cgroup_id,
 *   cgroup.
 * exec: process.*, process.{working_directory,effective_user.id,effective_group.id,saved_user.id,
 *   vpid,session_leader.pid,tty.char_device.{major,minor},parent.*},
 *   file.{inode,device,size,mode,ctime,mtime}, container.*, kubernetes.pod.uid, and under yagura.:
 *   script, args_total_bytes, args_redacted (secrets taken out), args_shape, args_gave_up,
 *   file_nlink, deleted, memfd, upper_layer, privileged, no_new_privs, from_thread, loginuid,
 * audit_session, cap_effective, cap_permitted, cap_ambient (16 hex digits), cgroup_id, cgroup,
 * {cgroup,ipc,mnt,net,pid,user,uts}ns, and what exec_update has. exec_update: process.*,
 * process.hash.sha256, and under yagura.: hash_status, package, verity, ima (algorithm:hex),
 * script_sha256, script_hash_status, px1, first_seen (left out when false or not known). exit:
 * process.*, process.exit_code or yagura.exit_signal, yagura.run_us. gap:
 * yagura.{record_class,reason,count,cgroup}.
 *
 * Marks: a kind that occurs once in a flow is a scalar, several times an array in the order of the
 * list. A NUMBER is a number, a FLAG is true. One whose value is not what its form says (from a
 * damaged or later sender) comes as text.
 */
#ifndef YAGURA_TELEMETRY_RENDER_JSON_H
#define YAGURA_TELEMETRY_RENDER_JSON_H

#include "telemetry/batch_codec.h"
#include "telemetry/ndjson.h"
#include "telemetry/record.h"

/* Where a record comes from. */
struct render_source {
	const struct batch_header *header;
	const uint8_t *sensor; /* 16 bytes of its UUID; NULL: none, as in a replay */
};

/* Appends the line, newline included, to *json. 0, or -ENOMEM: nothing was appended. */
int render_json(struct ndjson *json, const struct render_source *source,
		const struct record *record);
/* Appends the values of one kind alone: a scalar, or an array when there are several. 0, or
 * -ENOMEM: nothing was appended. */
int render_mark_values(struct ndjson *json, const struct record_flow *flow, enum mark_kind kind);

#endif

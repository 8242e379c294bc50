/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identity → process. Fed by fork, exec, exit and snapshot events; asked by the flows. A process is
 * kept after its exit, because its sockets end later (sched_process_exit fires before the
 * descriptors close) and orphaned connections later still: for PROCESS_KEEP_NS, or less when more
 * than `exited_max` wait or they say more than `texts_bytes_max`, oldest first. Those of which a
 * flow goes on wait for its end: a quarter of `exited_max` may. No I/O, no clock: time is an
 * argument.
 *
 * Two links lead up. `creator` is who forked the process, and never changes. `parent` is whom the
 * kernel said last to be its parent: as long as nobody ends, the creator, then whoever took over
 * (init, a subreaper). Nothing is told when that happens, but each exec and each snapshot tells all
 * ancestors of that moment, and corrects the links of all of them.
 */
#ifndef YAGURA_PROCESS_TABLE_H
#define YAGURA_PROCESS_TABLE_H

#include "bpf/abi/event.h"
#include "telemetry/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROCESS_KEEP_NS (600ull * 1000000000ull)
/* A flow that goes on says so once an hour at the least. */
#define PROCESS_HOLD_NS (9000ull * 1000000000ull)
/* argv kept per image, for the flows to come; an exec record has all that the event had. */
#define PROCESS_ARGS_BYTES_MAX 4096

struct process_table;

struct process_table_options {
	uint32_t exited_max; /* exited processes kept, at most; each exec left behind is one too */
	uint32_t live_max; /* live ones; the oldest of a table that full is given up, and counted */
	size_t texts_bytes_max; /* paths and arguments; exited ones go until they fit; 0: no limit
				 */
};

struct process_table_stats {
	uint32_t live;
	uint32_t exited;
	uint32_t held; /* exited ones that were passed over, for the sake of a flow */
	size_t texts_bytes; /* paths and arguments, of live ones too */
	uint64_t evicted_early; /* exited ones dropped before PROCESS_KEEP_NS */
	uint64_t evicted_live; /* live ones dropped because of live_max */
	uint64_t unknown_parent; /* forks whose parent was not in the table */
};

/* A process as the table keeps it. Pointers stay valid until the next call that changes
 * the table. */
struct process {
	struct process_key key;
	struct process_key parent;
	struct process_key creator; /* all zero when unknown; of another exec count than `parent` */
	uint32_t uid; /* UINT32_MAX when unknown */
	uint32_t gid;
	uint32_t gained; /* by its exec: enum exec_fact */
	uint32_t former_euid; /* UINT32_MAX: the same, or not known */
	struct text executable; /* empty when unknown */
	struct text args;
	bool args_truncated;
	bool exited;
	bool is_namespace_init; /* the first of its pid namespace; pid 1 is, too */
	bool has_kernel_parent; /* a thread, of which nothing else is known */
};

struct process_table *process_table_new(const struct process_table_options *options);
void process_table_free(struct process_table *table);

/* What an event says. All are idempotent: an event applied twice leaves what one leaves.
 * A fork copies what is known of the parent; an exec replaces the image under a new key and retires
 * the old key; a snapshot only adds what is not known yet. Both correct the links of those who are
 * among the `event->ancestor_count` ancestors. 0 or -ENOMEM. */
int process_table_fork(struct process_table *table, const struct event_fork *event);
int process_table_exec(struct process_table *table, const struct event_exec *event,
		       const struct process_key *ancestors, struct text executable,
		       struct text args);
int process_table_snapshot(struct process_table *table, const struct event_exec *event,
			   const struct process_key *ancestors, struct text executable,
			   struct text args);
int process_table_exit(struct process_table *table, const struct event_exit *event);
/* Holds owner and listener of a flow that goes on: later parts of it will ask for them. */
void process_table_flow(struct process_table *table, const struct event_flow *event);
/* A flow of that process goes on: it is kept for PROCESS_HOLD_NS more. */
void process_table_hold(struct process_table *table, const struct process_key *key,
			uint64_t now_ns);
/* Forgets the exited ones that are due. */
void process_table_expire(struct process_table *table, uint64_t now_ns);

/* The process, or NULL. */
const struct process *process_table_find(const struct process_table *table,
					 const struct process_key *key);
/* Every process of the table, the live ones first and the oldest of them first, until `visit`
 * answers false. It must not change the table. */
void process_table_each(const struct process_table *table,
			bool (*visit)(void *context, const struct process *process), void *context);
void process_table_stats(const struct process_table *table, struct process_table_stats *ret_stats);

#endif

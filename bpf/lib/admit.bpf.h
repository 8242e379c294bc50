/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whether what begins is told of: filters first, then the budget of its control group. Everything
 * that is left out is counted here.
 *
 * Of a process over the budget all three are left out, from its fork on: no table of processes sees
 * half a life. It is remembered, and told of after all when a snapshot lists it or when it executes
 * what must be told: something that raises its privileges, always; a binary not seen in its group
 * before, from a second bucket as large as the first, so that making new binaries does not flood
 * the ring either. Execs of a process whose fork was told are left out only when twice the burst is
 * used up (a process that executes itself for ever); its exit is told in any case.
 */
#ifndef YAGURA_LIB_ADMIT_BPF_H
#define YAGURA_LIB_ADMIT_BPF_H

#include "executable.bpf.h"
#include "filter.bpf.h"
#include "throttle.bpf.h"

enum untold_reason { UNTOLD_THROTTLED = 1, UNTOLD_FILTERED = 2 };

/* Processes left out. The oldest give way: of one that is not found any more the rest is told. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct process_key); /* exec_count 0 */
	__type(value, __u32); /* enum untold_reason */
} untold_processes __weak SEC(".maps");

/* Whether any process was ever left out. While none was, nobody needs to look for one: that is a
 * line of memory which is never at hand, three times in the life of each process. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} untold_any __weak SEC(".maps");

/* With its ctime: the number of an inode is given again, and a file can be written anew. */
struct seen_binary {
	__u64 cgroup_id;
	__u64 ctime_ns;
	struct filter_executable executable;
};

/* The oldest give way, and are new again: a flood makes more be told here, not less. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct seen_binary);
	__type(value, __u8);
} seen_binaries __weak SEC(".maps");

static __always_inline struct process_key life_of(const struct process_key *key)
{
	return (struct process_key){ .start_ns = key->start_ns, .pid = key->pid };
}

static __always_inline void untold_add(const struct process_key *key, __u32 reason)
{
	struct process_key life = life_of(key);
	__u32 zero = 0, *any = bpf_map_lookup_elem(&untold_any, &zero);

	if (any && !*any)
		*(volatile __u32 *)any = 1; /* first: who finds it looks for the process */
	bpf_map_update_elem(&untold_processes, &life, &reason, BPF_ANY);
}

static __always_inline __u32 untold_get(const struct process_key *key)
{
	struct process_key life = life_of(key);
	__u32 zero = 0, *any = bpf_map_lookup_elem(&untold_any, &zero), *reason;

	if (!any || !*(volatile __u32 *)any)
		return 0;
	reason = bpf_map_lookup_elem(&untold_processes, &life);
	return reason ? *reason : 0;
}

static __always_inline void untold_remove(const struct process_key *key)
{
	struct process_key life = life_of(key);

	bpf_map_delete_elem(&untold_processes, &life);
}

#ifndef YAGURA_OLD

static __always_inline bool is_novel(struct task_struct *task, __u64 cgroup_id)
{
	struct seen_binary binary = { .cgroup_id = cgroup_id };
	__u8 seen = 1;

	if (!executable_fill_key(&binary.executable, task))
		return false;
	binary.ctime_ns = ctime_of(typed_read, task->mm->exe_file->f_inode);
	if (bpf_map_lookup_elem(&seen_binaries, &binary))
		return false;
	bpf_map_update_elem(&seen_binaries, &binary, &seen, BPF_ANY);
	return true;
}

/* May this fork be told? */
static __always_inline bool throttle_fork(const struct live_config *live, struct task_struct *child,
					  const struct process_key *key)
{
	__u64 now_ns = bpf_ktime_get_boot_ns();
	struct throttle_group *group;

	if (!live->process_events_per_s)
		return true;
	group = throttle_group_of(cgroup_id_of(child), now_ns);
	if (!group || bucket_take(&group->process_bucket, now_ns, live->process_events_per_s,
				  live->process_burst))
		return true;
	untold_add(key, UNTOLD_THROTTLED);
	throttle_refuse(group, EVENT_FORK, child);
	return false;
}

static __always_inline bool throttle_exec(const struct live_config *live, struct task_struct *task,
					  const struct process_key *key, bool is_privileged)
{
	__u32 per_s = live->process_events_per_s, burst = live->process_burst;
	__u64 cgroup_id = cgroup_id_of(task);
	__u64 now_ns = bpf_ktime_get_boot_ns();
	struct throttle_group *group;
	bool is_new;

	if (!per_s)
		return true;
	group = throttle_group_of(cgroup_id, now_ns);
	if (!group)
		return true;
	is_new = is_novel(task, cgroup_id);
	if (is_privileged ||
	    (untold_get(key) != UNTOLD_THROTTLED &&
	     bucket_take(&group->process_bucket, now_ns, per_s, 2 * burst)) ||
	    (is_new && bucket_take(&group->novelty_bucket, now_ns, per_s, burst)))
		return true;
	throttle_refuse(group, EVENT_EXEC, task);
	return false;
}

/* The exit of a process that was told of is told, and paid for as far as the bucket goes. */
static __always_inline void throttle_exit(const struct live_config *live, struct task_struct *task,
					  bool is_untold)
{
	__u64 now_ns = bpf_ktime_get_boot_ns();
	struct throttle_group *group;

	if (!is_untold && !live->process_events_per_s)
		return;
	group = throttle_group_of(cgroup_id_of(task), now_ns);
	if (!group)
		return;
	if (is_untold)
		throttle_refuse(group, EVENT_EXIT, task);
	else
		bucket_take(&group->process_bucket, now_ns, live->process_events_per_s,
			    2 * live->process_burst);
}

static __always_inline bool throttle_flow(const struct live_config *live, __u64 cgroup_id)
{
	__u64 now_ns = bpf_ktime_get_boot_ns();
	struct throttle_group *group;

	if (!live->flows_per_s)
		return true;
	group = throttle_group_of(cgroup_id, now_ns);
	if (!group || bucket_take(&group->flow_bucket, now_ns, live->flows_per_s, live->flow_burst))
		return true;
	throttle_refuse(group, EVENT_FLOW, NULL);
	return false;
}

#else

#define throttle_fork(live, child, key) true
#define throttle_exec(live, task, key, is_privileged) true
#define throttle_exit(live, task, is_untold)                                                       \
	do {                                                                                       \
	} while (0)
#define throttle_flow(live, cgroup_id) true

#endif

/* A fork is never filtered: the process may yet become anything. */
static __always_inline bool fork_is_told(struct task_struct *child, const struct process_key *key)
{
	const struct live_config *live = live_get();

	return !live || throttle_fork(live, child, key);
}

static __always_inline bool exec_is_told(struct task_struct *task, const struct process_key *key,
					 bool is_privileged)
{
	const struct live_config *live = live_get();

	if (!live)
		return true;
	if (process_is_filtered(live, task, cgroup_id_of(task))) {
		counter_add(COUNTER_FILTERED_EXEC);
		untold_add(key, UNTOLD_FILTERED);
		return false;
	}
	if (!throttle_exec(live, task, key, is_privileged))
		return false;
	if (untold_get(key))
		untold_remove(key);
	return true;
}

/* What to write of an exit: EVENT_EXIT, EVENT_GONE or nothing. */
static __always_inline enum event_kind exit_kind(struct task_struct *task,
						 const struct process_key *key)
{
	const struct live_config *live = live_get();
	__u32 untold = untold_get(key);

	if (untold)
		untold_remove(key);
	if (untold == UNTOLD_FILTERED) {
		counter_add(COUNTER_FILTERED_EXIT);
		return EVENT_GONE;
	}
	if (live)
		throttle_exit(live, task, untold == UNTOLD_THROTTLED);
	return untold ? EVENT_KIND_NONE : EVENT_EXIT;
}

/* A snapshot tells of it: so is its exit to be. */
static __always_inline void process_listed(const struct process_key *key)
{
	if (untold_get(key) == UNTOLD_THROTTLED)
		untold_remove(key);
}

/* Any rule or budget for flows? When not, their facts need not be put together. */
static __always_inline const struct live_config *flows_judged(void)
{
	const struct live_config *live = live_get();

	if (!live)
		return NULL;
	return live->filters || live->filter_default == FILTER_DROP || live->flows_per_s ? live
											 : NULL;
}

/* A flow over the budget counts as one record here and now: its final one, which is never made. */
static __always_inline bool flow_is_told(const struct live_config *live,
					 const struct flow_facts *facts)
{
	if (flow_is_filtered(live, facts)) {
		counter_add(COUNTER_FILTERED_FLOW);
		return false;
	}
	return throttle_flow(live, facts->cgroup_id);
}

#endif

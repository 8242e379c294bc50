/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The budget of a control group, over all CPUs. What goes over it is counted, not written; the
 * counts are told by EVENT_THROTTLE, so that nothing is missing unsaid.
 */
#ifndef YAGURA_LIB_THROTTLE_BPF_H
#define YAGURA_LIB_THROTTLE_BPF_H

#include "emit.bpf.h"
#include "task.bpf.h"

enum throttled { THROTTLED_FORK, THROTTLED_EXEC, THROTTLED_EXIT, THROTTLED_FLOW, THROTTLED_COUNT };
_Static_assert(COUNTER_THROTTLED_FLOW == COUNTER_THROTTLED_FORK + THROTTLED_FLOW &&
		       EVENT_EXEC == EVENT_FORK + THROTTLED_EXEC &&
		       EVENT_EXIT == EVENT_FORK + THROTTLED_EXIT,
	       "counters and kinds in this order");

#define THROTTLE_GROUPS_MAX 2048
#define THROTTLE_QUIET_NS (3ull * 1000000000) /* nothing refused for so long: it has stopped */
#define THROTTLE_KEEP_NS (60ull * 1000000000) /* an entry is kept so long after its last use */

/* A bucket is one number: the moment at which all that was taken from it has flowed back. It lies
 * in the past for a full bucket, and never further ahead than the burst is worth (the generic cell
 * rate algorithm of ITU-T I.371). */
struct throttle_group {
	__u64 cgroup_id;
	__u64 process_bucket;
	__u64 novelty_bucket; /* binaries first seen */
	__u64 flow_bucket;
	__u64 refused[THROTTLED_COUNT]; /* since the last EVENT_THROTTLE */
	__u64 first_ns; /* of what was refused, 0: nothing */
	__u64 last_ns;
	__u64 used_ns;
	__u64 active; /* told to have started, not to have stopped */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, THROTTLE_GROUPS_MAX);
	__type(key, __u64); /* cgroup id */
	__type(value, struct throttle_group);
} throttle_groups __weak SEC(".maps");

/* Groups that find no room there share this one; its cgroup_id is 0, which no group has. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct throttle_group);
} throttle_rest __weak SEC(".maps");

#ifndef YAGURA_OLD /* 5.10 has neither exchange nor compare-and-exchange: no throttling there */

static const struct throttle_group fresh_group;

static __always_inline struct throttle_group *throttle_group_of(__u64 cgroup_id, __u64 now_ns)
{
	struct throttle_group *group = bpf_map_lookup_elem(&throttle_groups, &cgroup_id);
	__u32 zero = 0;

	if (!group) {
		bpf_map_update_elem(&throttle_groups, &cgroup_id, &fresh_group, BPF_NOEXIST);
		group = bpf_map_lookup_elem(&throttle_groups, &cgroup_id);
		if (group)
			group->cgroup_id = cgroup_id;
	}
	if (!group)
		group = bpf_map_lookup_elem(&throttle_rest, &zero);
	if (group)
		group->used_ns = now_ns;
	return group;
}

/* Takes one; false when the bucket does not have it. */
__attribute__((unused)) static __noinline bool bucket_take(__u64 *bucket, __u64 now_ns, __u32 per_s,
							   __u32 burst)
{
	__u64 cost_ns;

	if (!bucket || !per_s)
		return true;
	cost_ns = 1000000000 / per_s;
	for (int attempt = 0; attempt < 4; attempt++) {
		__u64 old = *(volatile __u64 *)bucket;
		__u64 taken = (old > now_ns ? old : now_ns) + cost_ns;

		if (taken > now_ns + cost_ns * burst)
			return false;
		if (__sync_val_compare_and_swap(bucket, old, taken) == old)
			return true;
	}
	/* So many CPUs at once: those that won have pushed it on. Pay without a look. */
	__sync_fetch_and_add(bucket, cost_ns);
	return true;
}

static __always_inline __u64 refused_sum(const struct throttle_group *group)
{
	return group->refused[THROTTLED_FORK] + group->refused[THROTTLED_EXEC] +
	       group->refused[THROTTLED_EXIT] + group->refused[THROTTLED_FLOW];
}

/* Tells what was refused since last time. False when the ring had no room: the counts stay. */
static __noinline bool emit_throttle(struct throttle_group *group, enum event_throttle_state state,
				     struct task_struct *task)
{
	struct event_throttle *event;
	__u64 first_ns;

	event = event_reserve(&ring_valuable, EVENT_THROTTLE, struct event_throttle);
	if (!event)
		return false;
	__builtin_memset(&event->process, 0, sizeof(event->process));
	__builtin_memset(event->comm, 0, sizeof(event->comm));
	if (task) {
		key_fill(&event->process, task);
		__builtin_memcpy(event->comm, task->comm, sizeof(event->comm));
	}
	event->cgroup_id = group->cgroup_id;
	event->state = state;
	event->reserved = 0;
	event->forks = __sync_lock_test_and_set(&group->refused[THROTTLED_FORK], 0);
	event->execs = __sync_lock_test_and_set(&group->refused[THROTTLED_EXEC], 0);
	event->exits = __sync_lock_test_and_set(&group->refused[THROTTLED_EXIT], 0);
	event->flows = __sync_lock_test_and_set(&group->refused[THROTTLED_FLOW], 0);
	first_ns = __sync_lock_test_and_set(&group->first_ns, 0);
	event->last_ns = group->last_ns;
	event->first_ns = first_ns && first_ns < event->last_ns ? first_ns : event->last_ns;
	event_submit(&ring_valuable, event);
	return true;
}

/* It was due, and is not written. `task`: who is at work, NULL when that is not known. */
static __always_inline void throttle_refuse(struct throttle_group *group, enum event_kind kind,
					    struct task_struct *task)
{
	enum throttled what = kind == EVENT_FLOW ? THROTTLED_FLOW : kind - EVENT_FORK;
	__u64 now_ns = bpf_ktime_get_boot_ns();

	count_generated(kind);
	counter_add(COUNTER_THROTTLED_FORK + what);
	__sync_fetch_and_add(&group->refused[what], 1);
	__sync_val_compare_and_swap(&group->first_ns, 0, now_ns);
	group->last_ns = now_ns;
	if (!group->active && !__sync_lock_test_and_set(&group->active, 1))
		emit_throttle(group, THROTTLE_STARTED, task);
}

#endif
#endif

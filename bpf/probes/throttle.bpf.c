// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What was left out of control groups over their budget, told about each second: a group that has
 * gone silent must still get its end. */
#include "throttle.bpf.h"
#include <bpf/bpf_tracing.h>

static __always_inline bool has_flowed_back(const struct throttle_group *group, __u64 now_ns)
{
	return group->process_bucket < now_ns && group->novelty_bucket < now_ns &&
	       group->flow_bucket < now_ns;
}

/* Not for long has anybody looked at it, so nobody holds it: a handler takes microseconds. */
static __always_inline bool is_unused(const struct throttle_group *group, __u64 now_ns)
{
	return now_ns > group->used_ns + THROTTLE_KEEP_NS && has_flowed_back(group, now_ns);
}

/* True when nothing keeps it. */
static __always_inline bool sweep_group(struct throttle_group *group)
{
	__u64 now_ns = bpf_ktime_get_boot_ns();
	bool is_quiet = now_ns > group->last_ns + THROTTLE_QUIET_NS;

	if (group->active && is_quiet) {
		if (emit_throttle(group, THROTTLE_STOPPED, NULL))
			group->active = 0;
	} else if (refused_sum(group) > 0) {
		emit_throttle(group, group->active ? THROTTLE_GOES_ON : THROTTLE_STOPPED, NULL);
	} else {
		return !group->active && is_unused(group, now_ns);
	}
	return false;
}

SEC("iter/bpf_map_elem")
int yagura_throttle_sweep(struct bpf_iter__bpf_map_elem *ctx)
{
	struct throttle_group *group;
	__u64 *key = ctx->key;
	__u64 cgroup_id;
	__u32 zero = 0;

	if (!key) { /* the end */
		group = bpf_map_lookup_elem(&throttle_rest, &zero);
		if (group)
			sweep_group(group);
		return 0;
	}
	cgroup_id = *key;
	group = bpf_map_lookup_elem(&throttle_groups, &cgroup_id);
	if (group && sweep_group(group))
		bpf_map_delete_elem(&throttle_groups, &cgroup_id);
	return 0;
}

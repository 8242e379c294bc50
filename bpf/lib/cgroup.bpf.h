/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names of control groups. */
#ifndef YAGURA_LIB_CGROUP_BPF_H
#define YAGURA_LIB_CGROUP_BPF_H

#include "path.bpf.h"

#define CGROUP_LEVELS_MAX 32

static __always_inline struct kernfs_node *kernfs_parent(struct kernfs_node *node)
{
	struct kernfs_node___rcu *newer = (void *)node;

	return bpf_core_field_exists(newer->__parent) ? newer->__parent : node->parent;
}

/* Names from the group up to the root of the hierarchy, which has none. */
static __always_inline enum path_status cgroup_append(struct exec_scratch *scratch,
						      struct kernfs_node *node)
{
	enum path_status status;
	int i;

	scratch->names_left = CGROUP_LEVELS_MAX;
	for (i = 0; i <= CGROUP_LEVELS_MAX; i++) {
		struct kernfs_node *parent = kernfs_parent(node);

		if (!parent)
			return PATH_WHOLE;
		status = name_append(scratch, 0, EVENT_CGROUP_BYTES_MAX, node->name);
		if (status != PATH_GOES_ON)
			return status;
		node = parent;
	}
	return PATH_CUT;
}

/* Tells of a group, unless it is of an old hierarchy: their ids are not ours. */
static __always_inline void emit_cgroup(struct cgroup *cgroup)
{
	struct exec_scratch *scratch;
	struct event_cgroup *event;

	if (cgroup->root->hierarchy_id != 0)
		return;
	scratch = record_begin(EVENT_CGROUP);
	if (!scratch)
		return;
	event = (void *)(scratch->bytes - sizeof(*event)); /* the names follow it */
	event->cgroup_id = cgroup->kn->id;
	event->flags = cgroup_append(scratch, cgroup->kn) == PATH_WHOLE ? 0 : CGROUP_PATH_TRUNCATED;
	event->path_bytes = *(volatile __u32 *)&scratch->used;
	if (event->path_bytes <= EVENT_CGROUP_BYTES_MAX)
		record_output(scratch, &event->header, EVENT_CGROUP,
			      sizeof(*event) + event->path_bytes);
	scratch_release(scratch);
}

#endif

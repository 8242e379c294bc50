// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Control groups: their names, once each. In the unified hierarchy a group cannot be renamed. */
#include "cgroup.bpf.h"
#include <bpf/bpf_tracing.h>

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(yagura_cgroup_mkdir, struct cgroup *cgroup, const char *path)
{
	emit_cgroup(cgroup);
	return 0;
}

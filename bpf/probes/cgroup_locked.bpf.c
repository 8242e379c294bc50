// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* cgroup.bpf.c for lockdown=confidentiality; see lib/compat.bpf.h. */
#define YAGURA_LOCKED
#define yagura_cgroup_mkdir yagura_cgroup_mkdir_locked
#include "cgroup.bpf.c"

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* cgroup.bpf.c for Linux 5.10; see lib/compat.bpf.h. */
#define YAGURA_OLD
#define yagura_cgroup_mkdir yagura_cgroup_mkdir_old
#include "cgroup.bpf.c"

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* process.bpf.c for Linux 5.10; see lib/compat.bpf.h. */
#define YAGURA_OLD
#define yagura_fork yagura_fork_old
#define yagura_exec yagura_exec_old
#define yagura_exit yagura_exit_old
#define yagura_snapshot yagura_snapshot_old
#include "process.bpf.c"

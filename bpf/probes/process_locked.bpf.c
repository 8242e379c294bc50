// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* process.bpf.c for lockdown=confidentiality; see lib/compat.bpf.h. */
#define YAGURA_LOCKED
#define yagura_exec yagura_exec_locked
#define yagura_snapshot yagura_snapshot_locked
#include "process.bpf.c"

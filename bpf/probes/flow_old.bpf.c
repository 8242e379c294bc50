// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* flow.bpf.c for Linux 5.10; see lib/compat.bpf.h. */
#define YAGURA_OLD
#define yagura_sockops yagura_sockops_old
#define yagura_release yagura_release_old
#define yagura_sweep yagura_sweep_old
#include "flow.bpf.c"

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* datagram.bpf.c for Linux 5.10; see lib/compat.bpf.h. */
#define YAGURA_OLD
#define yagura_datagram_create yagura_datagram_create_old
#define yagura_datagram_connect4 yagura_datagram_connect4_old
#define yagura_datagram_connect6 yagura_datagram_connect6_old
#define yagura_datagram_send4 yagura_datagram_send4_old
#define yagura_datagram_send6 yagura_datagram_send6_old
#define yagura_datagram_receive4 yagura_datagram_receive4_old
#define yagura_datagram_receive6 yagura_datagram_receive6_old
#define yagura_datagram_release yagura_datagram_release_old
#define yagura_datagram_sweep_many yagura_datagram_sweep_many_old
#define yagura_datagram_sweep_other yagura_datagram_sweep_other_old
#include "datagram.bpf.c"

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* packet.bpf.c without first bytes of TCP; see lib/compat.bpf.h. */
#define YAGURA_PLAIN
#define yagura_datagram_in yagura_datagram_in_plain
#define yagura_datagram_out yagura_datagram_out_plain
#include "packet.bpf.c"

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* packet.bpf.c for Linux 5.10 without first bytes of TCP; see lib/compat.bpf.h. */
#define YAGURA_OLD
#define YAGURA_PLAIN
#define yagura_datagram_in yagura_datagram_in_plain_old
#define yagura_datagram_out yagura_datagram_out_plain_old
#include "packet_old_names.h"

#include "packet.bpf.c"

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* packet.bpf.c for Linux 5.10 without first bytes of TCP; see lib/compat.bpf.h. */
#define YAGURA_OLD
#define YAGURA_PLAIN
#define yagura_datagram_in yagura_datagram_in_plain_old
#define yagura_datagram_out yagura_datagram_out_plain_old
/* Weak functions that claim: the linked object holds one of each name. */
#define arena_claim arena_claim_old
#define look_find_of look_find_of_old
#define look_join_of look_join_of_old
#define look_follow_of look_follow_of_old
#define feed_hold feed_hold_old
#define shape_of_packet shape_of_packet_old
#define feed_hold_part feed_hold_part_old
#define datagram_piece datagram_piece_old
#define piece_tell_of piece_tell_of_old
#define piece_tell_all piece_tell_all_old
#include "packet.bpf.c"

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Weak functions that claim: the linked object holds one of each name, so those for Linux 5.10 have
 * names of their own, whichever of its packet programs calls them. */
#ifndef YAGURA_LIB_PACKET_OLD_NAMES_H
#define YAGURA_LIB_PACKET_OLD_NAMES_H

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

#endif

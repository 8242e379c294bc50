/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a packet is carried in, header by header: each layer reads its own and says which comes
 * next. One line in LAYERS and one function for a new one; all bounded, none calls another.
 */
#ifndef YAGURA_REPLAY_LAYERS_H
#define YAGURA_REPLAY_LAYERS_H

#include "common/cursor.h"
#include "replay/defrag.h"
#include "replay/packet.h"

/* X(NAME, name): read_<name>() in link.c, tunnel.c or ip.c. */
#define LAYERS(X)                                                                                  \
	X(ETHERNET, ethernet)                                                                      \
	X(SLL, sll) /* Linux cooked, version 1 */                                                  \
	X(SLL2, sll2)                                                                              \
	X(LOOPBACK, loopback) /* BSD */                                                            \
	X(VLAN, vlan)                                                                              \
	X(PPPOE, pppoe)                                                                            \
	X(PPP, ppp)                                                                                \
	X(MPLS, mpls)                                                                              \
	X(GRE, gre)                                                                                \
	X(ERSPAN2, erspan2)                                                                        \
	X(ERSPAN3, erspan3)                                                                        \
	X(UDP, udp) /* a tunnel by its port, or the end */                                         \
	X(VXLAN, vxlan)                                                                            \
	X(GENEVE, geneve)                                                                          \
	X(GTPU, gtpu)                                                                              \
	X(IP, ip) /* 4 or 6, by its first four bits */                                             \
	X(IPV4, ipv4)                                                                              \
	X(IPV6, ipv6)

enum layer {
#define LAYER_ENUM(NAME, name) LAYER_##NAME,
	LAYERS(LAYER_ENUM)
#undef LAYER_ENUM
		LAYER_COUNT,
	/* Where it ends: */
	LAYER_TRANSPORT = LAYER_COUNT, /* the packet stands */
	LAYER_FOREIGN, /* ARP, a protocol that nobody knows here … */
	LAYER_MALFORMED, /* a header that is cut or contradicts itself */
	LAYER_FRAGMENT /* kept, others of its datagram are missing */
};

struct walk {
	struct cursor bytes; /* not read yet */
	struct packet *packet; /* filled by each IP header anew */
	struct defrag *defrag;
	uint32_t cut_bytes; /* that the packet had more than were captured, of the IP payload */
};

/* By EtherType, as Ethernet, cooked captures, VLAN, GRE and Geneve use it. link.c */
enum layer layer_of_ethertype(uint16_t ethertype);
/* By IP protocol number. ip.c */
enum layer layer_of_protocol(uint8_t protocol);
/* 4 or 6 by the first nibble of what comes, else foreign. ip.c */
enum layer layer_of_version(const struct cursor *bytes);

#define LAYER_READER(NAME, name) enum layer read_##name(struct walk *walk);
LAYERS(LAYER_READER)
#undef LAYER_READER

#endif

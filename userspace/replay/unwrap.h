/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a captured frame to the packet inside: link layers, tags, tunnels and fragments, at most
 * UNWRAP_LAYERS_MAX headers deep. What could not be read is counted by why.
 */
#ifndef YAGURA_REPLAY_UNWRAP_H
#define YAGURA_REPLAY_UNWRAP_H

#include "replay/defrag.h"
#include "replay/layers.h"
#include "replay/packet.h"

/* Eight tunnels of IP, tunnel header and Ethernet. */
#define UNWRAP_LAYERS_MAX 24

struct unwrap_stats {
	uint64_t frames;
	uint64_t packets; /* handed out */
	uint64_t tunnelled; /* of them: with more than one IP header */
	uint64_t foreign; /* no IP inside: ARP, unknown protocols */
	uint64_t malformed; /* a header was cut or contradicted itself */
	uint64_t deep; /* more headers than are looked at */
	struct defrag_stats defrag;
};

struct unwrap;

/* NULL without memory; unwrap_free takes NULL. */
struct unwrap *unwrap_new(void);
void unwrap_free(struct unwrap *unwrap);

/* The layer that frames of a link type begin with, a LINKTYPE_ or DLT_ number; LAYER_FOREIGN for
 * one that is not known. */
enum layer unwrap_first_layer(int link_type);

/* True with a packet, valid until the next call. A tunnel whose inside cannot be read is handed
 * out as the packet that it is outside, and counted as what went wrong. */
bool unwrap_frame(struct unwrap *unwrap, enum layer first, const struct cursor *frame,
		  struct packet *ret_packet);
/* No more will come: fragments that wait are lost. */
void unwrap_flush(struct unwrap *unwrap);

/* Adds what was counted so far. */
void unwrap_add_stats(const struct unwrap *unwrap, struct unwrap_stats *stats);

#endif

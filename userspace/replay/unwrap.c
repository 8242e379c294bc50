/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/unwrap.h"

#include <pcap/dlt.h>
#include <stdlib.h>

struct unwrap {
	struct defrag *defrag;
	struct unwrap_stats stats;
};

#define LINKTYPE_RAW 101 /* what files say for DLT_RAW */

static const struct {
	int link_type;
	enum layer first;
} link_types[] = {
	{ DLT_EN10MB, LAYER_ETHERNET }, { DLT_LINUX_SLL, LAYER_SLL },
	{ DLT_LINUX_SLL2, LAYER_SLL2 }, { DLT_RAW, LAYER_IP },
	{ LINKTYPE_RAW, LAYER_IP },	{ DLT_IPV4, LAYER_IPV4 },
	{ DLT_IPV6, LAYER_IPV6 },	{ DLT_NULL, LAYER_LOOPBACK },
	{ DLT_LOOP, LAYER_LOOPBACK },	{ DLT_PPP, LAYER_PPP },
	{ DLT_PPP_SERIAL, LAYER_PPP },	{ DLT_PPP_ETHER, LAYER_PPPOE },
	{ DLT_MPLS, LAYER_MPLS },
};

enum layer unwrap_first_layer(int link_type)
{
	for (size_t i = 0; i < sizeof(link_types) / sizeof(link_types[0]); i++) {
		if (link_types[i].link_type == link_type)
			return link_types[i].first;
	}
	return LAYER_FOREIGN;
}

static enum layer (*const readers[LAYER_COUNT])(struct walk *walk) = {
#define LAYER_ROW(NAME, name) [LAYER_##NAME] = read_##name,
	LAYERS(LAYER_ROW)
#undef LAYER_ROW
};

struct unwrap *unwrap_new(void)
{
	struct unwrap *unwrap = calloc(1, sizeof(*unwrap));

	if (!unwrap)
		return NULL;
	unwrap->defrag = defrag_new();
	if (!unwrap->defrag) {
		free(unwrap);
		return NULL;
	}
	return unwrap;
}

void unwrap_free(struct unwrap *unwrap)
{
	if (!unwrap)
		return;
	defrag_free(unwrap->defrag);
	free(unwrap);
}

static void count_end(struct unwrap_stats *stats, enum layer end)
{
	if (end < LAYER_COUNT)
		stats->deep++;
	else if (end == LAYER_FOREIGN)
		stats->foreign++;
	else if (end == LAYER_MALFORMED)
		stats->malformed++;
}

bool unwrap_frame(struct unwrap *unwrap, enum layer first, const struct cursor *frame,
		  struct packet *ret_packet)
{
	struct walk walk = { .bytes = *frame, .packet = ret_packet, .defrag = unwrap->defrag };
	enum layer layer = first;
	int ip_headers = 0;

	defrag_release(unwrap->defrag);
	unwrap->stats.frames++;
	ret_packet->payload = (struct cursor){ .failed = true };
	for (int i = 0; i < UNWRAP_LAYERS_MAX && layer < LAYER_COUNT; i++) {
		bool is_ip = layer == LAYER_IPV4 || layer == LAYER_IPV6;

		layer = readers[layer](&walk);
		ip_headers += is_ip && layer != LAYER_MALFORMED;
	}
	count_end(&unwrap->stats, layer);
	if (layer == LAYER_FRAGMENT || !cursor_ok(&ret_packet->payload))
		return false;
	unwrap->stats.packets++;
	unwrap->stats.tunnelled += ip_headers > 1;
	return true;
}

void unwrap_flush(struct unwrap *unwrap)
{
	defrag_flush(unwrap->defrag);
}

void unwrap_add_stats(const struct unwrap *unwrap, struct unwrap_stats *stats)
{
	stats->frames += unwrap->stats.frames;
	stats->packets += unwrap->stats.packets;
	stats->tunnelled += unwrap->stats.tunnelled;
	stats->foreign += unwrap->stats.foreign;
	stats->malformed += unwrap->stats.malformed;
	stats->deep += unwrap->stats.deep;
	defrag_add_stats(unwrap->defrag, &stats->defrag);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What a host talks to, and which of its programs do. */
#ifndef YAGURA_TESTS_BENCH_TELEMETRY_MODEL_WORLD_H
#define YAGURA_TESTS_BENCH_TELEMETRY_MODEL_WORLD_H

#include "bench/telemetry/model_private.h"

#include <string.h>

#define PROGRAMS 40
#define PROFILES 12 /* TLS libraries and their settings */
#define PEERS 400
#define VISITORS 300

struct program {
	struct record_process process;
	uint32_t profile;
	uint64_t cgroup_id;
	struct text cgroup;
};

struct profile {
	struct text ja3, ja4, ja4_r, npf, alpn, quic_ja4;
};

struct peer {
	uint8_t addr[16];
	bool is_ipv6;
	struct text name, ja3s, cipher, synack;
	double rtt_us;
};

/* The fields that the entropy is reckoned from, one array each. */
enum sample {
	SAMPLE_CLASS,
	SAMPLE_END,
	SAMPLE_DURATION,
	SAMPLE_PEER,
	SAMPLE_PORT,
	SAMPLE_SOURCE_BYTES,
	SAMPLE_DESTINATION_BYTES,
	SAMPLE_SOURCE_PACKETS,
	SAMPLE_DESTINATION_PACKETS,
	SAMPLE_RTT,
	SAMPLE_COUNT
};

struct world {
	struct model *model;
	const struct model_options *options;
	struct chance chance;
	struct program programs[PROGRAMS];
	struct profile profiles[PROFILES];
	struct peer peers[PEERS], resolvers[2], visitors[VISITORS];
	struct zipf of_programs, of_peers, of_visitors;
	uint8_t local[16], local6[16];
	uint32_t new_peers;
	uint64_t *samples[SAMPLE_COUNT];
};

static inline struct text constant(const char *text)
{
	return (struct text){ .at = text, .length = strlen(text) };
}

void world_init(struct world *world);
void world_done(struct world *world);
void world_make_peer(struct world *world, bool is_ipv6, struct peer *ret_peer);

#endif

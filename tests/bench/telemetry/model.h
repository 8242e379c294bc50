/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records as one busy host makes them, out of a seed: flows to resolvers, to peers whose popularity
 * follows Zipf's law and to itself; executions of programs likewise. Random where a host is: ports,
 * sizes, times, digests, names.
 */
#ifndef YAGURA_TESTS_BENCH_TELEMETRY_MODEL_H
#define YAGURA_TESTS_BENCH_TELEMETRY_MODEL_H

#include "telemetry/record.h"

#include <stddef.h>

struct model_options {
	uint64_t seed;
	size_t flows;
	size_t execs;
	bool only_new_peers; /* each flow's peer is an IPv6 address never seen before */
	/* All that a sensor tells beyond the model: every mark of a hello, names that were asked
	 * for, packet sequences, more times. */
	bool has_everything;
	bool has_nanoseconds; /* in the starts of processes, as a kernel tells them; else none */
};

/* Records in the order in which they ended. Texts live as long as the model. */
struct model {
	struct record *flows;
	size_t flow_count;
	struct record *execs;
	size_t exec_count;
	double entropy_bytes_per_flow; /* of the model's fields, zero order, as made */
	void **pieces;
	size_t piece_count;
};

void model_make(const struct model_options *options, struct model *ret_model);
void model_done(struct model *model);

#endif

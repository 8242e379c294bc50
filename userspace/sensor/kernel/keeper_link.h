/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker's end of the link to its keeper: asks one thing at a time and waits for the answer,
 * two seconds at most. The keeper does nothing else that takes time.
 */
#ifndef YAGURA_KERNEL_KEEPER_LINK_H
#define YAGURA_KERNEL_KEEPER_LINK_H

#include "sensor/keeper/requests.h"

/* All: 0, -EPIPE when the keeper has gone, -ETIMEDOUT, -EPROTO (an answer to something else), what
 * the keeper answered, or -errno. */
int keeper_link_describe(int link, struct keeper_description *ret_description,
			 int ret_descriptors[KEEPER_FD_COUNT]);
int keeper_link_counters(int link, struct counters *ret_counters);
int keeper_link_probes(int link, struct keeper_probes *ret_probes);
int keeper_link_snapshot(int link);
int keeper_link_sweep(int link);
int keeper_link_throttles(int link);
int keeper_link_maps(int link, struct keeper_maps *ret_maps);
int keeper_link_live(int link, struct live_config *ret_live);

/* KEEPER_HASH: 0 with the reply, or -errno. */
int keeper_link_hash(int link, const struct keeper_hash_request *hash,
		     struct keeper_hash_reply *ret_hash);
int keeper_link_hasher_restart(int link);

#endif

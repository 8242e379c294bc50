/* SPDX-License-Identifier: Apache-2.0 */
/* The names that DNS answers gave for addresses, for a while; those not heard of for longest give
 * way. Private to flow/. */
#ifndef YAGURA_FLOW_NAMES_H
#define YAGURA_FLOW_NAMES_H

#include "telemetry/marks.h"
#include "telemetry/text.h"

#include <stdint.h>

#define FLOW_NAMES_KEEP_NS (600ull * 1000 * 1000 * 1000) /* at least */
#define FLOW_NAMES_TTL_S_MAX (7u * 24 * 3600) /* RFC 8767 4: longer ones are not meant */

struct flow_names;

/* Who calls whom by the name: what one host was told is not what another was. */
struct name_key {
	uint8_t client[16];
	uint8_t addr[16];
};

/* Up to `names_max`. NULL without memory; flow_names_free takes NULL and wipes the names. */
struct flow_names *flow_names_new(size_t names_max);
void flow_names_free(struct flow_names *names);

/* For `client`, `addr` is called `name` until `expires_ns`, whatever it was called before. 0 or
 * -ENOMEM. */
int flow_names_learn(struct flow_names *names, const struct name_key *key, struct text name,
		     uint64_t expires_ns);
/* Learns what those DNS answers among `marks` say that `wanted` has a bit for, the first one's
 * being the lowest. An address is called what was asked for: aliases
 * (CNAME) are followed back. */
void flow_names_learn_marks(struct flow_names *names, const uint8_t client[16],
			    const struct marks *marks, uint64_t wanted, uint64_t now_ns);
/* Empty when there is none that holds at `now_ns`; valid until the next change. */
struct text flow_names_find(const struct flow_names *names, const struct name_key *key,
			    uint64_t now_ns);
size_t flow_names_count(const struct flow_names *names);

#endif

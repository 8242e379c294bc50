/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may change while the programs run: filter rules and the knobs of struct live_config. Every
 * change counts for what begins after it; nothing is detached and no event is lost.
 */
#ifndef YAGURA_KEEPER_RULES_H
#define YAGURA_KEEPER_RULES_H

#include "sensor/keeper/loader.h"

#include <stddef.h>

/* One rule of one filter map. */
struct keeper_rule {
	uint32_t filter; /* enum filter: which member of `key` counts */
	uint32_t verdict; /* enum filter_verdict, never NONE */
	union {
		struct filter_address address;
		struct filter_port port;
		uint64_t cgroup;
		uint32_t uid;
		struct filter_executable executable;
	} key;
};

/* These and no others. The first that could not be set ends it, and what was there stays: -EINVAL
 * for what is no rule, -ENOSPC when a filter has too many, or -errno. */
int rules_replace(const struct loader *loader, const struct keeper_rule *rules, size_t count);

int rules_live(const struct loader *loader, struct live_config *ret_live);
/* All but `filters`, which says which maps have rules. -EINVAL for a default that is no verdict. */
int rules_live_set(const struct loader *loader, const struct live_config *live);

#endif

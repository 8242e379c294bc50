/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may change while the programs run: filter rules and the knobs of struct live_config. Every
 * change counts for what begins after it; nothing is detached and no event is lost.
 */
#ifndef YAGURA_KEEPER_RULES_H
#define YAGURA_KEEPER_RULES_H

#include "sensor/keeper/loader.h"

#include <stddef.h>

/* 0; -EINVAL for what is no rule; -ENOSPC when that filter has FILTER_RULES_MAX rules; or -errno.
 */
int rules_set(const struct loader *loader, const struct keeper_rule *rule);
/* 0, -EINVAL, -ENOENT. */
int rules_clear(const struct loader *loader, const struct keeper_rule *rule);
/* All there are from number `first` on, as far as the reply has room. 0 or -errno. */
int rules_list(const struct loader *loader, uint32_t first, struct keeper_rules *ret_rules);
/* These and no others. The first that could not be set ends it: -errno; what was there stays. */
int rules_replace(const struct loader *loader, const struct keeper_rule *rules, size_t count);

int rules_live(const struct loader *loader, struct live_config *ret_live);
/* All but `filters`, which says which maps have rules. -EINVAL for a default that is no verdict. */
int rules_live_set(const struct loader *loader, const struct live_config *live);

#endif

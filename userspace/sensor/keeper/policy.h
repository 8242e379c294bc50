/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the configuration that may change while the programs run. */
#ifndef YAGURA_KEEPER_POLICY_H
#define YAGURA_KEEPER_POLICY_H

#include "sensor/keeper/loader.h"

#include <stdbool.h>

#define POLICY_ERROR_BYTES 512

struct policy {
	const char *drop; /* filter rules, one a line: see config/filter_rule.h */
	const char *keep;
	bool drops_by_default;
	uint32_t process_events_per_s;
	uint32_t process_burst;
	uint32_t flows_per_s;
	uint32_t flow_burst;
};

/* Makes it count from now on, without losing an event. A rule whose file or control group is not
 * there is left out with a warning: a sensor must start on a host that lacks it. 0, or -errno with
 * one line in ret_error; then everything is as it was. */
int policy_apply(const struct policy *policy, const struct loader *loader,
		 char ret_error[POLICY_ERROR_BYTES]);
/* Makes `to` the owner of a copy of its own; what it owned before is freed. 0, or -ENOMEM and
 * nothing changes. */
int policy_copy(struct policy *to, const struct policy *from);
void policy_done(struct policy *policy);

#endif

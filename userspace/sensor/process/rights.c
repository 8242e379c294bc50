/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/rights.h"

#include "telemetry/record.h"

struct process_rights process_rights_of(const struct event_exec *event)
{
	return (struct process_rights){
		.permitted = event->cap_permitted,
		.effective = event->cap_effective,
		.ambient = event->cap_ambient,
		.euid = event->euid,
		.user_ns = event->namespaces.user,
	};
}

static uint32_t fact_if(uint64_t gained, enum exec_fact fact)
{
	return gained ? fact : 0;
}

uint32_t process_rights_gained(const struct process_rights *before,
			       const struct process_rights *after)
{
	if (before->euid == UINT32_MAX || before->user_ns != after->user_ns)
		return 0;
	return fact_if(after->permitted & ~before->permitted, FACT_GAINED_PERMITTED) |
	       fact_if(after->effective & ~before->effective, FACT_GAINED_EFFECTIVE) |
	       fact_if(after->ambient & ~before->ambient, FACT_GAINED_AMBIENT);
}

uint32_t process_rights_former_euid(const struct process_rights *before,
				    const struct process_rights *after)
{
	return before->euid == after->euid ? UINT32_MAX : before->euid;
}

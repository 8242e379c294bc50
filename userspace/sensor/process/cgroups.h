/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control group id → path in the unified hierarchy, "/" the root. Fed by EVENT_CGROUP, asked for
 * every record. A group's name outlives the group here, as its records may come later: the one
 * asked for longest ago goes first. No I/O, no clock.
 */
#ifndef YAGURA_PROCESS_CGROUPS_H
#define YAGURA_PROCESS_CGROUPS_H

#include "telemetry/record.h"

#include <stdbool.h>
#include <stdint.h>

struct cgroup_names;

/* Keeps at most `entries_max` groups, at least two. */
struct cgroup_names *cgroup_names_new(uint32_t entries_max);
/* Takes NULL. */
void cgroup_names_free(struct cgroup_names *names);

/* Keeps a copy; the last name told counts. 0 or -ENOMEM, then what was known stays. */
int cgroup_names_learn(struct cgroup_names *names, uint64_t id, struct text path);
/* NULL when it is not known. What this and the call before it gave stays valid until something is
 * learned. An id that is not known is remembered as one to ask the kernel for. */
const struct text *cgroup_names_find(struct cgroup_names *names, uint64_t id);
/* True when somebody asked for a name that is not known, and asking the kernel again may help: it
 * lists the groups of all processes (a snapshot). Counts as asked. One group is asked for a few
 * times at most, as its last process may have gone. */
bool cgroup_names_ask(struct cgroup_names *names);

uint32_t cgroup_names_count(const struct cgroup_names *names);

#endif

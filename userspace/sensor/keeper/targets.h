/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files and control groups that filter rules name. The kernel's maps know them by number, so a
 * rule is void while what it names is not there, and wrong once that is another one: a group made
 * anew, a program after an upgrade.
 */
#ifndef YAGURA_KEEPER_TARGETS_H
#define YAGURA_KEEPER_TARGETS_H

#include "sensor/keeper/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct target;

/* All zero but `cgroups`: none. */
struct targets {
	struct target *all;
	size_t count;
	int cgroups; /* the root of the hierarchy, -1 until a rule names a group */
};

/* Remembers what the policy's rules name, and what that is now. 0 or -ENOMEM; then nothing is
 * followed. */
int targets_note(struct targets *targets, const struct policy *policy);
/* Has one come to be, gone, or been replaced since? One look at each. */
bool targets_changed(const struct targets *targets);
void targets_done(struct targets *targets);

#endif

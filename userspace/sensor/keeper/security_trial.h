/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether programs at security hooks (BPF LSM) are run. A kernel whose boot does not name `bpf`
 * among its security modules (lsm=) loads and attaches them all the same, and never calls one.
 */
#ifndef YAGURA_KEEPER_SECURITY_TRIAL_H
#define YAGURA_KEEPER_SECURITY_TRIAL_H

#include <stdbool.h>

struct btf;

/* Attaches one for a moment, which allows everything. False, too, where that is refused. `kernel`:
 * its types. */
bool security_trial_runs(const struct btf *kernel);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef YAGURA_KEEPER_SIZES_H
#define YAGURA_KEEPER_SIZES_H

#include "sensor/keeper/loader.h"

struct yagura_bpf;

/* Between open and load: the knobs in read-only data, and the maps whose size depends on the host
 * or the configuration. `cgroup_fd` is the control group to be watched. 0 or -errno. */
int sizes_set(struct yagura_bpf *skeleton, const struct loader_options *options, int cgroup_fd,
	      int cpu_count);

#endif

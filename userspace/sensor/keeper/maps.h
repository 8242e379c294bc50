/* SPDX-License-Identifier: Apache-2.0 */
/* What the BPF maps take of the kernel's memory, and how full they are. */
#ifndef YAGURA_KEEPER_MAPS_H
#define YAGURA_KEEPER_MAPS_H

#include "sensor/keeper/loader.h"

void maps_describe(const struct loader *loader, struct keeper_maps *ret_maps);
/* One line in the log: the total, and what makes most of it. */
void maps_log(const struct loader *loader);

#endif

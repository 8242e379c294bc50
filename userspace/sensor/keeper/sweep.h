/* SPDX-License-Identifier: Apache-2.0 */
/* Flows of datagrams have no end that the kernel tells of: every second those that fell silent, or
 * whose socket was closed, are looked for. On the keeper's clock, so that tables are emptied while
 * there is no worker, too. */
#ifndef YAGURA_KEEPER_SWEEP_H
#define YAGURA_KEEPER_SWEEP_H

#include "sensor/keeper/loader.h"

/* A descriptor that becomes readable whenever a sweep is due, or -errno. */
int sweep_open(void);
/* Sweeps, and forgets that it was due. */
void sweep_run(struct loader *loader, int fd);

#endif

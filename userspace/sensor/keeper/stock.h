/* SPDX-License-Identifier: Apache-2.0 */
/* Taking stock: what is there before us, told by iterators. */
#ifndef YAGURA_KEEPER_STOCK_H
#define YAGURA_KEEPER_STOCK_H

#include "sensor/keeper/loader.h"

/* Once, after everything is attached: what is seen from then on finds its parents listed before it.
 * Warns of what this kernel cannot list. */
void stock_take(struct loader *loader);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A ship's options outlive those of its caller. */
#ifndef YAGURA_SHIP_OPTIONS_H
#define YAGURA_SHIP_OPTIONS_H

#include "sensor/ship/ship.h"

/* Copies *options; texts left NULL become "". 0 or -ENOMEM: then *ret_copy may be half made; free
 * it all the same. */
int ship_options_copy(const struct ship_options *options, struct ship_options *ret_copy);
void ship_options_free(struct ship_options *copy);

#endif
